//! AWS Step Functions: state machines with their versions and aliases, executions, activities.
//!
//! The language is `lang::asl`'s. Here an execution is held: [`driver`] keeps each live one, gives it
//! time and chance, writes what it went through before anything of it is seen, and does what it asks
//! for ([`tasks`]). A Standard execution is in the store at every moment; after a crash the driver
//! goes on with all of them. An Express one lives in memory, as AWS's may be lost, too.

mod context;
mod definitions;
mod driver;
mod history;
mod logging;
mod model;
mod names;
mod ops;
mod refusals;
mod show;
mod start;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Registry, Service, register_service};
use updraft_types::states::ExecutionAt;
use updraft_types::{Arn, Resource as _};

use self::driver::Driver;
use self::model::ExecutionKey;

/// The service.
pub struct States {
    pub(crate) driver: Arc<Driver>,
}

impl Service for States {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::states::SERVICE
    }
}

/// Plugs the service in.
pub fn register(registry: &mut Registry) {
    let driver = Arc::new(Driver::default());
    registry.at_start(driver.clone());
    registry.at_start(Arc::new(driver::Resume(driver.clone())));
    let service = Arc::new(States { driver });
    register_service!(registry, service, for_each_states_operation, updraft_api::states::ops);
}

/// The ARN of a Standard execution.
pub(crate) fn names_of(key: &ExecutionKey) -> Arn {
    ExecutionAt(&key.1, &key.2).arn(&key.0)
}
