//! The names of Amazon S3: buckets and object keys.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::arn::Bare;
use crate::{Arn, Resource, Scope};

/// A bucket's name.
///
/// Rules: "Bucket naming rules", Amazon S3 user guide (read 2026-11).
///
/// ```
/// use updraft_types::s3::BucketName;
/// assert!("shop-artifacts.eu".parse::<BucketName>().is_ok());
/// for wrong in ["ab", "Shop", "-shop", "a..b", "192.168.5.4", "xn--shop", "shop-s3alias"] {
///     assert!(wrong.parse::<BucketName>().is_err(), "{wrong}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Box<str>);

/// Prefixes and suffixes that AWS keeps for itself.
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 4] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3"];

impl BucketName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.');
        let edge = |c: Option<&u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let bytes = text.as_bytes();
        let sound = (3..=63).contains(&bytes.len())
            && bytes.iter().copied().all(plain)
            && edge(bytes.first())
            && edge(bytes.last())
            && !text.contains("..")
            && text.parse::<Ipv4Addr>().is_err()
            && !RESERVED_PREFIXES.iter().any(|p| text.starts_with(p))
            && !RESERVED_SUFFIXES.iter().any(|s| text.ends_with(s));
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for BucketName {
    fn arn(&self, scope: &Scope) -> Arn {
        Bare("s3", &self.0).arn(scope)
    }
}

/// An object's key: one to 1,024 bytes of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Box<str>);

/// The longest key, in bytes ("Object key naming", Amazon S3 user guide).
pub const KEY_BYTES_MAX: usize = 1_024;

impl ObjectKey {
    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ObjectKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (1..=KEY_BYTES_MAX).contains(&text.len()) { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

/// An object in a bucket, for its ARN.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The bucket's name.
    pub bucket: &'a BucketName,
    /// The object's key.
    pub key: &'a ObjectKey,
}

impl Resource for Object<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Bare("s3", &format!("{}/{}", self.bucket, self.key.as_str())).arn(scope)
    }
}

/// The text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name")]
pub struct NameError;
