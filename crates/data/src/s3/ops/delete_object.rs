//! `DeleteObject`.

use updraft_api::s3::ops::DeleteObject;
use updraft_api::s3::{DeleteObjectOutput, DeleteObjectRequest};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::s3::model::{self, Deleted};
use crate::s3::{S3, condition, guard, refusals};

impl Handle<DeleteObject> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteObjectRequest) -> Result<Vec<Access>> {
        let action = if input.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteObjectRequest) -> Result<DeleteObjectOutput> {
        let bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        if input.if_match_last_modified_time.is_some() || input.if_match_size.is_some() {
            return Err(refusals::not_implemented("x-amz-if-match-last-modified-time").into());
        }
        if input.if_match.is_some() {
            let current = model::current(cx, &input.bucket, &input.key)?;
            condition::check_write(input.if_match.as_deref(), None, &input.key, current.as_ref())?;
        }
        let deleted = match input.version_id.as_deref() {
            None => model::delete_object(cx, &input.bucket, &bucket, &input.key)?,
            // A version that is not there is as good as deleted.
            Some(id) => model::delete_version(cx, &input.bucket, &input.key, id)?
                .unwrap_or(Deleted { version: Some(id.to_owned()), marker: false }),
        };
        Ok(DeleteObjectOutput {
            delete_marker: deleted.marker.then_some(true),
            version_id: deleted.version,
            ..Default::default()
        })
    }
}
