//! Amazon Resource Names: read here, and written here through [`Resource`].

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Region, Scope};

/// An Amazon Resource Name. Region and account may be empty (IAM, S3), so both are kept as text.
///
/// ```
/// use updraft_types::Arn;
/// let arn: Arn = "arn:aws:lambda:us-east-1:123456789012:function:cart:live".parse().unwrap();
/// assert_eq!(arn.service(), "lambda");
/// assert_eq!(arn.resource(), "function:cart:live");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: Box<str>,
    /// Where each of the five parts after `arn` begins.
    starts: [u16; 5],
}

/// AWS's longest ARN field allows 2,048 characters.
const ARN_LENGTH_MAX: usize = 2_048;

impl Arn {
    fn compose(partition: &str, service: &str, region: &str, account: &str, resource: &str) -> Self {
        let text = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
        text.parse().expect("an ARN composed of valid parts parses")
    }

    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(0)
    }

    /// The service's namespace: `lambda`, `s3`, `iam`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(1)
    }

    /// The region's text, empty for global resources.
    #[must_use]
    pub fn region_text(&self) -> &str {
        self.part(2)
    }

    /// The region, where the ARN names one.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        self.region_text().parse().ok()
    }

    /// The account, where the ARN names one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        self.part(3).parse().ok()
    }

    /// Account and region, where the ARN names both.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        Some(Scope::new(self.account()?, self.region()?))
    }

    /// Everything after the account: `function:cart:live`, `role/path/name`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text[usize::from(self.starts[4])..]
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, index: usize) -> &str {
        &self.text[usize::from(self.starts[index])..usize::from(self.starts[index + 1]) - 1]
    }
}

/// A thing with an ARN. Each service's names implement it here in `types`.
pub trait Resource {
    /// The ARN of this thing in the given account and region.
    fn arn(&self, scope: &Scope) -> Arn;
}

/// Builds the ARN of a regional resource: `Regional("lambda", "function:cart")`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Regional<'a>(pub &'a str, pub &'a str);

impl Resource for Regional<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        let partition = scope.region.partition();
        Arn::compose(partition, self.0, scope.region.as_str(), scope.account.as_str(), self.1)
    }
}

/// Builds the ARN of a global resource of an account, as IAM's are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Global<'a>(pub &'a str, pub &'a str);

impl Resource for Global<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Arn::compose(scope.region.partition(), self.0, "", scope.account.as_str(), self.1)
    }
}

/// Builds the ARN of a regional resource that names no account, as API Gateway's do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accountless<'a>(pub &'a str, pub &'a str);

impl Resource for Accountless<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Arn::compose(scope.region.partition(), self.0, scope.region.as_str(), "", self.1)
    }
}

/// Builds the ARN of a resource that names neither account nor region, as S3's do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bare<'a>(pub &'a str, pub &'a str);

impl Resource for Bare<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Arn::compose(scope.region.partition(), self.0, "", "", self.1)
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > ARN_LENGTH_MAX {
            return Err(ArnError);
        }
        let mut starts = [0_u16; 5];
        let mut rest = text.strip_prefix("arn:").ok_or(ArnError)?;
        for start in &mut starts[..4] {
            *start = (text.len() - rest.len()) as u16;
            rest = rest.split_once(':').ok_or(ArnError)?.1;
        }
        starts[4] = (text.len() - rest.len()) as u16;
        let arn = Self { text: text.into(), starts };
        let named = !arn.partition().is_empty() && !arn.service().is_empty() && !arn.resource().is_empty();
        if named { Ok(arn) } else { Err(ArnError) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

crate::scope::serde_by_text!(Arn);

/// The text is not an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an ARN has the form arn:partition:service:region:account:resource")]
pub struct ArnError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_survive_empty_region_and_colons_in_the_resource() {
        let arn: Arn = "arn:aws:iam::123456789012:role/a:b".parse().unwrap();
        assert_eq!(
            (arn.partition(), arn.service(), arn.region_text(), arn.resource()),
            ("aws", "iam", "", "role/a:b")
        );
        assert_eq!(arn.account().unwrap().as_str(), "123456789012");
        assert!(arn.region().is_none());
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "arn", "arn:aws:s3", "arn:aws:s3:::", "arn::s3:::b", "nra:aws:s3:::b"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
