//! AWS CloudFormation: stacks and change sets, carried out by a durable job.
//!
//! A template is read ([`prepare`]), compared with what the stack has ([`changes`]) and carried out
//! resource by resource ([`run`]); each step is recorded before the next, so a killed engine goes on
//! where it was. Resources are made by calls through the door, as the stack's caller or its role.
//!
//! Differences from AWS: nested stacks, macros other than SAM's, stack policies, rollback triggers
//! and custom resources are refused by name.

mod changes;
mod input;
mod model;
mod ops;
mod prepare;
mod refusals;
mod resources;
mod run;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Registry, Service};

/// The service.
#[derive(Debug, Default)]
pub struct CloudFormation;

/// Adds CloudFormation to an engine.
pub fn register(registry: &mut Registry) {
    let service = Arc::new(CloudFormation);
    updraft_kernel::register_service!(
        registry,
        service.clone(),
        for_each_cloudformation_operation,
        updraft_api::cloudformation::ops
    );
    registry.job::<_, run::RunStack>(&service);
}

impl Service for CloudFormation {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::cloudformation::SERVICE
    }
}
