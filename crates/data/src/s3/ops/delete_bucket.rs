//! `DeleteBucket`.

use updraft_api::Refusal;
use updraft_api::s3::ops::DeleteBucket;
use updraft_api::s3::{DeleteBucketRequest, DeleteBucketResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::s3::model::{BUCKETS, CURRENT, OLDER, PARTS, UPLOADS, release};
use crate::s3::{S3, guard};

impl Handle<DeleteBucket> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteBucketRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:DeleteBucket", &input.bucket)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteBucketRequest) -> Result<DeleteBucketResponse> {
        guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let name = input.bucket;
        let first = updraft_kernel::Direction::Forward;
        let objects = !CURRENT.page(cx, &name, None, first, 1)?.entries.is_empty();
        let versions = !OLDER.page(cx, &name, None, first, 1)?.entries.is_empty();
        if objects || versions {
            let message = if objects {
                "The bucket you tried to delete is not empty"
            } else {
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            };
            return Err(Refusal::new("BucketNotEmpty", 409, message).with("BucketName", name).into());
        }
        // Uploads under way go with the bucket.
        for (key, _) in UPLOADS.all(cx, &name)? {
            for (part_key, part) in PARTS.all(cx, &key.2)? {
                release(cx, &part.segments)?;
                PARTS.delete(cx, &part_key);
            }
            UPLOADS.delete(cx, &key);
        }
        BUCKETS.delete(cx, &name);
        Ok(DeleteBucketResponse {})
    }
}
