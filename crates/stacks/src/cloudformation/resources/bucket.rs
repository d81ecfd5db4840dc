//! `AWS::S3::Bucket`.

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use updraft_api::s3::ops;
use updraft_api::s3::{
    CreateBucketConfiguration, CreateBucketRequest, DeleteBucketEncryptionRequest, DeleteBucketRequest,
    DeleteBucketTaggingRequest, DeletePublicAccessBlockRequest,
};
use updraft_kernel::Result;
use updraft_types::Resource as _;
use updraft_types::s3::BucketName;

use super::{Calls, Made, Naming, Provider, Resource, or_there};

pub(crate) struct Bucket;

impl Provider for Bucket {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "BucketEncryption",
            "BucketName",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "Tags",
            "VersioningConfiguration",
        ]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["BucketName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("BucketName"), length_max: 63, lower: true }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let region = calls.cx.scope().region.clone();
            let constraint = (region.as_str() != "us-east-1").then(|| CreateBucketConfiguration {
                location_constraint: Some(region.as_str().into()),
                ..Default::default()
            });
            let input = CreateBucketRequest {
                bucket: name.to_owned(),
                create_bucket_configuration: constraint,
                ..Default::default()
            };
            or_there(calls.call::<ops::CreateBucket>(input).await, again)?;
            settings(calls, name, &Map::new(), properties).await?;
            let suffix = region.dns_suffix();
            let made = Made::named(name)
                .with("DomainName", format!("{name}.s3.{suffix}"))
                .with("RegionalDomainName", format!("{name}.s3.{region}.{suffix}"))
                .with("DualStackDomainName", format!("{name}.s3.dualstack.{region}.{suffix}"));
            Ok(match name.parse::<BucketName>() {
                Ok(bucket) => made.with("Arn", bucket.arn(calls.cx.scope()).to_string()),
                Err(_) => made,
            })
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            settings(calls, &resource.physical_id, &resource.properties, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteBucketRequest { bucket: resource.physical_id.clone(), ..Default::default() };
            calls.call::<ops::DeleteBucket>(input).await?;
            Ok(())
        })
    }
}

/// What a bucket is told after it is made, where it differs.
async fn settings(
    calls: &Calls,
    name: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Result<()> {
    let changed = |property: &str| old.get(property) != new.get(property);
    let bucket = || Map::from_iter([("Bucket".to_owned(), Value::from(name))]);
    let with = |property: &str, value: Value| {
        let mut input = bucket();
        input.insert(property.to_owned(), value);
        input
    };
    if changed("VersioningConfiguration") {
        let status =
            new.get("VersioningConfiguration").cloned().unwrap_or_else(|| json!({"Status": "Suspended"}));
        calls.with::<ops::PutBucketVersioning>(with("VersioningConfiguration", status)).await?;
    }
    if changed("BucketEncryption") {
        match new
            .get("BucketEncryption")
            .and_then(|encryption| encryption.get("ServerSideEncryptionConfiguration"))
        {
            Some(rules) => {
                let rules = renamed_rules(rules);
                let input = with("ServerSideEncryptionConfiguration", json!({"Rules": rules}));
                calls.with::<ops::PutBucketEncryption>(input).await?;
            }
            None => {
                let input = DeleteBucketEncryptionRequest { bucket: name.to_owned(), ..Default::default() };
                calls.call::<ops::DeleteBucketEncryption>(input).await?;
            }
        }
    }
    if changed("PublicAccessBlockConfiguration") {
        match new.get("PublicAccessBlockConfiguration") {
            Some(block) => {
                calls
                    .with::<ops::PutPublicAccessBlock>(with("PublicAccessBlockConfiguration", block.clone()))
                    .await?;
            }
            None => {
                let input = DeletePublicAccessBlockRequest { bucket: name.to_owned(), ..Default::default() };
                calls.call::<ops::DeletePublicAccessBlock>(input).await?;
            }
        }
    }
    if changed("OwnershipControls")
        && let Some(controls) = new.get("OwnershipControls")
    {
        calls.with::<ops::PutBucketOwnershipControls>(with("OwnershipControls", controls.clone())).await?;
    }
    if changed("Tags") {
        match new.get("Tags") {
            Some(tags) => {
                calls.with::<ops::PutBucketTagging>(with("Tagging", json!({"TagSet": tags}))).await?;
            }
            None => {
                let input = DeleteBucketTaggingRequest { bucket: name.to_owned(), ..Default::default() };
                calls.call::<ops::DeleteBucketTagging>(input).await?;
            }
        }
    }
    Ok(())
}

/// CloudFormation's rules name the default encryption otherwise than the API's.
fn renamed_rules(rules: &Value) -> Value {
    let rename = |rule: &Value| {
        let mut rule = rule.as_object().cloned().unwrap_or_default();
        if let Some(default) = rule.remove("ServerSideEncryptionByDefault") {
            rule.insert("ApplyServerSideEncryptionByDefault".to_owned(), default);
        }
        Value::Object(rule)
    };
    Value::Array(rules.as_array().into_iter().flatten().map(rename).collect())
}
