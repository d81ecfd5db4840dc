//! `GetObject`.

use updraft_api::Refusal;
use updraft_api::s3::ops::GetObject;
use updraft_api::s3::{GetObjectOutput, GetObjectRequest};
use updraft_kernel::{Access, Read, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::s3::condition::ReadConditions;
use crate::s3::model::{self, Found, Object};
use crate::s3::range::{self, Asked};
use crate::s3::{S3, body, describe, guard, refusals};

impl Serve<GetObject> for S3 {
    fn access(&self, scope: &Scope, input: &GetObjectRequest) -> Result<Vec<Access>> {
        let action = if input.version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    async fn serve(&self, cx: ServeCx, input: GetObjectRequest) -> Result<GetObjectOutput> {
        if input.sse_customer_algorithm.is_some() {
            return Err(refusals::not_implemented("x-amz-server-side-encryption-customer-algorithm").into());
        }
        let object = cx.view(|view| {
            guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
            find(view, &input.bucket, &input.key, input.version_id.as_deref())
        })?;
        let conditions = ReadConditions {
            if_match: input.if_match.as_deref(),
            if_none_match: input.if_none_match.as_deref(),
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        conditions.check(&object).map_err(Refusal::from)?;
        let slice = slice(&object, input.range.as_deref(), input.part_number)?;
        let with_checksum = slice.range.is_none()
            && input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == "ENABLED");
        let mut output = describe::answer!(GetObjectOutput, &object, with_checksum);
        output.body = Some(body::send(cx.blobs(), &object.segments, slice.offset, slice.length).await?);
        output.content_length = Some(slice.length as i64);
        output.content_range = slice.range;
        output.parts_count = slice.parts;
        // What a signed request asks the answer to say instead.
        let instead = |said: &mut Option<String>, asked: Option<String>| *said = asked.or(said.take());
        instead(&mut output.cache_control, input.response_cache_control);
        instead(&mut output.content_disposition, input.response_content_disposition);
        instead(&mut output.content_encoding, input.response_content_encoding);
        instead(&mut output.content_language, input.response_content_language);
        instead(&mut output.content_type, input.response_content_type);
        instead(&mut output.expires, input.response_expires.map(|at| at.http_date()));
        Ok(output)
    }
}

/// The object a read is for.
pub(super) fn find(
    read: &(impl Read + ?Sized),
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<Object> {
    let found = match version {
        None => model::current(read, bucket, key)?,
        Some(id) => {
            Some(model::version(read, bucket, key, id)?.ok_or_else(|| refusals::no_such_version(key, id))?)
        }
    };
    match (found, version) {
        (Some(Found::Object(object)), _) => Ok(*object),
        (Some(Found::DeleteMarker { .. }), Some(_)) => {
            Err(refusals::delete_marker_read("DeleteMarker").into())
        }
        (Some(Found::DeleteMarker { .. }) | None, _) => Err(refusals::no_such_key(key).into()),
    }
}

/// The part of an object that a read is for.
pub(super) struct Slice {
    pub(super) offset: u64,
    pub(super) length: u64,
    /// The `Content-Range`, where it is not the whole object.
    pub(super) range: Option<String>,
    /// How many parts the object has, where a part was asked for.
    pub(super) parts: Option<i32>,
}

/// The bytes asked for by range or by part number.
pub(super) fn slice(object: &Object, range: Option<&str>, part: Option<i32>) -> Result<Slice, Refusal> {
    if let Some(number) = part {
        if range.is_some() {
            return Err(refusals::invalid_request(
                "Cannot specify both Range header and partNumber query parameter",
            ));
        }
        return part_slice(object, number);
    }
    match range::read(range, object.size) {
        Asked::Whole => Ok(Slice { offset: 0, length: object.size, range: None, parts: None }),
        Asked::Bytes(first, last) => Ok(Slice {
            offset: first,
            length: last - first + 1,
            range: Some(format!("bytes {first}-{last}/{}", object.size)),
            parts: None,
        }),
        Asked::OutOfRange => Err(refusals::invalid_range(range.unwrap_or_default(), object.size)),
    }
}

fn part_slice(object: &Object, number: i32) -> Result<Slice, Refusal> {
    let missing = || Refusal::new("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
    if object.parts.is_empty() {
        if number != 1 {
            return Err(missing());
        }
        return Ok(Slice { offset: 0, length: object.size, range: None, parts: None });
    }
    let mut offset = 0;
    for part in &object.parts {
        if i64::from(part.number) == i64::from(number) {
            let range = format!("bytes {offset}-{}/{}", (offset + part.size).saturating_sub(1), object.size);
            let parts = Some(object.parts.len() as i32);
            return Ok(Slice { offset, length: part.size, range: Some(range), parts });
        }
        offset += part.size;
    }
    Err(missing())
}
