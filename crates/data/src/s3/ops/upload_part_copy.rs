//! `UploadPartCopy`: the part refers to the source's blobs where it takes them whole.

use updraft_api::Refusal;
use updraft_api::s3::ops::UploadPartCopy;
use updraft_api::s3::{CopyPartResult, UploadPartCopyOutput, UploadPartCopyRequest};
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::Scope;

use super::copy_object::{Source, source_refusal};
use super::upload_part::{find_upload, part_number, put_part};
use crate::s3::checksum_members::Claimed;
use crate::s3::condition::ReadConditions;
use crate::s3::model::Part;
use crate::s3::{S3, body, checksum, checksum_members, guard, refusals};

impl Serve<UploadPartCopy> for S3 {
    fn access(&self, scope: &Scope, input: &UploadPartCopyRequest) -> Result<Vec<Access>> {
        let source = Source::read(&input.copy_source)?;
        let mut accesses = guard::on_object(scope, source.action(), &source.bucket, &source.key)?;
        accesses.extend(guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)?);
        Ok(accesses)
    }

    async fn serve(&self, cx: ServeCx, input: UploadPartCopyRequest) -> Result<UploadPartCopyOutput> {
        let source = Source::read(&input.copy_source)?;
        let number = part_number(input.part_number)?;
        let (upload, original) = cx.view(|view| {
            guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
            let upload = find_upload(view, &input.bucket, &input.key, &input.upload_id)?;
            let original = source.find(view, input.expected_source_bucket_owner.as_deref())?;
            Ok::<_, updraft_kernel::Error>((upload, original))
        })?;
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match.as_deref(),
            if_none_match: input.copy_source_if_none_match.as_deref(),
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        conditions.check(&original).map_err(source_refusal)?;
        let (offset, length) = source_range(input.copy_source_range.as_deref(), original.size)?;
        let stream = body::send(cx.blobs(), &original.segments, offset, length).await?;
        let claimed = Claimed {
            algorithm: upload.algorithm.map(|algorithm| algorithm.name().to_owned()),
            ..Claimed::default()
        };
        let received = body::receive(&cx, Some(stream), &claimed).await?;
        let part = Part {
            segments: received.segments(),
            size: received.receipt.length,
            md5: received.sums.md5,
            checksum: received.sums.checksum.clone(),
            modified: cx.now(),
        };
        let mut result = CopyPartResult {
            e_tag: Some(format!("\"{}\"", checksum::hex(&part.md5))),
            last_modified: Some(part.modified),
            ..Default::default()
        };
        checksum_members::fill!(&mut result, upload.algorithm.map(|_| &part.checksum));
        cx.transact(move |cx| {
            find_upload(cx, &input.bucket, &input.key, &input.upload_id)?;
            put_part(cx, &input.upload_id, number, &part)
        })
        .await?;
        drop(received);
        Ok(UploadPartCopyOutput {
            copy_source_version_id: original.version,
            copy_part_result: Some(result),
            server_side_encryption: Some(upload.encryption.algorithm.as_str().into()),
            ..Default::default()
        })
    }
}

/// `bytes=first-last`, both given and within the source.
fn source_range(range: Option<&str>, size: u64) -> Result<(u64, u64), Refusal> {
    let Some(text) = range else { return Ok((0, size)) };
    let wrong = |message: &str| refusals::invalid_argument(message, "x-amz-copy-source-range", text);
    let ends = text.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    let parsed = ends.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match parsed {
        Some((first, last)) if first <= last && last < size => Ok((first, last - first + 1)),
        Some((first, last)) if first <= last => {
            Err(wrong(&format!("Range specified is not valid for source object of size: {size}")))
        }
        _ => Err(wrong(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
             zero-based offsets of the first and last bytes to copy",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_range_lies_within_the_source() {
        assert_eq!(source_range(None, 10).unwrap(), (0, 10));
        assert_eq!(source_range(Some("bytes=2-9"), 10).unwrap(), (2, 8));
        for wrong in ["bytes=2-10", "bytes=5-", "2-3", "bytes=3-2"] {
            assert_eq!(source_range(Some(wrong), 10).unwrap_err().code, "InvalidArgument", "{wrong}");
        }
    }
}
