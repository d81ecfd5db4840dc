//! `PutBucketOwnershipControls`, `GetBucketOwnershipControls` and `DeleteBucketOwnershipControls`.

use updraft_api::Refusal;
use updraft_api::s3::ops::{
    DeleteBucketOwnershipControls, GetBucketOwnershipControls, PutBucketOwnershipControls,
};
use updraft_api::s3::{
    DeleteBucketOwnershipControlsRequest, DeleteBucketOwnershipControlsResponse,
    GetBucketOwnershipControlsOutput, GetBucketOwnershipControlsRequest, OwnershipControls,
    OwnershipControlsRule, PutBucketOwnershipControlsRequest, PutBucketOwnershipControlsResponse,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::BUCKETS;
use crate::s3::{S3, guard};

impl Handle<PutBucketOwnershipControls> for S3 {
    fn access(&self, scope: &Scope, input: &PutBucketOwnershipControlsRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketOwnershipControls", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: PutBucketOwnershipControlsRequest,
    ) -> Result<PutBucketOwnershipControlsResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let [rule] = &input.ownership_controls.rules[..] else {
            let message =
                "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(Refusal::new("MalformedXML", 400, message).into());
        };
        bucket.ownership = Some(rule.object_ownership.as_str().to_owned());
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutBucketOwnershipControlsResponse {})
    }
}

impl Query<GetBucketOwnershipControls> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketOwnershipControlsRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketOwnershipControls", &input.bucket)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: GetBucketOwnershipControlsRequest,
    ) -> Result<GetBucketOwnershipControlsOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let ownership = bucket.ownership.ok_or_else(|| {
            Refusal::new(
                "OwnershipControlsNotFoundError",
                404,
                "The bucket ownership controls were not found",
            )
            .with("BucketName", input.bucket)
        })?;
        let rules = vec![OwnershipControlsRule { object_ownership: ownership.as_str().into() }];
        Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(OwnershipControls { rules }) })
    }
}

impl Handle<DeleteBucketOwnershipControls> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteBucketOwnershipControlsRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketOwnershipControls", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteBucketOwnershipControlsRequest,
    ) -> Result<DeleteBucketOwnershipControlsResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.ownership = None;
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(DeleteBucketOwnershipControlsResponse {})
    }
}
