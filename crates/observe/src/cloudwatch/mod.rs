//! CloudWatch: metrics that callers publish, and those of functions, HTTP APIs and tables, which are a
//! view of the event log; alarms on them; dashboards.

mod alarms;
mod dashboards;
pub(crate) mod emf;
mod histogram;
mod model;
mod ops;
mod query;
mod record;
mod refusals;
mod stat;
mod tagged;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_api::cloudwatch::SERVICE;
use updraft_kernel::{Registry, Service, register_service};

use self::alarms::act::Act;
use self::alarms::suppress::Release;
use self::alarms::watch::Evaluate;
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
    register_service!(registry, service.clone(), for_each_cloudwatch_operation, updraft_api::cloudwatch::ops);
    registry.job::<_, Evaluate>(&service);
    registry.job::<_, Act>(&service);
    registry.job::<_, Release>(&service);
    registry.view(Arc::new(ServiceMetrics));
}
