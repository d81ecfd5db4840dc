//! The rules of a Choice.
//!
//! Source: "Choice state" in the developer guide and the specification (read 2026-11): a comparison
//! of values of other types than its own is false; a variable that is not there is an error, but for
//! `IsPresent`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::expression::Dynamic;
use super::failure::Failure;
use super::timestamps::parse_rfc3339;
use crate::Entropy;
use crate::jsonpath::Path;

/// A rule.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Is { variable: Path, test: Test, wanted: bool },
    Compare { variable: Path, kind: Kind, operator: Operator, with: With },
    Condition(Dynamic),
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Present,
    Null,
    Boolean,
    Numeric,
    String,
    Timestamp,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Numeric,
    String,
    Timestamp,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
    Matches,
}

/// What it is compared with.
#[derive(Debug, Clone)]
pub(crate) enum With {
    Value(Value),
    Path(Path),
}

/// What rules look at.
pub(super) struct Scope<'a> {
    pub input: &'a Value,
    pub context: &'a Value,
    pub variables: &'a Map<String, Value>,
    pub bindings: Option<&'a Map<String, Value>>,
}

/// The comparison that a field's name means: `NumericLessThanEqualsPath` is one with a path.
pub(super) fn comparison(field: &str) -> Option<(Kind, Operator, bool)> {
    let (field, by_path) = match field.strip_suffix("Path") {
        Some(field) => (field, true),
        None => (field, false),
    };
    let kinds = [
        ("Boolean", Kind::Boolean),
        ("Numeric", Kind::Numeric),
        ("String", Kind::String),
        ("Timestamp", Kind::Timestamp),
    ];
    let (kind, operator) = kinds.iter().find_map(|(name, kind)| Some((*kind, field.strip_prefix(name)?)))?;
    let operator = match operator {
        "Equals" => Operator::Equals,
        "LessThan" => Operator::LessThan,
        "GreaterThan" => Operator::GreaterThan,
        "LessThanEquals" => Operator::LessThanEquals,
        "GreaterThanEquals" => Operator::GreaterThanEquals,
        "Matches" => Operator::Matches,
        _ => return None,
    };
    let exists = match (kind, operator) {
        (Kind::Boolean, operator) => operator == Operator::Equals,
        (Kind::String, Operator::Matches) => !by_path,
        (_, Operator::Matches) => false,
        _ => true,
    };
    exists.then_some((kind, operator, by_path))
}

/// The test that a field's name means.
pub(super) fn test(field: &str) -> Option<Test> {
    Some(match field {
        "IsPresent" => Test::Present,
        "IsNull" => Test::Null,
        "IsBoolean" => Test::Boolean,
        "IsNumeric" => Test::Numeric,
        "IsString" => Test::String,
        "IsTimestamp" => Test::Timestamp,
        _ => return None,
    })
}

impl Rule {
    /// Whether it holds.
    pub(super) fn holds(
        &self,
        scope: &Scope<'_>,
        field: &str,
        entropy: &mut dyn Entropy,
    ) -> Result<bool, Failure> {
        match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope, field, entropy)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope, field, entropy)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(rule) => Ok(!rule.holds(scope, field, entropy)?),
            Self::Is { variable, test, wanted } => is(variable, *test, scope).map(|found| found == *wanted),
            Self::Compare { variable, kind, operator, with } => {
                let left = look_up(variable, scope)?;
                let right = match with {
                    With::Value(value) => value.clone(),
                    With::Path(path) => look_up(path, scope)?,
                };
                Ok(compare(*kind, *operator, &left, &right))
            }
            Self::Condition(condition) => {
                let bindings = scope.bindings.cloned().unwrap_or_default();
                match condition.evaluate(field, &bindings, entropy)? {
                    Value::Bool(truth) => Ok(truth),
                    other => Err(Failure::evaluation(
                        Some(field.to_owned()),
                        format!(
                            "The JSONata expression '{}' specified for the field '{field}' returned an unexpected result type. Expected 'boolean', but was '{}' for value: {other}",
                            match condition {
                                Dynamic::Expression(expression) => expression.text(),
                                _ => "",
                            },
                            type_name(&other)
                        ),
                    )),
                }
            }
        }
    }
}

/// JSONata's name of a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn look_up(path: &Path, scope: &Scope<'_>) -> Result<Value, Failure> {
    path.select(scope.input, scope.context, scope.variables).map_err(|_| {
        Failure::runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            path.text()
        ))
    })
}

fn is(variable: &Path, test: Test, scope: &Scope<'_>) -> Result<bool, Failure> {
    let found = variable.select(scope.input, scope.context, scope.variables);
    let value = match (test, found) {
        (Test::Present, found) => return Ok(found.is_ok()),
        (_, Ok(value)) => value,
        (_, Err(_)) => return look_up(variable, scope).map(|_| false),
    };
    Ok(match test {
        Test::Present => true,
        Test::Null => value.is_null(),
        Test::Boolean => value.is_boolean(),
        Test::Numeric => value.is_number(),
        Test::String => value.is_string(),
        Test::Timestamp => value.as_str().is_some_and(|text| parse_rfc3339(text).is_some()),
    })
}

fn compare(kind: Kind, operator: Operator, left: &Value, right: &Value) -> bool {
    let order = match kind {
        Kind::Boolean => left.as_bool().zip(right.as_bool()).map(|(a, b)| a.cmp(&b)),
        Kind::Numeric => left.as_f64().zip(right.as_f64()).and_then(|(a, b)| a.partial_cmp(&b)),
        Kind::String => match (left.as_str(), right.as_str()) {
            (Some(text), Some(pattern)) if operator == Operator::Matches => return matches(pattern, text),
            (Some(a), Some(b)) => Some(a.cmp(b)),
            _ => None,
        },
        Kind::Timestamp => {
            let time = |value: &Value| value.as_str().and_then(parse_rfc3339);
            time(left).zip(time(right)).map(|(a, b)| a.cmp(&b))
        }
    };
    order.is_some_and(|order| match operator {
        Operator::Equals => order == Ordering::Equal,
        Operator::LessThan => order == Ordering::Less,
        Operator::GreaterThan => order == Ordering::Greater,
        Operator::LessThanEquals => order != Ordering::Greater,
        Operator::GreaterThanEquals => order != Ordering::Less,
        Operator::Matches => false,
    })
}

/// `StringMatches`: `*` stands for anything, `\*` for itself, `\\` for a backslash.
fn matches(pattern: &str, text: &str) -> bool {
    // The parts between the stars, unescaped: the first and the last are anchored.
    let mut parts = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => parts.push(String::new()),
            '\\' => parts.last_mut().expect("there is always one").extend(characters.next()),
            other => parts.last_mut().expect("there is always one").push(other),
        }
    }
    let [first, middle @ .., last] = parts.as_slice() else { return parts[0] == text };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_of_fields_are_comparisons() {
        assert_eq!(
            comparison("NumericLessThanEqualsPath"),
            Some((Kind::Numeric, Operator::LessThanEquals, true))
        );
        assert_eq!(comparison("StringMatches"), Some((Kind::String, Operator::Matches, false)));
        for other in ["StringMatchesPath", "BooleanLessThan", "NumericMatches", "IsNull", "Next"] {
            assert_eq!(comparison(other), None, "{other}");
        }
    }

    #[test]
    fn values_of_other_types_compare_as_false() {
        let rows = [
            (Kind::Numeric, Operator::Equals, json!(1), json!(1.0), true),
            (Kind::Numeric, Operator::Equals, json!("1"), json!(1), false),
            (Kind::String, Operator::LessThan, json!("a"), json!("b"), true),
            (Kind::Boolean, Operator::Equals, json!(false), json!(null), false),
            (
                Kind::Timestamp,
                Operator::GreaterThan,
                json!("2020-01-01T00:00:00Z"),
                json!("2020-01-01T01:30:00+02:00"),
                true,
            ),
            (Kind::Timestamp, Operator::LessThan, json!("2020"), json!("2021-01-01T00:00:00Z"), false),
        ];
        for (kind, operator, left, right, holds) in rows {
            assert_eq!(compare(kind, operator, &left, &right), holds, "{kind:?} {left} {right}");
        }
    }

    #[test]
    fn stars_match_anything_unless_escaped() {
        let rows = [
            ("log-*.txt", "log-1.txt", true),
            ("log-*.txt", "log-.tx", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*", "", true),
            ("ab*ba", "aba", false),
        ];
        for (pattern, text, holds) in rows {
            assert_eq!(matches(pattern, text), holds, "{pattern} {text}");
        }
    }
}
