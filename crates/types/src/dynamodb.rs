//! The names of DynamoDB: tables and their indexes.

use std::fmt;
use std::str::FromStr;

use crate::arn::{Arn, Regional, Resource};
use crate::{AccountId, Region, Scope};

/// A table's name: 3 to 255 letters, digits and `_.-`.
///
/// ```
/// use updraft_types::dynamodb::TableName;
/// assert!("shop.orders_1".parse::<TableName>().is_ok());
/// assert!("ab".parse::<TableName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName(Box<str>);

/// The lengths of table and index names ("Quotas", DynamoDB Developer Guide, read 2026-11).
pub const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=255;

impl TableName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ARN of one of the table's indexes.
    #[must_use]
    pub fn index_arn(&self, scope: &Scope, index: &str) -> Arn {
        Regional("dynamodb", &format!("table/{}/index/{index}", self.0)).arn(scope)
    }

    /// The table an ARN names, with its account and region; what follows the name is left out.
    #[must_use]
    pub fn of_arn(arn: &Arn) -> Option<(AccountId, Region, Self)> {
        let name = arn.resource().strip_prefix("table/")?.split('/').next()?;
        if arn.service() == "dynamodb" {
            Some((arn.account()?, arn.region()?, name.parse().ok()?))
        } else {
            None
        }
    }
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"_.-".contains(&c);
        let sound = NAME_LENGTHS.contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(TableNameError) }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for TableName {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("dynamodb", &format!("table/{}", self.0)).arn(scope)
    }
}

crate::scope::serde_by_text!(TableName);

/// The text is not a table's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a table's name has 3 to 255 letters, digits and _.-")]
pub struct TableNameError;
