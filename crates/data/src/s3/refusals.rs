//! S3's errors, with the texts and the members AWS answers them with.
//!
//! Source: "Error responses", Amazon S3 API reference (read 2026-11), and recorded answers.

use updraft_api::Refusal;

pub(crate) fn no_such_bucket(bucket: &str) -> Refusal {
    Refusal::new("NoSuchBucket", 404, "The specified bucket does not exist").with("BucketName", bucket)
}

pub(crate) fn invalid_bucket_name(bucket: &str) -> Refusal {
    Refusal::new("InvalidBucketName", 400, "The specified bucket is not valid.").with("BucketName", bucket)
}

pub(crate) fn no_such_key(key: &str) -> Refusal {
    Refusal::new("NoSuchKey", 404, "The specified key does not exist.").with("Key", key)
}

pub(crate) fn key_too_long(length: usize) -> Refusal {
    Refusal::new("KeyTooLongError", 400, "Your key is too long")
        .with("Size", length.to_string())
        .with("MaxSizeAllowed", updraft_types::s3::KEY_BYTES_MAX.to_string())
}

pub(crate) fn no_such_version(key: &str, version: &str) -> Refusal {
    Refusal::new("NoSuchVersion", 404, "The specified version does not exist.")
        .with("Key", key)
        .with("VersionId", version)
}

pub(crate) fn delete_marker_read(resource_type: &str) -> Refusal {
    Refusal::new("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
        .with("Method", "GET")
        .with("ResourceType", resource_type)
}

pub(crate) fn no_such_upload(upload: &str) -> Refusal {
    Refusal::new(
        "NoSuchUpload",
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
         aborted or completed.",
    )
    .with("UploadId", upload)
}

pub(crate) fn precondition_failed(condition: &'static str) -> Refusal {
    Refusal::new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
        .with("Condition", condition)
}

pub(crate) fn not_modified() -> Refusal {
    Refusal::new("NotModified", 304, "Not Modified")
}

pub(crate) fn invalid_argument(message: &str, name: &str, value: &str) -> Refusal {
    Refusal::new("InvalidArgument", 400, message).with("ArgumentName", name).with("ArgumentValue", value)
}

pub(crate) fn invalid_request(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidRequest", 400, message)
}

pub(crate) fn invalid_range(asked: &str, size: u64) -> Refusal {
    Refusal::new("InvalidRange", 416, "The requested range is not satisfiable")
        .with("ActualObjectSize", size.to_string())
        .with("RangeRequested", asked)
}

pub(crate) fn bad_digest() -> Refusal {
    Refusal::new("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
}

pub(crate) fn bad_checksum(algorithm: &str) -> Refusal {
    Refusal::new(
        "BadDigest",
        400,
        format!("The {algorithm} you specified did not match the calculated checksum."),
    )
}

pub(crate) fn entity_too_large(size: u64, size_max: u64) -> Refusal {
    Refusal::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
        .with("ProposedSize", size.to_string())
        .with("MaxSizeAllowed", size_max.to_string())
}

/// A feature of S3 that this engine does not have, refused by name.
pub(crate) fn not_implemented(feature: &str) -> Refusal {
    Refusal::new(
        "NotImplemented",
        501,
        format!("A header or query you provided requests a function that is not implemented: {feature}"),
    )
}
