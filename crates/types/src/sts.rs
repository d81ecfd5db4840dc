//! The names of STS: sessions of roles.

use std::fmt;
use std::str::FromStr;

use crate::arn::{Arn, Global, Resource};
use crate::iam::EntityName;
use crate::{AccountId, Region, Scope};

/// The name of a role's session: 2 to 64 letters, digits and `+=,.@_-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(Box<str>);

/// The lengths of session names ("AssumeRole", AWS STS API reference, read 2026-11).
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=64;

impl SessionName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = SessionNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"_+=,.@-".contains(&c);
        let sound = LENGTHS.contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(SessionNameError) }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of a session of a role: the role's path is not part of it.
///
/// ```
/// use updraft_types::{Region, sts};
/// let arn = sts::session_arn(
///     "123456789012".parse().unwrap(),
///     &Region::us_east_1(),
///     &"app".parse().unwrap(),
///     &"one".parse().unwrap(),
/// );
/// assert_eq!(arn.as_str(), "arn:aws:sts::123456789012:assumed-role/app/one");
/// ```
#[must_use]
pub fn session_arn(account: AccountId, region: &Region, role: &EntityName, session: &SessionName) -> Arn {
    Global("sts", &format!("assumed-role/{role}/{session}")).arn(&Scope::new(account, region.clone()))
}

/// The text is not a session's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session's name has 2 to 64 letters, digits and +=,.@_-")]
pub struct SessionNameError;
