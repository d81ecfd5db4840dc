//! `AWS::S3::BucketPolicy`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::s3::{DeleteBucketPolicyRequest, PutBucketPolicyRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, text};

pub(crate) struct BucketPolicy;

impl Provider for BucketPolicy {
    fn properties(&self) -> &'static [&'static str] {
        &["Bucket", "PolicyDocument"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Bucket", "PolicyDocument"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["Bucket"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("Bucket"), length_max: 63, lower: true }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            put(calls, properties).await?;
            Ok(Made::named(text(properties, "Bucket")))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            put(calls, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input =
                DeleteBucketPolicyRequest { bucket: resource.physical_id.clone(), ..Default::default() };
            calls.call::<ops::DeleteBucketPolicy>(input).await?;
            Ok(())
        })
    }
}

async fn put(calls: &Calls, properties: &Map<String, Value>) -> Result<()> {
    let document = properties.get("PolicyDocument").cloned().unwrap_or_default();
    let input = PutBucketPolicyRequest {
        bucket: text(properties, "Bucket").to_owned(),
        policy: document.as_str().map_or_else(|| document.to_string(), str::to_owned),
        ..Default::default()
    };
    calls.call::<ops::PutBucketPolicy>(input).await?;
    Ok(())
}
