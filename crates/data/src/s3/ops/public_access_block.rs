//! `PutPublicAccessBlock`, `GetPublicAccessBlock` and `DeletePublicAccessBlock`.

use updraft_api::Refusal;
use updraft_api::s3::ops::{DeletePublicAccessBlock, GetPublicAccessBlock, PutPublicAccessBlock};
use updraft_api::s3::{
    DeletePublicAccessBlockRequest, DeletePublicAccessBlockResponse, GetPublicAccessBlockOutput,
    GetPublicAccessBlockRequest, PublicAccessBlockConfiguration, PutPublicAccessBlockRequest,
    PutPublicAccessBlockResponse,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::{BUCKETS, PublicAccessBlock};
use crate::s3::{S3, guard};

impl Handle<PutPublicAccessBlock> for S3 {
    fn access(&self, scope: &Scope, input: &PutPublicAccessBlockRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketPublicAccessBlock", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: PutPublicAccessBlockRequest,
    ) -> Result<PutPublicAccessBlockResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let asked = input.public_access_block_configuration;
        bucket.public_access_block = Some(PublicAccessBlock {
            block_public_acls: asked.block_public_acls.unwrap_or(false),
            ignore_public_acls: asked.ignore_public_acls.unwrap_or(false),
            block_public_policy: asked.block_public_policy.unwrap_or(false),
            restrict_public_buckets: asked.restrict_public_buckets.unwrap_or(false),
        });
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutPublicAccessBlockResponse {})
    }
}

impl Query<GetPublicAccessBlock> for S3 {
    fn access(&self, scope: &Scope, input: &GetPublicAccessBlockRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketPublicAccessBlock", &input.bucket)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: GetPublicAccessBlockRequest,
    ) -> Result<GetPublicAccessBlockOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let block = bucket.public_access_block.ok_or_else(|| {
            let message = "The public access block configuration was not found";
            Refusal::new("NoSuchPublicAccessBlockConfiguration", 404, message)
                .with("BucketName", input.bucket)
        })?;
        let configuration = PublicAccessBlockConfiguration {
            block_public_acls: Some(block.block_public_acls),
            ignore_public_acls: Some(block.ignore_public_acls),
            block_public_policy: Some(block.block_public_policy),
            restrict_public_buckets: Some(block.restrict_public_buckets),
        };
        Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
    }
}

impl Handle<DeletePublicAccessBlock> for S3 {
    fn access(&self, scope: &Scope, input: &DeletePublicAccessBlockRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketPublicAccessBlock", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeletePublicAccessBlockRequest,
    ) -> Result<DeletePublicAccessBlockResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.public_access_block = None;
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(DeletePublicAccessBlockResponse {})
    }
}
