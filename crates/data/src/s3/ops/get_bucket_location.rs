//! `GetBucketLocation`.

use updraft_api::s3::ops::GetBucketLocation;
use updraft_api::s3::{GetBucketLocationOutput, GetBucketLocationRequest};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::s3::{S3, guard};

impl Query<GetBucketLocation> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketLocationRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketLocation", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: GetBucketLocationRequest) -> Result<GetBucketLocationOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        // Buckets in us-east-1 have no location constraint ("GetBucketLocation" reference).
        let named = (bucket.region.as_str() != "us-east-1").then(|| bucket.region.as_str().into());
        Ok(GetBucketLocationOutput { location_constraint: named })
    }
}
