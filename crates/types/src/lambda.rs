//! The names of AWS Lambda: functions, versions, aliases, and the forms in which callers name them.

use std::fmt;
use std::str::FromStr;

use crate::arn::Regional;
use crate::{AccountId, Arn, Region, Resource, Scope};

/// A function's name: 1 to 64 letters, digits, hyphens and underscores.
///
/// ```
/// use updraft_types::lambda::FunctionName;
/// assert!("shop-cart_1".parse::<FunctionName>().is_ok());
/// assert!("shop cart".parse::<FunctionName>().is_err());
/// assert!("x".repeat(65).parse::<FunctionName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionName(Box<str>);

/// The longest function name ("CreateFunction", Lambda API reference, read 2026-11).
pub const FUNCTION_NAME_LENGTH_MAX: usize = 64;

/// The longest alias name, and so the longest qualifier (same source, "CreateAlias").
pub const ALIAS_NAME_LENGTH_MAX: usize = 128;

/// Whether a character may stand in the name of a function or an alias.
fn plain(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')
}

impl FunctionName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ARN of one of the function's qualifiers.
    #[must_use]
    pub fn qualified_arn(&self, scope: &Scope, qualifier: &Qualifier) -> Arn {
        Regional("lambda", &format!("function:{}:{qualifier}", self.0)).arn(scope)
    }
}

impl FromStr for FunctionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = (1..=FUNCTION_NAME_LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for FunctionName {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("lambda", &format!("function:{}", self.0)).arn(scope)
    }
}

crate::scope::serde_by_text!(FunctionName);

/// What follows a function's name: which of its versions is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    /// `$LATEST`, the version that can be changed.
    Latest,
    /// A published version.
    Version(u64),
    /// An alias.
    Alias(Box<str>),
}

impl FromStr for Qualifier {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let short = (1..=ALIAS_NAME_LENGTH_MAX).contains(&text.len());
        if text == "$LATEST" {
            Ok(Self::Latest)
        } else if text.bytes().all(|c| c.is_ascii_digit()) {
            text.parse().map(Self::Version).map_err(|_| NameError)
        } else if short && text.bytes().all(plain) {
            Ok(Self::Alias(text.into()))
        } else {
            Err(NameError)
        }
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Version(number) => number.fmt(f),
            Self::Alias(name) => f.write_str(name),
        }
    }
}

crate::scope::serde_by_text!(Qualifier);

/// A function as a caller names it: by name, by part of its ARN, or by the whole, with or without
/// a qualifier.
///
/// ```
/// use updraft_types::lambda::{FunctionRef, Qualifier};
/// let whole: FunctionRef = "arn:aws:lambda:us-east-1:123456789012:function:cart:7".parse().unwrap();
/// assert_eq!(whole.name.as_str(), "cart");
/// assert_eq!(whole.qualifier, Some(Qualifier::Version(7)));
/// let part: FunctionRef = "123456789012:function:cart".parse().unwrap();
/// assert_eq!((part.account.unwrap().as_str(), part.qualifier), ("123456789012", None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionRef {
    /// The function's name.
    pub name: FunctionName,
    /// The qualifier, where one follows.
    pub qualifier: Option<Qualifier>,
    /// The account, where one is named.
    pub account: Option<AccountId>,
    /// The region, where one is named.
    pub region: Option<Region>,
}

impl FromStr for FunctionRef {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':').collect::<Vec<_>>();
        if parts.first() == Some(&"arn") {
            let whole = parts.len() >= 7 && parts[2] == "lambda" && parts[5] == "function";
            if !whole {
                return Err(NameError);
            }
            parts.drain(..3);
        }
        let mut parts = parts.as_slice();
        let region = take(&mut parts, |part| part.split('-').count() >= 3 && part.parse::<Region>().is_ok());
        let account = take(&mut parts, |part| part.parse::<AccountId>().is_ok());
        take(&mut parts, |part| part == "function");
        let (name, qualifier) = match parts {
            [name] => (name, None),
            [name, qualifier] => (name, Some(qualifier.parse()?)),
            _ => return Err(NameError),
        };
        Ok(Self {
            name: name.parse()?,
            qualifier,
            account: account.and_then(|text| text.parse().ok()),
            region: region.and_then(|text| text.parse().ok()),
        })
    }
}

/// Takes the first part if it is what is looked for and others follow it.
fn take<'a>(parts: &mut &[&'a str], wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
    // A function may be named like a region: with nothing but a qualifier after it, it is a name.
    match parts {
        [first, rest @ ..] if !rest.is_empty() && wanted(first) => {
            let named_after = rest.len() > 1 || *first == "function" || first.parse::<AccountId>().is_ok();
            named_after.then(|| {
                *parts = rest;
                *first
            })
        }
        _ => None,
    }
}

/// The function that an integration's URI names: the function's own ARN, or API Gateway's
/// `…:lambda:path/2015-03-31/functions/{ARN}/invocations` around it.
///
/// ```
/// use updraft_types::lambda::function_of_uri;
/// let function = "arn:aws:lambda:us-east-1:123456789012:function:cart:live";
/// let around = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations");
/// assert_eq!(function_of_uri(&around).unwrap().as_str(), function);
/// assert_eq!(function_of_uri(function).unwrap().as_str(), function);
/// assert!(function_of_uri("https://example.com").is_none());
/// ```
#[must_use]
pub fn function_of_uri(uri: &str) -> Option<Arn> {
    let arn: Arn = uri.parse().ok()?;
    match arn.service() {
        "lambda" if arn.resource().starts_with("function:") => Some(arn),
        "apigateway" => {
            let path = arn.resource().strip_prefix("path/2015-03-31/functions/")?;
            let function: Arn = path.strip_suffix("/invocations")?.parse().ok()?;
            (function.service() == "lambda").then_some(function)
        }
        _ => None,
    }
}

/// The ARN that a policy names an account by, as Lambda writes a principal given by its number.
#[must_use]
pub fn account_root(scope: &Scope) -> Arn {
    crate::arn::Global("iam", "root").arn(scope)
}

/// The text is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name")]
pub struct NameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_function_is_read() {
        let rows = [
            ("cart", "cart", None, None, None),
            ("cart:live", "cart", Some("live"), None, None),
            ("cart:$LATEST", "cart", Some("$LATEST"), None, None),
            ("function:cart", "cart", None, None, None),
            ("function:cart:3", "cart", Some("3"), None, None),
            ("123456789012:function:cart", "cart", None, Some("123456789012"), None),
            ("123456789012:cart", "cart", None, Some("123456789012"), None),
            (
                "eu-west-1:123456789012:function:cart:v",
                "cart",
                Some("v"),
                Some("123456789012"),
                Some("eu-west-1"),
            ),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:cart",
                "cart",
                None,
                Some("123456789012"),
                Some("us-east-1"),
            ),
            ("shop-test-cart:live", "shop-test-cart", Some("live"), None, None),
        ];
        for (text, name, qualifier, account, region) in rows {
            let read: FunctionRef = text.parse().unwrap_or_else(|_| panic!("{text} is read"));
            assert_eq!(read.name.as_str(), name, "{text}");
            assert_eq!(read.qualifier.map(|q| q.to_string()).as_deref(), qualifier, "{text}");
            assert_eq!(read.account.map(|a| a.to_string()).as_deref(), account, "{text}");
            assert_eq!(read.region.map(|r| r.to_string()).as_deref(), region, "{text}");
        }
    }

    #[test]
    fn what_names_no_function_is_refused() {
        for text in [
            "",
            ":",
            "cart:",
            "cart:a:b:c",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda:us-east-1:123456789012:layer:x",
            "arn:aws:lambda:us-east-1:123456789012:function",
            "ca rt",
            "cart:a.b",
        ] {
            assert!(text.parse::<FunctionRef>().is_err(), "{text}");
        }
    }
}
