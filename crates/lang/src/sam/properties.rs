//! What a serverless resource or an event may have as properties, and of which type.

use serde_json::{Map, Value};

use super::problem::Fail;

/// A property that a resource may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    name: &'static str,
    takes: fn(&Value) -> bool,
    /// What the message says it should be, where it says so.
    expected: Option<&'static str>,
}

/// Any value: CloudFormation will judge it.
pub(crate) const fn any(name: &'static str) -> Property {
    Property { name, takes: |_| true, expected: None }
}

/// A map.
pub(crate) const fn map(name: &'static str) -> Property {
    Property { name, takes: Value::is_object, expected: Some("map") }
}

/// A text.
pub(crate) const fn text(name: &'static str) -> Property {
    Property { name, takes: Value::is_string, expected: Some("string") }
}

/// A text from a list; `expected` names them.
pub(crate) const fn one_of(
    name: &'static str,
    takes: fn(&Value) -> bool,
    expected: &'static str,
) -> Property {
    Property { name, takes, expected: Some(expected) }
}

/// Whatever the function takes.
pub(crate) const fn checked(name: &'static str, takes: fn(&Value) -> bool) -> Property {
    Property { name, takes, expected: None }
}

/// A truth.
pub(crate) const fn truth(name: &'static str) -> Property {
    checked(name, Value::is_boolean)
}

/// A whole number.
pub(crate) const fn number(name: &'static str) -> Property {
    checked(name, |value| value.is_i64() || value.is_u64())
}

pub(crate) fn is_text_or_map(value: &Value) -> bool {
    value.is_string() || value.is_object()
}

pub(crate) fn is_map_of(value: &Value, of: fn(&Value) -> bool) -> bool {
    value.as_object().is_some_and(|map| map.values().all(of))
}

pub(crate) fn is_list_of(value: &Value, of: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(of))
}

/// Checks properties against the table; what is null is as if it were not written. A value that
/// may be an intrinsic function passes: only CloudFormation can tell.
pub(crate) fn check(
    given: &Map<String, Value>,
    table: &[Property],
    kind: &str,
) -> Result<Map<String, Value>, Fail> {
    if let Some(unknown) = given.keys().find(|key| !table.iter().any(|property| property.name == *key)) {
        return Err(Fail::Here(format!("property {unknown} not defined for resource of type {kind}")));
    }
    for Property { name, takes, expected } in table {
        let Some(value) = given.get(*name).filter(|value| !value.is_null()) else { continue };
        let maybe_function = value.as_object().is_some_and(|map| map.len() == 1);
        if maybe_function || takes(value) {
            continue;
        }
        return Err(Fail::Here(match expected {
            Some(expected) => format!("Property '{name}' should be a {expected}."),
            None => format!("Type of property '{name}' is invalid."),
        }));
    }
    Ok(given.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// The properties of a resource or an event, where it has any.
pub(crate) fn of(resource: &Value) -> Map<String, Value> {
    resource.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default()
}
