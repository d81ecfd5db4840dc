//! The names of CloudWatch: namespaces, metrics, dimensions.

use std::fmt;
use std::str::FromStr;

use crate::arn::{Global, Regional};
use crate::{Arn, Resource, Scope};

/// The longest namespace, metric name and name of a dimension (`Namespace`, `MetricName`,
/// `DimensionName` in the API model).
pub const NAME_LENGTH_MAX: usize = 255;

/// The longest value of a dimension (`DimensionValue` in the API model).
pub const DIMENSION_VALUE_LENGTH_MAX: usize = 1_024;

/// How many dimensions a metric may have (`Dimensions` in the API model).
pub const DIMENSIONS_MAX: usize = 30;

/// What tells a metric apart from others of its name: named values, in order of their names.
///
/// ```
/// use updraft_types::cloudwatch::Dimensions;
/// let one = Dimensions::new([("Resource", "cart:live"), ("FunctionName", "cart")]).unwrap();
/// let same = Dimensions::new([("FunctionName", "cart"), ("Resource", "cart:live")]).unwrap();
/// assert_eq!(one, same);
/// assert_eq!(one.to_string().parse::<Dimensions>().unwrap(), one);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimensions(Vec<(Box<str>, Box<str>)>);

impl Dimensions {
    /// From names and values in any order.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, DimensionsError>
    where
        N: Into<Box<str>>,
        V: Into<Box<str>>,
    {
        let mut pairs: Vec<(Box<str>, Box<str>)> =
            pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        pairs.sort_unstable();
        let fits =
            |text: &str, max| (1..=max).contains(&text.chars().count()) && !text.contains(char::is_control);
        let sound = pairs.len() <= DIMENSIONS_MAX
            && pairs.iter().all(|(n, v)| fits(n, NAME_LENGTH_MAX) && fits(v, DIMENSION_VALUE_LENGTH_MAX))
            && pairs.windows(2).all(|two| two[0].0 != two[1].0);
        if sound { Ok(Self(pairs)) } else { Err(DimensionsError) }
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of a dimension.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(one, _)| *one == name).map(|(_, value)| value)
    }
}

/// What separates dimensions written as one text. It may stand in no name and no value: AWS takes
/// printable characters only ("Dimension", CloudWatch API reference).
const SEPARATOR: char = '\u{1f}';

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let before = if index == 0 { "" } else { "\u{1f}" };
            write!(f, "{before}{name}{SEPARATOR}{value}")?;
        }
        Ok(())
    }
}

impl FromStr for Dimensions {
    type Err = DimensionsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut texts = text.split(SEPARATOR);
        let mut pairs = Vec::new();
        while let Some(name) = texts.next() {
            pairs.push((name, texts.next().ok_or(DimensionsError)?));
        }
        Self::new(pairs)
    }
}

/// The texts are not dimensions of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a metric has at most 30 dimensions, each with a name and a value of its own")]
pub struct DimensionsError;

/// An alarm's name.
///
/// ```
/// use updraft_types::cloudwatch::AlarmName;
/// assert!("cart errors".parse::<AlarmName>().is_ok());
/// assert!("".parse::<AlarmName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmName(Box<str>);

impl AlarmName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in an alarm's ARN.
    pub fn from_arn(arn: &Arn) -> Result<Self, NameError> {
        let name = arn.resource().strip_prefix("alarm:").filter(|_| arn.service() == "cloudwatch");
        name.ok_or(NameError)?.parse()
    }
}

impl FromStr for AlarmName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=NAME_LENGTH_MAX).contains(&text.chars().count()) && !text.contains(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for AlarmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for AlarmName {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("cloudwatch", &format!("alarm:{}", self.0)).arn(scope)
    }
}

/// A dashboard's name: letters, digits, `-` and `_`. Dashboards belong to no region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DashboardName(Box<str>);

impl DashboardName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in a dashboard's ARN.
    pub fn from_arn(arn: &Arn) -> Result<Self, NameError> {
        let name = arn.resource().strip_prefix("dashboard/").filter(|_| arn.service() == "cloudwatch");
        name.ok_or(NameError)?.parse()
    }
}

impl FromStr for DashboardName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=NAME_LENGTH_MAX).contains(&text.len()) && text.bytes().all(sound);
        if fits { Ok(Self(text.into())) } else { Err(NameError) }
    }
}

impl fmt::Display for DashboardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Resource for DashboardName {
    fn arn(&self, scope: &Scope) -> Arn {
        Global("cloudwatch", &format!("dashboard/{}", self.0)).arn(scope)
    }
}

crate::scope::serde_by_text!(AlarmName);

/// The text is not a name of an alarm or a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid name of an alarm or a dashboard")]
pub struct NameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_their_arns() {
        let scope = Scope::new("123456789012".parse().unwrap(), crate::Region::us_east_1());
        let alarm: AlarmName = "cart: errors".parse().unwrap();
        assert_eq!(
            alarm.arn(&scope).as_str(),
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cart: errors"
        );
        assert_eq!(AlarmName::from_arn(&alarm.arn(&scope)), Ok(alarm));
        let dashboard: DashboardName = "shop-1".parse().unwrap();
        assert_eq!(dashboard.arn(&scope).as_str(), "arn:aws:cloudwatch::123456789012:dashboard/shop-1");
        assert_eq!(DashboardName::from_arn(&dashboard.arn(&scope)), Ok(dashboard));
        assert!("a b".parse::<DashboardName>().is_err());
    }

    #[test]
    fn what_is_no_dimension_is_refused() {
        assert!(Dimensions::new([("a", "1"), ("a", "2")]).is_err());
        assert!(Dimensions::new([("", "1")]).is_err());
        assert!(Dimensions::new([("a", "")]).is_err());
        assert!(Dimensions::new([("a", "x".repeat(1_025))]).is_err());
        assert!(Dimensions::new((0..31).map(|n| (n.to_string(), "v"))).is_err());
        assert!("a\u{1f}1\u{1f}b".parse::<Dimensions>().is_err());
        assert_eq!("".parse(), Ok(Dimensions::default()));
    }
}
