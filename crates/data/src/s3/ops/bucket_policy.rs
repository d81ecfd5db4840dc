//! `PutBucketPolicy`, `GetBucketPolicy` and `DeleteBucketPolicy`.

use updraft_api::Refusal;
use updraft_api::s3::ops::{DeleteBucketPolicy, GetBucketPolicy, PutBucketPolicy};
use updraft_api::s3::{
    DeleteBucketPolicyRequest, DeleteBucketPolicyResponse, GetBucketPolicyOutput, GetBucketPolicyRequest,
    PutBucketPolicyRequest, PutBucketPolicyResponse,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::BUCKETS;
use crate::s3::{S3, guard};

/// The largest policy ("Bucket policies", Amazon S3 user guide).
const POLICY_BYTES_MAX: usize = 20 * 1_024;

impl Handle<PutBucketPolicy> for S3 {
    fn access(&self, scope: &Scope, input: &PutBucketPolicyRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketPolicy", &input.bucket)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutBucketPolicyRequest) -> Result<PutBucketPolicyResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        if input.policy.len() > POLICY_BYTES_MAX {
            let message = "Normalized policy document exceeds the maximum allowed size of 20480 bytes.";
            return Err(Refusal::new("PolicyTooLarge", 400, message).into());
        }
        updraft_lang::iam::Policy::parse(&input.policy)
            .map_err(|error| Refusal::new("MalformedPolicy", 400, error.to_string()))?;
        bucket.policy = Some(input.policy);
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutBucketPolicyResponse {})
    }
}

impl Query<GetBucketPolicy> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketPolicyRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketPolicy", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: GetBucketPolicyRequest) -> Result<GetBucketPolicyOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let policy = bucket.policy.ok_or_else(|| {
            Refusal::new("NoSuchBucketPolicy", 404, "The bucket policy does not exist")
                .with("BucketName", input.bucket)
        })?;
        Ok(GetBucketPolicyOutput { policy: Some(policy) })
    }
}

impl Handle<DeleteBucketPolicy> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteBucketPolicyRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:DeleteBucketPolicy", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteBucketPolicyRequest,
    ) -> Result<DeleteBucketPolicyResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.policy = None;
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(DeleteBucketPolicyResponse {})
    }
}
