//! `UploadPart`.

use updraft_api::s3::ops::UploadPart;
use updraft_api::s3::{UploadPartOutput, UploadPartRequest};
use updraft_kernel::{Access, Cx, Read, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::s3::model::{self, PARTS, Part, UPLOADS, Upload};
use crate::s3::{S3, body, checksum, checksum_members, guard, refusals};

/// Part numbers run from 1 to this ("Multipart upload limits", Amazon S3 user guide).
const PART_NUMBER_MAX: i32 = 10_000;

impl Serve<UploadPart> for S3 {
    fn access(&self, scope: &Scope, input: &UploadPartRequest) -> Result<Vec<Access>> {
        guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)
    }

    async fn serve(&self, cx: ServeCx, mut input: UploadPartRequest) -> Result<UploadPartOutput> {
        if input.sse_customer_algorithm.is_some() {
            return Err(refusals::not_implemented("x-amz-server-side-encryption-customer-algorithm").into());
        }
        let number = part_number(input.part_number)?;
        let mut claimed = checksum_members::claimed!(&input)?;
        let owner = input.expected_bucket_owner.clone();
        let upload = cx.view(|view| {
            guard::bucket(view, &input.bucket, owner.as_deref())?;
            find_upload(view, &input.bucket, &input.key, &input.upload_id)
        })?;
        if claimed.algorithm.is_none() && claimed.values.is_empty() {
            claimed.algorithm = upload.algorithm.map(|algorithm| algorithm.name().to_owned());
        }
        let received = body::receive(&cx, input.body.take(), &claimed).await?;
        let part = Part {
            segments: received.segments(),
            size: received.receipt.length,
            md5: received.sums.md5,
            checksum: received.sums.checksum.clone(),
            modified: cx.now(),
        };
        let sums = received.sums.clone();
        cx.transact(move |cx| {
            find_upload(cx, &input.bucket, &input.key, &input.upload_id)?;
            put_part(cx, &input.upload_id, number, &part)
        })
        .await?;
        drop(received);
        let mut output = UploadPartOutput {
            e_tag: Some(format!("\"{}\"", checksum::hex(&sums.md5))),
            server_side_encryption: Some(upload.encryption.algorithm.as_str().into()),
            ..Default::default()
        };
        checksum_members::fill!(&mut output, Some(&sums.checksum));
        Ok(output)
    }
}

pub(super) fn part_number(number: i32) -> Result<u32, updraft_api::Refusal> {
    match u32::try_from(number) {
        Ok(n @ 1..) if number <= PART_NUMBER_MAX => Ok(n),
        _ => Err(refusals::invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive",
            "partNumber",
            &number.to_string(),
        )),
    }
}

pub(super) fn find_upload(read: &(impl Read + ?Sized), bucket: &str, key: &str, id: &str) -> Result<Upload> {
    let place = (bucket.to_owned(), key.to_owned(), id.to_owned());
    Ok(UPLOADS.get(read, &place)?.ok_or_else(|| refusals::no_such_upload(id))?)
}

/// Keeps a part; one of the same number goes.
pub(super) fn put_part(cx: &mut Cx<'_>, upload: &str, number: u32, part: &Part) -> Result<()> {
    for segment in &part.segments {
        cx.retain_blob(segment.blob)?;
    }
    let place = (upload.to_owned(), number);
    if let Some(replaced) = PARTS.get(cx, &place)? {
        model::release(cx, &replaced.segments)?;
    }
    Ok(PARTS.put(cx, &place, part)?)
}
