//! `PutObject`.

use updraft_api::s3::ops::PutObject;
use updraft_api::s3::{PutObjectOutput, PutObjectRequest};
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::s3::model::{self, Object};
use crate::s3::{S3, body, checksum_members, condition, describe, guard, refusals};

impl Serve<PutObject> for S3 {
    fn access(&self, scope: &Scope, input: &PutObjectRequest) -> Result<Vec<Access>> {
        let mut accesses = guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)?;
        if input.tagging.is_some() {
            accesses.extend(guard::on_object(scope, "s3:PutObjectTagging", &input.bucket, &input.key)?);
        }
        Ok(accesses)
    }

    async fn serve(&self, cx: ServeCx, mut input: PutObjectRequest) -> Result<PutObjectOutput> {
        describe::refuse_unbuilt!(&input)?;
        if input.write_offset_bytes.is_some() {
            return Err(refusals::not_implemented("x-amz-write-offset-bytes").into());
        }
        let description = describe::description!(&input)?;
        let claimed = checksum_members::claimed!(&input)?;
        let owner = input.expected_bucket_owner.clone();
        // Refuse before the body is read where that can be known; it is decided in the transaction.
        let bucket = cx.view(|view| guard::bucket(view, &input.bucket, owner.as_deref()))?;
        let asked = input.server_side_encryption.as_ref().map(|sse| sse.as_str());
        let encryption = describe::encryption(asked, input.ssekms_key_id.as_deref(), &bucket)?;
        let received = body::receive(&cx, input.body.take(), &claimed).await?;
        let object = Object {
            version: None,
            sequence: 0,
            segments: received.segments(),
            size: received.receipt.length,
            etag: received.sums.md5_hex(),
            modified: cx.now(),
            checksum: Some(received.sums.checksum.clone()),
            checksum_type: "FULL_OBJECT".to_owned(),
            parts: Vec::new(),
            description,
            encryption,
        };
        let stored = cx
            .transact(move |cx| {
                let bucket = guard::bucket(cx, &input.bucket, owner.as_deref())?;
                let current = model::current(cx, &input.bucket, &input.key)?;
                condition::check_write(
                    input.if_match.as_deref(),
                    input.if_none_match.as_deref(),
                    &input.key,
                    current.as_ref(),
                )?;
                Ok(model::put_object(cx, &input.bucket, &bucket, &input.key, object)?)
            })
            .await?;
        drop(received);
        let mut output = PutObjectOutput {
            e_tag: Some(stored.quoted_etag()),
            version_id: stored.version,
            checksum_type: Some(stored.checksum_type.as_str().into()),
            server_side_encryption: Some(stored.encryption.algorithm.as_str().into()),
            bucket_key_enabled: stored.encryption.bucket_key.then_some(true),
            ..Default::default()
        };
        checksum_members::fill!(&mut output, stored.checksum.as_ref());
        Ok(output)
    }
}
