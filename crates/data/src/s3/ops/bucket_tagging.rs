//! `PutBucketTagging`, `GetBucketTagging` and `DeleteBucketTagging`.

use updraft_api::Refusal;
use updraft_api::s3::ops::{DeleteBucketTagging, GetBucketTagging, PutBucketTagging};
use updraft_api::s3::{
    DeleteBucketTaggingRequest, DeleteBucketTaggingResponse, GetBucketTaggingOutput, GetBucketTaggingRequest,
    PutBucketTaggingRequest, PutBucketTaggingResponse,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::BUCKETS;
use crate::s3::{S3, describe, guard};

impl Handle<PutBucketTagging> for S3 {
    fn access(&self, scope: &Scope, input: &PutBucketTaggingRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketTagging", &input.bucket)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutBucketTaggingRequest) -> Result<PutBucketTaggingResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.tags = describe::tag_map(input.tagging.tag_set, describe::BUCKET_TAGS_MAX)?;
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutBucketTaggingResponse {})
    }
}

impl Query<GetBucketTagging> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketTaggingRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketTagging", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: GetBucketTaggingRequest) -> Result<GetBucketTaggingOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        if bucket.tags.is_empty() {
            let refusal = Refusal::new("NoSuchTagSet", 404, "The TagSet does not exist");
            return Err(refusal.with("BucketName", input.bucket).into());
        }
        Ok(GetBucketTaggingOutput { tag_set: describe::tag_list(&bucket.tags) })
    }
}

impl Handle<DeleteBucketTagging> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteBucketTaggingRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketTagging", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteBucketTaggingRequest,
    ) -> Result<DeleteBucketTaggingResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.tags.clear();
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(DeleteBucketTaggingResponse {})
    }
}
