//! `CreateMultipartUpload`.

use updraft_api::Refusal;
use updraft_api::s3::ops::CreateMultipartUpload;
use updraft_api::s3::{CreateMultipartUploadOutput, CreateMultipartUploadRequest};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::s3::checksum::Algorithm;
use crate::s3::model::{UPLOADS, Upload};
use crate::s3::{S3, checksum_members, describe, guard, refusals};

impl Handle<CreateMultipartUpload> for S3 {
    fn access(&self, scope: &Scope, input: &CreateMultipartUploadRequest) -> Result<Vec<Access>> {
        guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: CreateMultipartUploadRequest,
    ) -> Result<CreateMultipartUploadOutput> {
        describe::refuse_unbuilt!(&input)?;
        let bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let description = describe::description!(&input)?;
        let algorithm = input
            .checksum_algorithm
            .as_ref()
            .map(|name| checksum_members::named(name.as_str()))
            .transpose()?;
        let checksum_type = input.checksum_type.as_ref().map(|kind| kind.as_str().to_owned());
        check_type(algorithm, checksum_type.as_deref())?;
        let asked = input.server_side_encryption.as_ref().map(|sse| sse.as_str());
        let encryption = describe::encryption(asked, input.ssekms_key_id.as_deref(), &bucket)?;
        let id = cx.ids().text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", 64);
        let shown = (algorithm, checksum_type.clone());
        let sse = encryption.algorithm.clone();
        let upload = Upload { initiated: cx.now(), description, algorithm, checksum_type, encryption };
        UPLOADS.put(cx, &(input.bucket.clone(), input.key.clone(), id.clone()), &upload)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            server_side_encryption: Some(sse.as_str().into()),
            checksum_algorithm: shown.0.map(|algorithm| algorithm.name().into()),
            checksum_type: shown
                .1
                .as_deref()
                .map(Into::into)
                .or_else(|| shown.0.map(|a| default_type(a).into())),
            ..Default::default()
        })
    }
}

/// How the parts' checksums make the object's, unless the client says ("Checking object
/// integrity", Amazon S3 user guide).
pub(super) fn default_type(algorithm: Algorithm) -> &'static str {
    if algorithm == Algorithm::Crc64nvme { "FULL_OBJECT" } else { "COMPOSITE" }
}

fn check_type(algorithm: Option<Algorithm>, kind: Option<&str>) -> Result<(), Refusal> {
    match (algorithm, kind) {
        (None, Some(_)) => Err(refusals::invalid_request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
        )),
        (Some(algorithm @ (Algorithm::Sha1 | Algorithm::Sha256)), Some("FULL_OBJECT")) => {
            Err(refusals::invalid_request(format!(
                "The FULL_OBJECT checksum type cannot be used with the {} checksum algorithm.",
                algorithm.name().to_lowercase()
            )))
        }
        (Some(Algorithm::Crc64nvme), Some("COMPOSITE")) => Err(refusals::invalid_request(
            "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.",
        )),
        _ => Ok(()),
    }
}
