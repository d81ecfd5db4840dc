//! The names of CloudWatch Logs: groups, streams, and their ARNs.

use std::fmt;
use std::str::FromStr;

use crate::arn::Regional;
use crate::{Arn, Resource, Scope};

/// The longest name of a group or a stream (`LogGroupName`, `LogStreamName` in the API model).
const NAME_LENGTH_MAX: usize = 512;

/// A log group's name: letters, digits and `_ - / . #`.
///
/// ```
/// use updraft_types::logs::LogGroupName;
/// assert!("/aws/lambda/cart".parse::<LogGroupName>().is_ok());
/// assert!("two words".parse::<LogGroupName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogGroupName(Box<str>);

impl LogGroupName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ARN that also stands for the group's streams, `…:log-group:NAME:*`, as
    /// `DescribeLogGroups` shows it.
    #[must_use]
    pub fn arn_with_streams(&self, scope: &Scope) -> Arn {
        Regional("logs", &format!("log-group:{}:*", self.0)).arn(scope)
    }

    /// What IAM is asked about for calls on a group: `…:log-group:NAME:log-stream:`. It is matched
    /// by `…:log-group:NAME:*`, the form that policies use.
    #[must_use]
    pub fn access_arn(&self, scope: &Scope) -> Arn {
        Regional("logs", &format!("log-group:{}:log-stream:", self.0)).arn(scope)
    }

    /// One of the group's streams.
    #[must_use]
    pub fn stream<'a>(&'a self, stream: &'a LogStreamName) -> LogStream<'a> {
        LogStream { group: self, stream }
    }

    /// The name in a group's ARN, with or without `:*`.
    pub fn from_arn(arn: &Arn) -> Result<Self, NameError> {
        let resource = arn.resource().strip_prefix("log-group:").filter(|_| arn.service() == "logs");
        let name = resource.ok_or(NameError)?;
        name.strip_suffix(":*").unwrap_or(name).parse()
    }
}

/// What IAM is asked about for calls on all groups: `…:log-group::log-stream:`.
#[must_use]
pub fn all_groups_arn(scope: &Scope) -> Arn {
    Regional("logs", "log-group::log-stream:").arn(scope)
}

impl FromStr for LogGroupName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-/#".contains(&c);
        let sound = (1..=NAME_LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for LogGroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for LogGroupName {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("logs", &format!("log-group:{}", self.0)).arn(scope)
    }
}

/// A log stream's name: anything without `:` and `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogStreamName(Box<str>);

impl LogStreamName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogStreamName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length = text.chars().count();
        let sound = (1..=NAME_LENGTH_MAX).contains(&length) && !text.contains([':', '*']);
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for LogStreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stream in its group.
#[derive(Debug, Clone, Copy)]
pub struct LogStream<'a> {
    /// The group.
    pub group: &'a LogGroupName,
    /// The stream.
    pub stream: &'a LogStreamName,
}

impl Resource for LogStream<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("logs", &format!("log-group:{}:log-stream:{}", self.group, self.stream)).arn(scope)
    }
}

crate::scope::serde_by_text!(LogGroupName);
crate::scope::serde_by_text!(LogStreamName);

/// The text is not a name of a log group or a log stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name of a log group or a log stream")]
pub struct NameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_both_forms_of_arn() {
        for text in [
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cart",
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cart:*",
        ] {
            let arn: Arn = text.parse().unwrap();
            assert_eq!(LogGroupName::from_arn(&arn).unwrap().as_str(), "/aws/lambda/cart");
        }
        for text in [
            "arn:aws:logs:us-east-1:123456789012:log-stream:a",
            "arn:aws:sqs:us-east-1:123456789012:log-group:a",
        ] {
            assert!(LogGroupName::from_arn(&text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn stream_names_hold_what_lambda_puts_in_them() {
        assert!("2026/11/23/[$LATEST]0123abcd".parse::<LogStreamName>().is_ok());
        for text in ["", "a:b", "a*"] {
            assert!(text.parse::<LogStreamName>().is_err(), "{text}");
        }
    }
}
