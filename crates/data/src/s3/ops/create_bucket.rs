//! `CreateBucket`.

use updraft_api::Refusal;
use updraft_api::s3::ops::CreateBucket;
use updraft_api::s3::{CreateBucketOutput, CreateBucketRequest};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::s3::model::{BUCKETS, Bucket, Encryption, PublicAccessBlock, Versioning};
use crate::s3::{S3, describe, guard, refusals};

impl Handle<CreateBucket> for S3 {
    fn access(&self, scope: &Scope, input: &CreateBucketRequest) -> Result<Vec<Access>> {
        let accesses = guard::on_bucket(scope, "s3:CreateBucket", &input.bucket)?;
        Ok(accesses.into_iter().map(Access::to_make).collect())
    }

    fn handle(&self, cx: &mut Cx<'_>, input: CreateBucketRequest) -> Result<CreateBucketOutput> {
        refuse_unbuilt(&input)?;
        let region = cx.scope().region.clone();
        let configuration = input.create_bucket_configuration.unwrap_or_default();
        let constraint = configuration.location_constraint.as_ref().map(|c| c.as_str().to_owned());
        check_location(constraint.as_deref(), region.as_str())?;
        let location = format!("/{}", input.bucket);
        if let Some(bucket) = BUCKETS.get(cx, &input.bucket)? {
            return if bucket.account != cx.scope().account {
                let message = "The requested bucket name is not available. The bucket namespace is shared by all \
                               users of the system. Please select a different name and try again.";
                Err(Refusal::new("BucketAlreadyExists", 409, message).with("BucketName", input.bucket).into())
            } else if region.as_str() == "us-east-1" {
                // In us-east-1 creating one's own bucket again succeeds ("CreateBucket" reference).
                Ok(CreateBucketOutput { location: Some(location), ..Default::default() })
            } else {
                let message =
                    "Your previous request to create the named bucket succeeded and you already own it.";
                Err(Refusal::new("BucketAlreadyOwnedByYou", 409, message)
                    .with("BucketName", input.bucket)
                    .into())
            };
        }
        let bucket = Bucket {
            account: cx.scope().account,
            region,
            created: cx.now(),
            versioning: Versioning::Off,
            policy: None,
            // New buckets block public access and have no lists since April 2023.
            public_access_block: Some(PublicAccessBlock {
                block_public_acls: true,
                ignore_public_acls: true,
                block_public_policy: true,
                restrict_public_buckets: true,
            }),
            encryption: Encryption::default(),
            tags: describe::tag_map(configuration.tags.unwrap_or_default(), describe::BUCKET_TAGS_MAX)?,
            ownership: Some(
                input
                    .object_ownership
                    .map_or_else(|| "BucketOwnerEnforced".to_owned(), |o| o.as_str().to_owned()),
            ),
        };
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(CreateBucketOutput { location: Some(location), ..Default::default() })
    }
}

/// Refuses what this engine does not have.
fn refuse_unbuilt(input: &CreateBucketRequest) -> Result<(), Refusal> {
    let acl = input.acl.as_ref().is_some_and(|acl| acl.as_str() != "private");
    let grants = [&input.grant_full_control, &input.grant_read, &input.grant_read_acp, &input.grant_write];
    if acl || grants.iter().any(|grant| grant.is_some()) {
        return Err(refusals::not_implemented("access control lists"));
    }
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(refusals::not_implemented("object lock"));
    }
    Ok(())
}

/// A bucket is made in the region the request is for; the body must say so, except in us-east-1.
fn check_location(constraint: Option<&str>, region: &str) -> Result<(), Refusal> {
    match (constraint.filter(|c| !c.is_empty()), region) {
        (None, "us-east-1") => Ok(()),
        (None, _) => Err(Refusal::new(
            "IllegalLocationConstraintException",
            400,
            "The unspecified location constraint is incompatible for the region specific endpoint this request \
             was sent to.",
        )),
        (Some(constraint), region) if constraint == region && region != "us-east-1" => Ok(()),
        (Some("EU"), "eu-west-1") => Ok(()),
        (Some(constraint), "us-east-1") if constraint == "us-east-1" => Err(Refusal::new(
            "InvalidLocationConstraint",
            400,
            "The specified location-constraint is not valid",
        )
        .with("LocationConstraint", constraint)),
        (Some(constraint), _) => Err(Refusal::new(
            "IllegalLocationConstraintException",
            400,
            format!(
                "The {constraint} location constraint is incompatible for the region specific endpoint this \
                 request was sent to."
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constraint_must_be_the_region() {
        let code = |c, r| check_location(c, r).err().map(|e| e.code.into_owned());
        assert_eq!(code(None, "us-east-1"), None);
        assert_eq!(code(Some("eu-central-1"), "eu-central-1"), None);
        assert_eq!(code(Some("us-east-1"), "us-east-1").as_deref(), Some("InvalidLocationConstraint"));
        assert_eq!(code(None, "eu-central-1").as_deref(), Some("IllegalLocationConstraintException"));
        assert_eq!(
            code(Some("eu-west-1"), "eu-central-1").as_deref(),
            Some("IllegalLocationConstraintException")
        );
    }
}
