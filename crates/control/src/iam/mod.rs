//! IAM: roles, their policies, and the decisions that follow from them.

mod authorizer;
mod managed;
mod model;
mod ops;
mod refusals;
mod wire;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Registry, Service};

pub use authorizer::PolicyAuthorizer;
pub(crate) use authorizer::{identity_context, principal_of, trust_allows};
pub(crate) use model::{RoleRecord, policy_document, role};

/// The service.
#[derive(Debug, Default)]
pub struct Iam;

impl Service for Iam {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::iam::SERVICE
    }
}

/// Adds the service and its operations.
pub fn register(registry: &mut Registry) {
    updraft_kernel::register_service!(registry, Arc::new(Iam), for_each_iam_operation, updraft_api::iam::ops);
}
