//! STS: sessions of roles, opened for callers and for services, and recognised again.

mod key;
mod ops;
mod sessions;
mod token;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Fault, Read, Registry, Service};
use updraft_types::Arn;

pub use key::EngineKey;
pub use sessions::RoleSessions;

/// The service.
pub struct Sts {
    sessions: Arc<RoleSessions>,
}

impl Service for Sts {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::sts::SERVICE
    }

    /// A role's trust policy is the policy on the resource that `sts:AssumeRole` is about.
    fn resource_policy(&self, read: &dyn Read, resource: &Arn) -> Result<Option<String>, Fault> {
        Ok(crate::iam::role(read, resource)?.map(|role| role.trust))
    }
}

/// Adds the service and its operations.
pub fn register(registry: &mut Registry, sessions: Arc<RoleSessions>) {
    let service = Arc::new(Sts { sessions });
    updraft_kernel::register_service!(registry, service, for_each_sts_operation, updraft_api::sts::ops);
}
