//! The names of IAM: roles and policies, and the paths they live under.

use std::fmt;
use std::str::FromStr;

use crate::arn::{Arn, Global, Resource};
use crate::{AccountId, Region, Scope};

/// The longest role name ("IAM and AWS STS quotas", IAM User Guide, read 2026-11).
pub const ROLE_NAME_LENGTH_MAX: usize = 64;
/// The longest policy name (same source).
pub const POLICY_NAME_LENGTH_MAX: usize = 128;
/// The longest path (same source).
pub const PATH_LENGTH_MAX: usize = 512;

/// A role's or a policy's name: letters, digits and `+=,.@_-`. Names differ by more than case.
///
/// ```
/// use updraft_types::iam::EntityName;
/// assert!("shop-CartRole_1".parse::<EntityName>().is_ok());
/// assert!("shop/cart".parse::<EntityName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityName(Box<str>);

impl EntityName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What names that differ only by case have in common.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for EntityName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"_+=,.@-".contains(&c);
        let sound = (1..=POLICY_NAME_LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::scope::serde_by_text!(EntityName);

/// The path of a role or policy: `/`, or names between slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityPath(Box<str>);

impl EntityPath {
    /// The path's text, which begins and ends with a slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for EntityPath {
    fn default() -> Self {
        Self("/".into())
    }
}

impl FromStr for EntityPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|c| (0x21..=0x7e).contains(&c));
        let sound = text.starts_with('/') && text.ends_with('/') && text.len() <= PATH_LENGTH_MAX && plain;
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for EntityPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

crate::scope::serde_by_text!(EntityPath);

/// A role, to be named in an ARN.
#[derive(Debug, Clone, Copy)]
pub struct RoleAt<'a> {
    /// Its path.
    pub path: &'a EntityPath,
    /// Its name.
    pub name: &'a EntityName,
}

impl Resource for RoleAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Global("iam", &format!("role{}{}", self.path, self.name)).arn(scope)
    }
}

/// A policy of an account, to be named in an ARN.
#[derive(Debug, Clone, Copy)]
pub struct PolicyAt<'a> {
    /// Its path.
    pub path: &'a EntityPath,
    /// Its name.
    pub name: &'a EntityName,
}

impl Resource for PolicyAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Global("iam", &format!("policy{}{}", self.path, self.name)).arn(scope)
    }
}

/// A policy that AWS keeps, to be named in an ARN of no account.
#[must_use]
pub fn aws_managed_policy_arn(region: &Region, path: &str, name: &str) -> Arn {
    let text = format!("arn:{}:iam::aws:policy{path}{name}", region.partition());
    text.parse().expect("an ARN composed of valid parts parses")
}

/// The ARN of a policy that AWS manages, by its path and name in a partition.
#[must_use]
pub fn aws_managed_policy(partition: &str, path: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/{path}")
}

/// Whether an ARN names a policy that AWS keeps.
#[must_use]
pub fn is_aws_managed(arn: &Arn) -> bool {
    let owner = arn.as_str().split(':').nth(4);
    arn.service() == "iam" && owner == Some("aws") && arn.resource().starts_with("policy/")
}

/// The ARN of an account's root.
#[must_use]
pub fn root_arn(account: AccountId, region: &Region) -> Arn {
    Global("iam", "root").arn(&Scope::new(account, region.clone()))
}

/// The role an ARN names, if it names one: its account and its name without the path.
///
/// ```
/// use updraft_types::{Arn, iam};
/// let arn: Arn = "arn:aws:iam::123456789012:role/service/app".parse().unwrap();
/// assert_eq!(iam::role_of(&arn).unwrap().1.as_str(), "app");
/// ```
#[must_use]
pub fn role_of(arn: &Arn) -> Option<(AccountId, EntityName)> {
    let path = arn.resource().strip_prefix("role/")?;
    let name = path.rsplit('/').next()?.parse().ok()?;
    if arn.service() == "iam" { Some((arn.account()?, name)) } else { None }
}

/// The policy of an account that an ARN names, if it names one.
#[must_use]
pub fn policy_of(arn: &Arn) -> Option<(AccountId, EntityName)> {
    let path = arn.resource().strip_prefix("policy/")?;
    let name = path.rsplit('/').next()?.parse().ok()?;
    if arn.service() == "iam" { Some((arn.account()?, name)) } else { None }
}

/// The text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names of IAM have letters, digits and +=,.@_-")]
pub struct NameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_composed_and_taken_apart() {
        let scope = Scope::new("123456789012".parse().unwrap(), Region::us_east_1());
        let (path, name) = ("/a/b/".parse().unwrap(), "app".parse().unwrap());
        let role = RoleAt { path: &path, name: &name }.arn(&scope);
        assert_eq!(role.as_str(), "arn:aws:iam::123456789012:role/a/b/app");
        assert_eq!(role_of(&role), Some((scope.account, name.clone())));
        let policy = PolicyAt { path: &EntityPath::default(), name: &name }.arn(&scope);
        assert_eq!(policy.as_str(), "arn:aws:iam::123456789012:policy/app");
        assert_eq!(policy_of(&policy), Some((scope.account, name)));
        assert!(!is_aws_managed(&policy));
        let managed = aws_managed_policy_arn(&scope.region, "/service-role/", "X");
        assert_eq!(managed.as_str(), "arn:aws:iam::aws:policy/service-role/X");
        assert!(is_aws_managed(&managed));
        assert!(role_of(&policy).is_none() && policy_of(&managed).is_none());
        assert!("a/b".parse::<EntityPath>().is_err() && "/a b/".parse::<EntityPath>().is_err());
    }
}
