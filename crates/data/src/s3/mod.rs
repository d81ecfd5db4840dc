//! Amazon S3: buckets, objects and their versions, multipart uploads.
//!
//! Differences from AWS: a bucket answers in every region; access control lists, object lock,
//! customer-provided keys and replication are refused by name; conditions and listings are
//! strongly consistent, as on AWS since December 2020.

mod body;
mod checksum;
mod checksum_members;
mod condition;
mod describe;
mod guard;
mod listing;
mod model;
mod ops;
mod range;
mod refusals;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use updraft_api::ServiceInfo;
use updraft_kernel::{Fault, Read, Registry, Service};
use updraft_types::{AccountId, Arn};

/// The service.
#[derive(Debug, Default)]
pub struct S3;

/// Adds S3 to an engine.
pub fn register(registry: &mut Registry) {
    let service = Arc::new(S3);
    updraft_kernel::register_service!(registry, service, for_each_s3_operation, updraft_api::s3::ops);
}

impl Service for S3 {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::s3::SERVICE
    }

    fn resource_policy(&self, read: &dyn Read, resource: &Arn) -> Result<Option<String>, Fault> {
        Ok(owning_bucket(read, resource)?.and_then(|bucket| bucket.policy))
    }

    fn resource_owner(&self, read: &dyn Read, resource: &Arn) -> Result<Option<AccountId>, Fault> {
        Ok(owning_bucket(read, resource)?.map(|bucket| bucket.account))
    }
}

/// The bucket that an ARN names, or whose object it names.
fn owning_bucket(read: &dyn Read, resource: &Arn) -> Result<Option<model::Bucket>, Fault> {
    let path = resource.resource();
    let name = path.split_once('/').map_or(path, |(bucket, _)| bucket);
    model::BUCKETS.get(read, &name.to_owned())
}
