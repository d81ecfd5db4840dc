//! AWS regions, and the partition each belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A region's name, such as `eu-central-1`.
///
/// ```
/// use updraft_types::Region;
/// let region: Region = "cn-north-1".parse().unwrap();
/// assert_eq!(region.partition(), "aws-cn");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// The longest region name we accept; AWS's longest today is 15 characters.
const REGION_LENGTH_MAX: usize = 32;

impl Region {
    /// `us-east-1`, which AWS's own clients fall back to for global services.
    #[must_use]
    pub fn us_east_1() -> Self {
        Self("us-east-1".into())
    }

    /// The region's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition the region's name belongs to.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The DNS suffix of service endpoints in the region's partition.
    #[must_use]
    pub fn dns_suffix(&self) -> &'static str {
        if self.partition() == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let named = !text.is_empty() && text.len() <= REGION_LENGTH_MAX && text.bytes().all(plain);
        if named { Ok(Self(text.into())) } else { Err(RegionError) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::scope::serde_by_text!(Region);

/// The text cannot be a region's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is named with lower-case letters, digits and hyphens, such as us-east-1")]
pub struct RegionError;
