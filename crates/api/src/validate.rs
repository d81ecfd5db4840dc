//! The constraints of shapes, checked with AWS's own words for each.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

use crate::shape::{Range, Shape, StructShape};
use crate::value::{Members, Value};
use crate::{OperationInfo, Refusal};

/// AWS tells so many failed constraints at most.
const FAILURES_MAX: usize = 10;

/// Checks an input. Services without a validation code are not checked here: S3 has errors of its
/// own for what its shapes constrain.
pub(crate) fn check(operation: &OperationInfo, members: &Members) -> Result<(), Refusal> {
    let Some(code) = operation.service.validation_code else {
        return required_only(operation.input, members);
    };
    let mut failures = Vec::new();
    structure(&mut failures, "", operation.input, members);
    if failures.is_empty() {
        return Ok(());
    }
    let count = failures.len();
    failures.truncate(FAILURES_MAX);
    let plural = if count == 1 { "error" } else { "errors" };
    Err(Refusal::new(code, 400, format!("{count} validation {plural} detected: {}", failures.join("; "))))
}

/// What S3 asks of every request: that what its shape requires is there.
fn required_only(shape: &StructShape, members: &Members) -> Result<(), Refusal> {
    let missing =
        shape.members.iter().zip(&members.0).find(|(member, value)| member.required && value.is_none());
    match missing {
        None => Ok(()),
        Some((member, _)) if matches!(member.shape, Shape::Structure(_)) => {
            let message = "Your request was missing a required body.";
            Err(Refusal::new("MissingRequestBodyError", 400, message))
        }
        Some((member, _)) => {
            let message = format!("The request must contain the parameter {}", member.wire_name);
            Err(Refusal::new("InvalidRequest", 400, message))
        }
    }
}

/// A member's name as the message tells it: `functionName`.
fn path_of(prefix: &str, name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_lowercase()).unwrap_or_default();
    let own = format!("{first}{}", letters.as_str());
    if prefix.is_empty() { own } else { format!("{prefix}.{own}") }
}

fn fail(failures: &mut Vec<String>, shown: &str, path: &str, constraint: &str) {
    failures.push(format!("Value {shown} at '{path}' failed to satisfy constraint: {constraint}"));
}

fn structure(failures: &mut Vec<String>, prefix: &str, shape: &StructShape, members: &Members) {
    for (at, member) in shape.members.iter().enumerate() {
        let path = path_of(prefix, member.name);
        match members.get(at) {
            Some(value) => check_value(failures, &path, member.shape, value),
            None if member.required => fail(failures, "null", &path, "Member must not be null"),
            None => {}
        }
    }
}

fn check_value(failures: &mut Vec<String>, path: &str, shape: &Shape, value: &Value) {
    match (shape, value) {
        (Shape::Structure(shape), Value::Structure(members)) => structure(failures, path, shape, members),
        (Shape::List(list), Value::List(items)) => {
            length(failures, "[...]", path, list.length, items.len());
            for (at, item) in items.iter().enumerate() {
                check_value(failures, &format!("{path}.{}.member", at + 1), list.member, item);
            }
        }
        (Shape::Map(map), Value::Map(entries)) => {
            length(failures, "{...}", path, map.length, entries.len());
            for (key, value) in entries {
                if let Shape::String(text) = map.key {
                    check_text(failures, path, text, key);
                }
                check_value(failures, &format!("{path}.{key}.member"), map.value, value);
            }
        }
        (Shape::String(text), Value::String(given)) => check_text(failures, path, text, given),
        (Shape::Blob(range), Value::Blob(bytes)) => {
            length(failures, "java.nio.HeapByteBuffer", path, *range, bytes.len())
        }
        (Shape::Integer(range) | Shape::Long(range), Value::Integer(number)) => {
            if range.min.is_some_and(|min| *number < min) {
                let constraint = format!(
                    "Member must have value greater than or equal to {}",
                    range.min.unwrap_or_default()
                );
                fail(failures, &format!("'{number}'"), path, &constraint);
            }
            if range.max.is_some_and(|max| *number > max) {
                let constraint =
                    format!("Member must have value less than or equal to {}", range.max.unwrap_or_default());
                fail(failures, &format!("'{number}'"), path, &constraint);
            }
        }
        _ => {}
    }
}

fn length(failures: &mut Vec<String>, shown: &str, path: &str, range: Range, length: usize) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if let Some(min) = range.min.filter(|min| length < *min) {
        fail(
            failures,
            &format!("'{shown}'"),
            path,
            &format!("Member must have length greater than or equal to {min}"),
        );
    }
    if let Some(max) = range.max.filter(|max| length > *max) {
        fail(
            failures,
            &format!("'{shown}'"),
            path,
            &format!("Member must have length less than or equal to {max}"),
        );
    }
}

fn check_text(failures: &mut Vec<String>, path: &str, shape: &crate::shape::StringShape, given: &str) {
    let shown = if shape.sensitive { "***".to_owned() } else { given.to_owned() };
    if !shape.values.is_empty() && !shape.values.contains(&given) {
        let constraint = format!("Member must satisfy enum value set: [{}]", shape.values.join(", "));
        fail(failures, &format!("'{shown}'"), path, &constraint);
        return;
    }
    length(failures, &shown, path, shape.length, given.chars().count());
    if let Some(pattern) = shape.pattern
        && !matches(pattern, given)
    {
        let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
        fail(failures, &format!("'{shown}'"), path, &constraint);
    }
}

/// Whether the whole text matches. The models' patterns are Java's; the few that Rust's engine
/// cannot read (look-around, large repeats) are left to the handlers.
fn matches(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern).or_insert_with(|| Regex::new(&format!(r"\A(?s:{pattern})\z")).ok());
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Structure as _;
    use crate::{Operation as _, lambda};

    fn refusal(input: lambda::UpdateAliasRequest) -> Option<Refusal> {
        check(lambda::ops::UpdateAlias::INFO, &input.into_members()).err()
    }

    #[test]
    fn each_constraint_is_told_as_aws_tells_it() {
        let sound = lambda::UpdateAliasRequest {
            function_name: "cart".into(),
            name: "live".into(),
            ..Default::default()
        };
        assert_eq!(refusal(sound.clone()), None);
        let numeric = lambda::UpdateAliasRequest { name: "1".into(), ..sound.clone() };
        let told = refusal(numeric);
        // The pattern of alias names has a look-ahead, which the handler checks.
        assert!(told.is_none() || told.unwrap().message.contains("at 'name'"));
        let empty = lambda::UpdateAliasRequest { function_name: String::new(), ..sound };
        let told = refusal(empty).unwrap();
        assert_eq!((told.code.as_ref(), told.status), ("ValidationException", 400));
        assert!(
            told.message.contains("Value '' at 'functionName' failed to satisfy constraint: Member must "),
            "{}",
            told.message
        );
    }

    #[test]
    fn values_outside_an_enumeration_or_a_range_are_told() {
        let input =
            crate::logs::PutRetentionPolicyRequest { log_group_name: "a b".into(), retention_in_days: 3 };
        let told = check(crate::logs::ops::PutRetentionPolicy::INFO, &input.into_members()).unwrap_err();
        assert_eq!(told.code, "InvalidParameterException");
        assert!(
            told.message.starts_with("1 validation error detected: Value 'a b' at 'logGroupName'"),
            "{}",
            told.message
        );
    }
}
