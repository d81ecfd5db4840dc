//! CloudWatch Logs: groups, streams, events and the search for them.

mod events;
mod expiry;
mod model;
mod names;
mod ops;
mod refusals;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_api::logs::SERVICE;
use updraft_kernel::{Registry, Service, register_service};

use self::expiry::{CollectGroup, CollectStream, Expire};

/// The service.
pub struct Logs;

impl Service for Logs {
    fn info(&self) -> &'static ServiceInfo {
        &SERVICE
    }
}

/// Plugs the service in.
pub fn register(registry: &mut Registry) {
    let service = Arc::new(Logs);
    register_service!(registry, service.clone(), for_each_logs_operation, updraft_api::logs::ops);
    registry.job::<_, Expire>(&service);
    registry.job::<_, CollectGroup>(&service);
    registry.job::<_, CollectStream>(&service);
}
