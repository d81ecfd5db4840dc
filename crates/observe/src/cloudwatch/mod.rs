//! CloudWatch: metrics that callers publish, and those of functions and HTTP APIs, which are a
//! view of the event log.

mod histogram;
mod model;
mod ops;
mod query;
mod record;
mod refusals;
mod stat;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_api::cloudwatch::SERVICE;
use updraft_kernel::{Registry, Service, register_service};

use self::view::ServiceMetrics;

/// The service.
pub struct CloudWatch;

impl Service for CloudWatch {
    fn info(&self) -> &'static ServiceInfo {
        &SERVICE
    }
}

/// Plugs the service and its view of the event log in.
pub fn register(registry: &mut Registry) {
    let service = Arc::new(CloudWatch);
    register_service!(registry, service, for_each_cloudwatch_operation, updraft_api::cloudwatch::ops);
    registry.view(Arc::new(ServiceMetrics));
}
