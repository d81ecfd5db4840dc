//! An object's description: from the members of requests into records, and back into answers.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_api::s3::Tag;
use updraft_kernel::Result;

use super::model::{Bucket, Encryption};
use super::refusals;

/// User metadata may take 2 KB in all ("User-defined object metadata", Amazon S3 user guide).
const METADATA_BYTES_MAX: usize = 2_048;

/// An object has at most ten tags, a bucket fifty ("Object tagging", Amazon S3 user guide).
pub(crate) const OBJECT_TAGS_MAX: usize = 10;
pub(crate) const BUCKET_TAGS_MAX: usize = 50;

/// The description that a request's members give; the same members stand in three shapes.
macro_rules! description {
    ($input:expr) => {{
        let input = $input;
        $crate::s3::describe::metadata_fits(input.metadata.as_ref())
            .and_then(|()| $crate::s3::describe::tags_of_header(input.tagging.as_deref()))
            .map(|tags| $crate::s3::model::Description {
                content_type: input.content_type.clone(),
                cache_control: input.cache_control.clone(),
                content_disposition: input.content_disposition.clone(),
                content_encoding: $crate::s3::describe::own_encoding(input.content_encoding.as_deref()),
                content_language: input.content_language.clone(),
                expires: input.expires.clone(),
                website_redirect: input.website_redirect_location.clone(),
                storage_class: input.storage_class.as_ref().map(|class| class.as_str().to_owned()),
                metadata: input.metadata.clone().unwrap_or_default(),
                tags,
            })
    }};
}
pub(crate) use description;

/// Refuses what a write asks for and this engine does not have.
macro_rules! refuse_unbuilt {
    ($input:expr) => {{
        let input = $input;
        let private = |acl: &str| matches!(acl, "private" | "bucket-owner-full-control");
        let asked = [
            ("x-amz-acl", input.acl.as_ref().is_some_and(|acl| !private(acl.as_str()))),
            ("x-amz-grant-full-control", input.grant_full_control.is_some()),
            ("x-amz-grant-read", input.grant_read.is_some()),
            ("x-amz-grant-read-acp", input.grant_read_acp.is_some()),
            ("x-amz-grant-write-acp", input.grant_write_acp.is_some()),
            ("x-amz-server-side-encryption-customer-algorithm", input.sse_customer_algorithm.is_some()),
            ("x-amz-object-lock-mode", input.object_lock_mode.is_some()),
            ("x-amz-object-lock-legal-hold", input.object_lock_legal_hold_status.is_some()),
        ];
        match asked.iter().find(|(_, asked)| *asked) {
            Some((feature, _)) => Err($crate::s3::refusals::not_implemented(feature)),
            None => Ok(()),
        }
    }};
}
pub(crate) use refuse_unbuilt;

/// Writes an object's description, versions and sums into the answer of a read.
macro_rules! answer {
    ($shape:ident, $object:expr, $with_checksum:expr) => {{
        let object: &$crate::s3::model::Object = $object;
        let about = &object.description;
        let mut answer = $shape {
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(object.modified),
            e_tag: Some(object.quoted_etag()),
            version_id: object.version.clone(),
            content_type: Some(
                about.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned()),
            ),
            cache_control: about.cache_control.clone(),
            content_disposition: about.content_disposition.clone(),
            content_encoding: about.content_encoding.clone(),
            content_language: about.content_language.clone(),
            expires: about.expires.clone(),
            website_redirect_location: about.website_redirect.clone(),
            storage_class: about.storage_class.as_deref().filter(|c| *c != "STANDARD").map(Into::into),
            metadata: Some(about.metadata.clone()),
            server_side_encryption: Some(object.encryption.algorithm.as_str().into()),
            ssekms_key_id: object.encryption.key_id.clone(),
            bucket_key_enabled: object.encryption.bucket_key.then_some(true),
            tag_count: Some(about.tags.len() as i32).filter(|n| *n > 0),
            ..Default::default()
        };
        if $with_checksum {
            $crate::s3::checksum_members::fill!(&mut answer, object.checksum.as_ref());
            answer.checksum_type = Some(object.checksum_type.as_str().into());
        }
        answer
    }};
}
pub(crate) use answer;

/// The encryption a write asks for, or the bucket's.
pub(crate) fn encryption(
    asked: Option<&str>,
    key_id: Option<&str>,
    bucket: &Bucket,
) -> Result<Encryption, Refusal> {
    match asked {
        None => Ok(bucket.encryption.clone()),
        Some("AES256") => Ok(Encryption::default()),
        Some("aws:kms") if key_id.is_none() => {
            Ok(Encryption { algorithm: "aws:kms".to_owned(), ..Encryption::default() })
        }
        Some(other) => Err(refusals::not_implemented(&format!(
            "server-side encryption {other}{}",
            key_id.map(|_| " with a key").unwrap_or_default()
        ))),
    }
}

/// Whether user metadata keeps within S3's bound.
pub(crate) fn metadata_fits(metadata: Option<&BTreeMap<String, String>>) -> Result<(), Refusal> {
    let size: usize = metadata.into_iter().flatten().map(|(name, value)| name.len() + value.len()).sum();
    if size <= METADATA_BYTES_MAX {
        return Ok(());
    }
    let message = "Your metadata headers exceed the maximum allowed metadata size";
    Err(Refusal::new("MetadataTooLarge", 400, message)
        .with("Size", size.to_string())
        .with("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()))
}

/// `aws-chunked` describes the transfer, not the object.
pub(crate) fn own_encoding(header: Option<&str>) -> Option<String> {
    let codings: Vec<_> =
        header?.split(',').map(str::trim).filter(|c| !matches!(*c, "" | "aws-chunked")).collect();
    (!codings.is_empty()).then(|| codings.join(","))
}

/// Tags from the `x-amz-tagging` header: a query string.
pub(crate) fn tags_of_header(header: Option<&str>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = Vec::new();
    for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let malformed = || {
            refusals::invalid_argument(
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
                "x-amz-tagging",
                header.unwrap_or_default(),
            )
        };
        let (key, value) = (decode(key).ok_or_else(malformed)?, decode(value).ok_or_else(malformed)?);
        tags.push(Tag { key, value });
    }
    tag_map(tags, OBJECT_TAGS_MAX)
}

/// Tags as a map, checked ("Object tagging", Amazon S3 user guide).
pub(crate) fn tag_map(tags: Vec<Tag>, count_max: usize) -> Result<BTreeMap<String, String>, Refusal> {
    if tags.len() > count_max {
        let message = match count_max {
            OBJECT_TAGS_MAX => "Object tags cannot be greater than 10".to_owned(),
            _ => format!("Bucket tag count cannot be greater than {count_max}"),
        };
        return Err(Refusal::new("BadRequest", 400, message));
    }
    let mut map = BTreeMap::new();
    for Tag { key, value } in tags {
        let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c);
        if !(1..=128).contains(&key.chars().count()) || !key.chars().all(allowed) {
            return Err(Refusal::new("InvalidTag", 400, "The TagKey you have provided is invalid")
                .with("TagKey", key));
        }
        if value.chars().count() > 256 || !value.chars().all(allowed) {
            return Err(Refusal::new("InvalidTag", 400, "The TagValue you have provided is invalid")
                .with("TagValue", value));
        }
        if key.starts_with("aws:") {
            return Err(Refusal::new("InvalidTag", 400, "System tags cannot be added/updated by requester"));
        }
        if map.insert(key.clone(), value).is_some() {
            return Err(Refusal::new("InvalidTag", 400, "Cannot provide multiple Tags with the same key")
                .with("TagKey", key));
        }
    }
    Ok(map)
}

/// Tags as the API lists them.
pub(crate) fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
}

/// Percent-decoding of a query string's part.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagging_headers_are_read_and_bounded() {
        let tags = tags_of_header(Some("team=shop&cost%20centre=a%2Fb")).unwrap();
        assert_eq!(tags["cost centre"], "a/b");
        assert_eq!(tags_of_header(Some("a=1&a=2")).unwrap_err().code, "InvalidTag");
        let eleven = (0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(tags_of_header(Some(&eleven)).unwrap_err().code, "BadRequest");
        assert_eq!(tags_of_header(Some("a=%f")).unwrap_err().code, "InvalidArgument");
    }

    #[test]
    fn the_transfer_coding_is_not_the_objects() {
        assert_eq!(own_encoding(Some("aws-chunked")), None);
        assert_eq!(own_encoding(Some("gzip,aws-chunked")), Some("gzip".to_owned()));
        assert_eq!(own_encoding(Some("gzip")), Some("gzip".to_owned()));
    }
}
