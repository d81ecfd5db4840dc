//! DynamoDB: tables of items with their indexes, on the ordered keys of the store.
//!
//! An item is one binary record under its encoded primary key; an index has an entry of its own for
//! every item that has the index's keys. Both sort as DynamoDB sorts, so that a query is a scan of
//! one range. Expressions are the business of `updraft_lang::dynamodb`.

mod capacity;
mod codec;
mod describe;
mod expiry;
mod expressions;
mod forget;
mod items;
mod keys;
mod leading;
mod model;
mod ops;
mod paging;
mod refusals;
mod schema;
#[cfg(test)]
mod tests;
mod values;
mod write;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Access, Fault, Read, Registry, Service};
use updraft_types::Scope;

/// The service.
#[derive(Debug, Default)]
pub struct DynamoDb;

impl Service for DynamoDb {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::dynamodb::SERVICE
    }

    fn complete_access(&self, read: &dyn Read, scope: &Scope, access: &mut Access) -> Result<(), Fault> {
        leading::complete(read, scope, access)
    }
}

/// Adds the service, its operations and its jobs.
pub fn register(registry: &mut Registry) {
    let service = Arc::new(DynamoDb);
    registry.job::<_, forget::SweepTable>(&service);
    registry.job::<_, forget::ForgetToken>(&service);
    registry.job::<_, expiry::ExpireItems>(&service);
    updraft_kernel::register_service!(
        registry,
        service,
        for_each_dynamodb_operation,
        updraft_api::dynamodb::ops
    );
}
