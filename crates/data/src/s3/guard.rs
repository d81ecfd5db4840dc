//! What every operation asks first: which accesses IAM must allow, and whether the bucket is there.

use updraft_api::Refusal;
use updraft_kernel::{Access, Read, Result};
use updraft_types::s3::{BucketName, Object, ObjectKey};
use updraft_types::{Resource as _, Scope};

use super::model::{BUCKETS, Bucket};
use super::refusals;

/// A bucket's name as S3 reads it, or the refusal of it.
pub(crate) fn bucket_name(name: &str) -> Result<BucketName, Refusal> {
    name.parse().map_err(|_| refusals::invalid_bucket_name(name))
}

/// An object's key, or the refusal of it.
pub(crate) fn object_key(key: &str) -> Result<ObjectKey, Refusal> {
    key.parse().map_err(|_| refusals::key_too_long(key.len()))
}

/// An action on a bucket.
pub(crate) fn on_bucket(scope: &Scope, action: &'static str, bucket: &str) -> Result<Vec<Access>> {
    Ok(vec![Access::to(action, bucket_name(bucket)?.arn(scope))])
}

/// An action on an object.
pub(crate) fn on_object(scope: &Scope, action: &'static str, bucket: &str, key: &str) -> Result<Vec<Access>> {
    Ok(vec![object_access(scope, action, bucket, key)?])
}

/// An action on one object.
pub(crate) fn object_access(
    scope: &Scope,
    action: &'static str,
    bucket: &str,
    key: &str,
) -> Result<Access, Refusal> {
    let (bucket, key) = (bucket_name(bucket)?, object_key(key)?);
    Ok(Access::to(action, Object { bucket: &bucket, key: &key }.arn(scope)))
}

/// Listing a bucket, with the condition keys that policies narrow it by.
pub(crate) fn on_listing(
    scope: &Scope,
    action: &'static str,
    bucket: &str,
    prefix: Option<&str>,
    delimiter: Option<&str>,
    keys_max: Option<i32>,
) -> Result<Vec<Access>> {
    let mut access = Access::to(action, bucket_name(bucket)?.arn(scope));
    let given = [
        ("s3:prefix", prefix.map(str::to_owned)),
        ("s3:delimiter", delimiter.map(str::to_owned)),
        ("s3:max-keys", keys_max.map(|n| n.to_string())),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            access = access.with(key, [value]);
        }
    }
    Ok(vec![access])
}

/// The bucket, if it is there and belongs to whom the caller expects.
pub(crate) fn bucket(read: &(impl Read + ?Sized), name: &str, owner: Option<&str>) -> Result<Bucket> {
    let bucket = BUCKETS.get(read, &name.to_owned())?.ok_or_else(|| refusals::no_such_bucket(name))?;
    match owner {
        Some(owner) if owner != bucket.account.as_str() => {
            Err(Refusal::new("AccessDenied", 403, "Access Denied").into())
        }
        _ => Ok(bucket),
    }
}

/// The canonical user id AWS shows for an owner; ours is the account's id, padded.
pub(crate) fn canonical_id(account: &str) -> String {
    format!("{account:0>64}")
}
