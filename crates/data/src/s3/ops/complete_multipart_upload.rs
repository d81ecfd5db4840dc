//! `CompleteMultipartUpload`: the object takes over the parts' blobs; nothing is copied.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use updraft_api::Refusal;
use updraft_api::s3::ops::CompleteMultipartUpload;
use updraft_api::s3::{CompleteMultipartUploadOutput, CompleteMultipartUploadRequest, CompletedPart};
use updraft_kernel::{Access, Cx, Read, Result, Serve, ServeCx};
use updraft_types::Scope;

use super::create_multipart_upload::default_type;
use super::upload_part::find_upload;
use crate::s3::checksum::{self, Algorithm, Checksum, Meter};
use crate::s3::model::{self, Object, PARTS, Part, PartInfo, Segment, UPLOADS, Upload};
use crate::s3::{S3, body, checksum_members, condition, guard, refusals};

/// Every part but the last has at least so many bytes ("Multipart upload limits").
const PART_BYTES_MIN: u64 = 5 << 20;

impl Serve<CompleteMultipartUpload> for S3 {
    fn access(&self, scope: &Scope, input: &CompleteMultipartUploadRequest) -> Result<Vec<Access>> {
        guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: CompleteMultipartUploadRequest,
    ) -> Result<CompleteMultipartUploadOutput> {
        let claimed = checksum_members::values!(&input)?;
        let listed = input.multipart_upload.clone().and_then(|upload| upload.parts).unwrap_or_default();
        let (upload, parts) = cx.view(|view| {
            guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
            let upload = find_upload(view, &input.bucket, &input.key, &input.upload_id)?;
            let parts = chosen(view, &input.upload_id, &listed)?;
            Ok::<_, updraft_kernel::Error>((upload, parts))
        })?;
        let checksum = whole_checksum(&cx, &upload, &parts).await?;
        if let Some((_, value)) = claimed.iter().find(|(algorithm, _)| *algorithm == checksum.0.algorithm)
            && *value != checksum.0.value
        {
            return Err(refusals::bad_checksum(checksum.0.algorithm.name()).into());
        }
        let location = format!("/{}/{}", input.bucket, input.key);
        let (bucket_name, key) = (input.bucket.clone(), input.key.clone());
        let stored = cx.transact(move |cx| complete(cx, &input, &upload, &parts, &listed, checksum)).await?;
        let mut output = CompleteMultipartUploadOutput {
            location: Some(location),
            bucket: Some(bucket_name),
            key: Some(key),
            e_tag: Some(stored.quoted_etag()),
            version_id: stored.version.clone(),
            checksum_type: Some(stored.checksum_type.as_str().into()),
            server_side_encryption: Some(stored.encryption.algorithm.as_str().into()),
            ..Default::default()
        };
        checksum_members::fill!(&mut output, stored.checksum.as_ref());
        Ok(output)
    }
}

/// The decision and its record, in one transaction.
fn complete(
    cx: &mut Cx<'_>,
    input: &CompleteMultipartUploadRequest,
    upload: &Upload,
    parts: &[(u32, Part)],
    listed: &[CompletedPart],
    (checksum, checksum_type): (Checksum, String),
) -> Result<Object> {
    let bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    find_upload(cx, &input.bucket, &input.key, &input.upload_id)?;
    // A part may have been sent again while the checksum was taken.
    if chosen(cx, &input.upload_id, listed)? != parts {
        return Err(Refusal::new("OperationAborted", 409, "A conflicting operation is in progress.").into());
    }
    let current = model::current(cx, &input.bucket, &input.key)?;
    condition::check_write(
        input.if_match.as_deref(),
        input.if_none_match.as_deref(),
        &input.key,
        current.as_ref(),
    )?;
    let size: u64 = parts.iter().map(|(_, part)| part.size).sum();
    if input.mpu_object_size.is_some_and(|said| u64::try_from(said) != Ok(size)) {
        let message = "The provided 'x-amz-mp-object-size' header does not match what was computed.";
        return Err(refusals::invalid_request(message).into());
    }
    let digests: Vec<u8> = parts.iter().flat_map(|(_, part)| part.md5).collect();
    let object = Object {
        version: None,
        sequence: 0,
        segments: parts.iter().flat_map(|(_, part)| part.segments.iter().copied()).collect(),
        size,
        etag: format!("{}-{}", checksum::hex(&checksum::md5(&digests)), parts.len()),
        modified: cx.now(),
        checksum: Some(checksum),
        checksum_type,
        parts: parts
            .iter()
            .map(|(number, part)| PartInfo {
                number: *number,
                size: part.size,
                checksum: upload.algorithm.map(|_| part.checksum.clone()),
            })
            .collect(),
        description: upload.description.clone(),
        encryption: upload.encryption.clone(),
    };
    let stored = model::put_object(cx, &input.bucket, &bucket, &input.key, object)?;
    discard(cx, &input.bucket, &input.key, &input.upload_id)?;
    Ok(stored)
}

/// Forgets an upload and gives back what its parts hold.
pub(super) fn discard(cx: &mut Cx<'_>, bucket: &str, key: &str, id: &str) -> Result<()> {
    for (place, part) in PARTS.all(cx, &id.to_owned())? {
        model::release(cx, &part.segments)?;
        PARTS.delete(cx, &place);
    }
    UPLOADS.delete(cx, &(bucket.to_owned(), key.to_owned(), id.to_owned()));
    Ok(())
}

/// The parts the client lists, checked.
fn chosen(read: &(impl Read + ?Sized), upload: &str, listed: &[CompletedPart]) -> Result<Vec<(u32, Part)>> {
    if listed.is_empty() {
        let message =
            "The XML you provided was not well-formed or did not validate against our published schema";
        return Err(Refusal::new("MalformedXML", 400, message).into());
    }
    let mut parts: Vec<(u32, Part)> = Vec::with_capacity(listed.len());
    for asked in listed {
        let number = super::upload_part::part_number(asked.part_number.unwrap_or(0))?;
        if parts.last().is_some_and(|(last, _)| number <= *last) {
            let message =
                "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(Refusal::new("InvalidPartOrder", 400, message).with("UploadId", upload).into());
        }
        let tag = asked.e_tag.clone().unwrap_or_default();
        let part = PARTS.get(read, &(upload.to_owned(), number))?;
        let part = part.filter(|part| condition::matches(&tag, &checksum::hex(&part.md5))).ok_or_else(|| {
            let message = "One or more of the specified parts could not be found.  The part may not have been \
                           uploaded, or the specified entity tag may not match the part's entity tag.";
            Refusal::new("InvalidPart", 400, message)
                .with("UploadId", upload)
                .with("PartNumber", number.to_string())
                .with("ETag", tag.clone())
        })?;
        let values = checksum_members::values!(asked)?;
        if values.iter().any(|(a, value)| *a == part.checksum.algorithm && *value != part.checksum.value) {
            return Err(refusals::bad_checksum(part.checksum.algorithm.name()).into());
        }
        parts.push((number, part));
    }
    let small = parts[..parts.len() - 1].iter().find(|(_, part)| part.size < PART_BYTES_MIN);
    if let Some((number, part)) = small {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(Refusal::new("EntityTooSmall", 400, message)
            .with("ProposedSize", part.size.to_string())
            .with("MinSizeAllowed", PART_BYTES_MIN.to_string())
            .with("PartNumber", number.to_string())
            .into());
    }
    Ok(parts)
}

/// The object's checksum and its type: of the whole body, or of the parts' checksums.
async fn whole_checksum(cx: &ServeCx, upload: &Upload, parts: &[(u32, Part)]) -> Result<(Checksum, String)> {
    let algorithm = upload.algorithm.unwrap_or(Algorithm::Crc64nvme);
    let kind = upload.checksum_type.clone().unwrap_or_else(|| default_type(algorithm).to_owned());
    if kind == "COMPOSITE" {
        let sums: Vec<u8> = parts
            .iter()
            .flat_map(|(_, part)| BASE64.decode(&part.checksum.value).unwrap_or_default())
            .collect();
        let sum = checksum::of(algorithm, &sums);
        return Ok((Checksum { algorithm, value: format!("{}-{}", sum.value, parts.len()) }, kind));
    }
    if let [(_, part)] = parts
        && part.checksum.algorithm == algorithm
    {
        return Ok((part.checksum.clone(), kind));
    }
    let segments: Vec<Segment> = parts.iter().flat_map(|(_, part)| part.segments.iter().copied()).collect();
    let size = parts.iter().map(|(_, part)| part.size).sum();
    let stream = body::send(cx.blobs(), &segments, 0, size).await?;
    let (stream, meter) = Meter::attach(stream, algorithm);
    body::drain(stream).await?;
    Ok((meter.finish().checksum, kind))
}
