//! `HeadBucket`.

use updraft_api::s3::ops::HeadBucket;
use updraft_api::s3::{HeadBucketOutput, HeadBucketRequest};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::s3::{S3, guard};

impl Query<HeadBucket> for S3 {
    fn access(&self, scope: &Scope, input: &HeadBucketRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:ListBucket", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: HeadBucketRequest) -> Result<HeadBucketOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        Ok(HeadBucketOutput { bucket_region: Some(bucket.region.to_string()), ..Default::default() })
    }
}
