//! `AbortMultipartUpload`.

use updraft_api::s3::ops::AbortMultipartUpload;
use updraft_api::s3::{AbortMultipartUploadOutput, AbortMultipartUploadRequest};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::complete_multipart_upload::discard;
use super::upload_part::find_upload;
use crate::s3::{S3, guard};

impl Handle<AbortMultipartUpload> for S3 {
    fn access(&self, scope: &Scope, input: &AbortMultipartUploadRequest) -> Result<Vec<Access>> {
        guard::on_object(scope, "s3:AbortMultipartUpload", &input.bucket, &input.key)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: AbortMultipartUploadRequest,
    ) -> Result<AbortMultipartUploadOutput> {
        guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        find_upload(cx, &input.bucket, &input.key, &input.upload_id)?;
        discard(cx, &input.bucket, &input.key, &input.upload_id)?;
        Ok(AbortMultipartUploadOutput::default())
    }
}
