//! Conditions of statements: every operator, its `IfExists` and set forms.
//!
//! IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys",
//! read 2026-11.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use updraft_types::Timestamp;

use super::Context;
use super::pattern::{Pattern, Resolved};

/// One key's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    quantifier: Option<Quantifier>,
    test: Test,
    /// Whether the operator says what must not be.
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<Pattern>,
}

/// How several values of a key count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    All,
    Any,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsAnyCase,
    Like,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// Which order of the request's value to the policy's passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn passes(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Condition {
    /// Reads an operator's name; none if there is no such operator.
    pub(super) fn new(operator: &str, key: &str, values: &[String], variables: bool) -> Option<Self> {
        let (quantifier, operator) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return None,
            None => (None, operator),
        };
        let (operator, if_exists) =
            operator.strip_suffix("IfExists").map_or((operator, false), |bare| (bare, true));
        let (test, negated) = test(operator)?;
        if test == Test::Null && if_exists {
            return None;
        }
        let values = values.iter().map(|value| Pattern::new(value, variables)).collect();
        Some(Self { quantifier, test, negated, if_exists, key: key.to_owned(), values })
    }

    /// Whether the request meets the condition.
    pub(super) fn holds(&self, context: &Context) -> bool {
        let present = context.get(&self.key);
        if self.test == Test::Null {
            let absent = present.is_none_or(<[String]>::is_empty);
            return self.values.iter().any(|value| value.source().eq_ignore_ascii_case(truth(absent)));
        }
        let Some(present) = present else {
            // A key that is not there meets what must not be, and every `ForAllValues`.
            return match self.quantifier {
                Some(Quantifier::Any) => self.if_exists,
                Some(Quantifier::All) => true,
                None => self.if_exists || self.negated,
            };
        };
        let wanted: Vec<_> = self.values.iter().filter_map(|value| value.resolve(context)).collect();
        let passes = |value: &String| wanted.iter().any(|w| self.test.passes(value, w)) != self.negated;
        match self.quantifier {
            Some(Quantifier::All) => present.iter().all(passes),
            Some(Quantifier::Any) => present.iter().any(passes),
            None if self.negated => present.iter().all(passes),
            None => present.iter().any(passes),
        }
    }
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The test of an operator, and whether the operator negates it.
fn test(operator: &str) -> Option<(Test, bool)> {
    Some(match operator {
        "StringEquals" => (Test::Equals, false),
        "StringNotEquals" => (Test::Equals, true),
        "StringEqualsIgnoreCase" => (Test::EqualsAnyCase, false),
        "StringNotEqualsIgnoreCase" => (Test::EqualsAnyCase, true),
        "StringLike" => (Test::Like, false),
        "StringNotLike" => (Test::Like, true),
        "Bool" => (Test::Bool, false),
        "BinaryEquals" => (Test::Binary, false),
        "IpAddress" => (Test::Ip, false),
        "NotIpAddress" => (Test::Ip, true),
        "ArnEquals" | "ArnLike" => (Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
        "Null" => (Test::Null, false),
        _ => {
            let (make, rest): (fn(Order) -> Test, _) = if let Some(rest) = operator.strip_prefix("Numeric") {
                (Test::Numeric, rest)
            } else {
                (Test::Date, operator.strip_prefix("Date")?)
            };
            let (order, negated) = match rest {
                "Equals" => (Order::Equal, false),
                "NotEquals" => (Order::Equal, true),
                "LessThan" => (Order::Less, false),
                "LessThanEquals" => (Order::LessOrEqual, false),
                "GreaterThan" => (Order::Greater, false),
                "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                _ => return None,
            };
            (make(order), negated)
        }
    })
}

impl Test {
    /// Whether a value of the request passes against one of the policy. What cannot be read as the
    /// operator's type passes nothing.
    fn passes(self, value: &str, wanted: &Resolved) -> bool {
        match self {
            Self::Equals => value == wanted.literal(),
            Self::EqualsAnyCase => value.to_lowercase() == wanted.literal().to_lowercase(),
            Self::Like => wanted.matches(value),
            Self::Numeric(order) => {
                compare(number(value), number(&wanted.literal())).is_some_and(|o| order.passes(o))
            }
            Self::Date(order) => {
                compare(date(value), date(&wanted.literal())).is_some_and(|o| order.passes(o))
            }
            Self::Bool => {
                let wanted = wanted.literal();
                let known =
                    |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
                known(value) && value.eq_ignore_ascii_case(&wanted)
            }
            Self::Binary => match (STANDARD.decode(value), STANDARD.decode(wanted.literal())) {
                (Ok(a), Ok(b)) => a == b,
                _ => false,
            },
            Self::Ip => in_network(value, &wanted.literal()).unwrap_or(false),
            Self::Arn => wanted.matches_arn(value),
            Self::Null => false,
        }
    }
}

fn compare<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<Ordering> {
    a?.partial_cmp(&b?)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|n: &f64| n.is_finite())
}

/// A date of ISO 8601, to the day, the minute, the second or finer, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_millis(seconds.checked_mul(1_000)?));
    }
    let minutes = || text.strip_suffix('Z').map(|minute| format!("{minute}:00Z"));
    text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).ok().or_else(|| minutes()?.parse().ok())
}

/// Whether an address lies in a network `address/bits`; a bare address is a network of one.
fn in_network(address: &str, network: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base.parse::<IpAddr>().ok()?, Some(bits.parse::<u32>().ok()?)),
        None => (network.parse::<IpAddr>().ok()?, None),
    };
    match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let bits = bits.unwrap_or(32);
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
            Some(a.to_bits() & mask == b.to_bits() & mask)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let bits = bits.unwrap_or(128);
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(bits)?).unwrap_or(0);
            Some(a.to_bits() & mask == b.to_bits() & mask)
        }
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        let mut context = Context::new();
        context.set("aws:username", "Ann");
        context.set("s3:max-keys", "10");
        context.set("aws:CurrentTime", "2026-11-23T05:00:00Z");
        context.set("aws:SecureTransport", "true");
        context.set("aws:SourceIp", "203.0.113.7");
        context.set("aws:SourceArn", "arn:aws:sns:us-east-1:123456789012:topic");
        context.set("key:bytes", "QmluYXJ5");
        context.set_all("aws:TagKeys", ["env".to_owned(), "team".to_owned()]);
        context.set_all("empty", []);
        context
    }

    #[test]
    fn every_operator_holds_as_documented() {
        for (operator, key, values, holds) in [
            ("StringEquals", "aws:username", &["Ann"][..], true),
            ("StringEquals", "AWS:UserName", &["Bob", "Ann"], true),
            ("StringEquals", "aws:username", &["ann"], false),
            ("StringEquals", "aws:username", &["A*"], false),
            ("StringEquals", "aws:username", &["${aws:username}"], true),
            ("StringEquals", "aws:username", &["${absent}"], false),
            ("StringEquals", "absent", &["Ann"], false),
            ("StringNotEquals", "aws:username", &["Ann", "Bob"], false),
            ("StringNotEquals", "aws:username", &["Bob"], true),
            ("StringNotEquals", "absent", &["Bob"], true),
            ("StringEqualsIgnoreCase", "aws:username", &["ANN"], true),
            ("StringNotEqualsIgnoreCase", "aws:username", &["ANN"], false),
            ("StringLike", "aws:username", &["A*"], true),
            ("StringLike", "aws:username", &["a*"], false),
            ("StringNotLike", "aws:username", &["A?n"], false),
            ("StringEqualsIfExists", "absent", &["x"], true),
            ("StringEqualsIfExists", "aws:username", &["x"], false),
            ("NumericEquals", "s3:max-keys", &["10.0"], true),
            ("NumericNotEquals", "s3:max-keys", &["10"], false),
            ("NumericLessThan", "s3:max-keys", &["10"], false),
            ("NumericLessThanEquals", "s3:max-keys", &["10"], true),
            ("NumericGreaterThan", "s3:max-keys", &["9"], true),
            ("NumericGreaterThanEquals", "s3:max-keys", &["11"], false),
            ("NumericLessThan", "aws:username", &["10"], false),
            ("DateGreaterThan", "aws:CurrentTime", &["2026-11-23"], true),
            ("DateGreaterThan", "aws:CurrentTime", &["2026-11-23T05:01Z"], false),
            ("DateLessThanEquals", "aws:CurrentTime", &["2026-11-23T05:00:00Z"], true),
            ("DateLessThan", "aws:CurrentTime", &["1795410000"], false),
            ("DateEquals", "aws:CurrentTime", &["2026-11-23T06:00:00+01:00"], true),
            ("DateNotEquals", "aws:CurrentTime", &["2026-11-23T05:00:00Z"], false),
            ("Bool", "aws:SecureTransport", &["TRUE"], true),
            ("Bool", "aws:SecureTransport", &["false"], false),
            ("BoolIfExists", "aws:MultiFactorAuthPresent", &["true"], true),
            ("BinaryEquals", "key:bytes", &["QmluYXJ5"], true),
            ("IpAddress", "aws:SourceIp", &["203.0.113.0/24"], true),
            ("IpAddress", "aws:SourceIp", &["203.0.113.7"], true),
            ("IpAddress", "aws:SourceIp", &["0.0.0.0/0"], true),
            ("IpAddress", "aws:SourceIp", &["2001:db8::/32"], false),
            ("IpAddress", "aws:SourceIp", &["203.0.113.0/99"], false),
            ("NotIpAddress", "aws:SourceIp", &["203.0.113.0/24"], false),
            ("NotIpAddress", "aws:SourceIp", &["198.51.100.0/24"], true),
            ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*:123456789012:*"], true),
            ("ArnEquals", "aws:SourceArn", &["arn:aws:sns:*:*:top*"], true),
            ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*"], false),
            ("ArnNotLike", "aws:SourceArn", &["arn:aws:sns:*:*:other"], true),
            ("Null", "absent", &["true"], true),
            ("Null", "absent", &["false"], false),
            ("Null", "aws:username", &["false"], true),
            ("Null", "empty", &["true"], true),
            ("ForAllValues:StringEquals", "aws:TagKeys", &["env", "team", "x"], true),
            ("ForAllValues:StringEquals", "aws:TagKeys", &["env"], false),
            ("ForAllValues:StringEquals", "absent", &["env"], true),
            ("ForAllValues:StringEquals", "empty", &["env"], true),
            ("ForAnyValue:StringEquals", "aws:TagKeys", &["env"], true),
            ("ForAnyValue:StringEquals", "aws:TagKeys", &["x"], false),
            ("ForAnyValue:StringEquals", "absent", &["env"], false),
            ("ForAnyValue:StringNotEquals", "aws:TagKeys", &["env"], true),
            ("ForAllValues:StringNotEquals", "aws:TagKeys", &["env"], false),
            ("ForAllValues:StringLike", "aws:TagKeys", &["e*", "t*"], true),
            ("ForAnyValue:StringLikeIfExists", "absent", &["e*"], true),
        ] {
            let values: Vec<_> = values.iter().map(|v| (*v).to_owned()).collect();
            let condition = Condition::new(operator, key, &values, true).expect(operator);
            assert_eq!(condition.holds(&context()), holds, "{operator} {key} {values:?}");
        }
    }

    #[test]
    fn unknown_operators_are_none() {
        for operator in ["StringIs", "NumericLike", "ForSome:StringEquals", "NullIfExists", "Date", "bool"] {
            assert!(Condition::new(operator, "k", &[], true).is_none(), "{operator}");
        }
    }
}
