//! Amazon API Gateway's HTTP APIs: routes to functions, stages, CORS, and the data plane that
//! serves them. WebSocket APIs and authorizers are refused by name.

mod answer;
mod cors;
mod event;
mod live;
mod model;
mod openapi;
mod ops;
mod plane;
mod refusals;
mod route;
mod show;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Access, Registry, Service, register_service};
use updraft_types::apigateway::ControlPath;
use updraft_types::{Resource, Scope};

use crate::Origin;

/// The service.
pub struct ApiGateway {
    origin: Origin,
}

/// Adds API Gateway to an engine. `origin` is where callers reach it: APIs are names below it.
pub fn register(registry: &mut Registry, origin: Origin) {
    let service = Arc::new(ApiGateway { origin });
    register_service!(registry, service, for_each_apigatewayv2_operation, updraft_api::apigatewayv2::ops);
    registry.data_plane(Arc::new(plane::ExecuteApi::default()));
}

impl Service for ApiGateway {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::apigatewayv2::SERVICE
    }
}

/// API Gateway's actions are HTTP methods on the control plane's paths ("Actions, resources, and
/// condition keys for API Gateway V2", service authorization reference, read 2026-11).
pub(crate) fn access(scope: &Scope, action: &'static str, path: &str) -> Vec<Access> {
    vec![Access::to(action, ControlPath(path).arn(scope))]
}
