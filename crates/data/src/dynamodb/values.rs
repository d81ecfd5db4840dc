//! Values between the wire and the expression language, with DynamoDB's checks.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use updraft_api::dynamodb::AttributeValue;
use updraft_lang::dynamodb::{Item, Number, Value};

/// "Supports up to 32 levels of nesting" (DynamoDB Developer Guide, Quotas, read 2026-11).
const NESTING_MAX: usize = 32;

/// Reads an item or a key. The error is the message of the `ValidationException`.
pub(super) fn read_item(wire: BTreeMap<String, AttributeValue>) -> Result<Item, String> {
    wire.into_iter().map(|(name, value)| Ok((name, read_value(value)?))).collect()
}

/// Reads a value.
pub(super) fn read_value(wire: AttributeValue) -> Result<Value, String> {
    let value = read_nested(wire, 0)?;
    if value.depth() > NESTING_MAX {
        return Err("Nesting Levels have exceeded supported limits".to_owned());
    }
    Ok(value)
}

fn read_nested(wire: AttributeValue, depth: usize) -> Result<Value, String> {
    if depth > NESTING_MAX {
        return Err("Nesting Levels have exceeded supported limits".to_owned());
    }
    Ok(match wire {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(text) => Value::N(number(&text)?),
        AttributeValue::B(bytes) => Value::B(bytes.to_vec()),
        AttributeValue::Bool(truth) => Value::Bool(truth),
        AttributeValue::Null(true) => Value::Null,
        AttributeValue::Null(false) => {
            return Err(invalid("Null attribute value types must have the value of true"));
        }
        AttributeValue::M(members) => {
            let read = |(name, value)| Ok::<_, String>((name, read_nested(value, depth + 1)?));
            Value::M(members.into_iter().map(read).collect::<Result<_, _>>()?)
        }
        AttributeValue::L(members) => {
            Value::L(members.into_iter().map(|m| read_nested(m, depth + 1)).collect::<Result<_, _>>()?)
        }
        AttributeValue::Ss(members) => Value::Ss(string_set(members)?),
        AttributeValue::Ns(members) => Value::Ns(number_set(&members)?),
        AttributeValue::Bs(members) => Value::Bs(binary_set(members)?),
    })
}

fn invalid(problem: impl std::fmt::Display) -> String {
    format!("One or more parameter values were invalid: {problem}")
}

fn number(text: &str) -> Result<Number, String> {
    text.parse().map_err(|error: updraft_lang::dynamodb::NumberError| error.to_string())
}

fn string_set(members: Vec<String>) -> Result<BTreeSet<String>, String> {
    if members.is_empty() {
        return Err(invalid("An string set  may not be empty"));
    }
    if members.iter().any(String::is_empty) {
        return Err(invalid("An string set may not have a empty string as a member"));
    }
    let shown = || members.join(", ");
    let set: BTreeSet<_> = members.iter().cloned().collect();
    if set.len() < members.len() {
        return Err(invalid(format!("Input collection [{}] contains duplicates.", shown())));
    }
    Ok(set)
}

fn number_set(members: &[String]) -> Result<BTreeSet<Number>, String> {
    if members.is_empty() {
        return Err(invalid("An number set  may not be empty"));
    }
    let set = members.iter().map(|text| number(text)).collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < members.len() {
        return Err("Input collection contains duplicates".to_owned());
    }
    Ok(set)
}

fn binary_set(members: Vec<Bytes>) -> Result<BTreeSet<Vec<u8>>, String> {
    if members.is_empty() {
        return Err(invalid("Binary sets should not be empty"));
    }
    if members.iter().any(Bytes::is_empty) {
        return Err(invalid("Binary sets may not contain null or empty values"));
    }
    let set: BTreeSet<_> = members.iter().map(|bytes| bytes.to_vec()).collect();
    if set.len() < members.len() {
        let shown: Vec<_> = members.iter().map(|bytes| STANDARD.encode(bytes)).collect();
        return Err(invalid(format!(
            "Input collection [{}]of type BS contains duplicates.",
            shown.join(", ")
        )));
    }
    Ok(set)
}

/// An item for the wire.
pub(super) fn write_item(item: Item) -> BTreeMap<String, AttributeValue> {
    item.into_iter().map(|(name, value)| (name, write_value(value))).collect()
}

fn write_value(value: Value) -> AttributeValue {
    match value {
        Value::S(text) => AttributeValue::S(text),
        Value::N(number) => AttributeValue::N(number.to_string()),
        Value::B(bytes) => AttributeValue::B(bytes.into()),
        Value::Bool(truth) => AttributeValue::Bool(truth),
        Value::Null => AttributeValue::Null(true),
        Value::M(members) => AttributeValue::M(write_item(members)),
        Value::L(members) => AttributeValue::L(members.into_iter().map(write_value).collect()),
        Value::Ss(members) => AttributeValue::Ss(members.into_iter().collect()),
        Value::Ns(members) => AttributeValue::Ns(members.iter().map(Number::to_string).collect()),
        Value::Bs(members) => AttributeValue::Bs(members.into_iter().map(Bytes::from).collect()),
    }
}

/// An item as it stands inside an error.
pub(super) fn wire_json(item: &Item) -> Json {
    let members: Map<_, _> = item.iter().map(|(name, value)| (name.clone(), value_json(value))).collect();
    Json::Object(members)
}

fn value_json(value: &Value) -> Json {
    let inner = match value {
        Value::S(text) => json!(text),
        Value::N(number) => json!(number.to_string()),
        Value::B(bytes) => json!(STANDARD.encode(bytes)),
        Value::Bool(truth) => json!(truth),
        Value::Null => json!(true),
        Value::M(members) => wire_json(members),
        Value::L(members) => members.iter().map(value_json).collect(),
        Value::Ss(members) => json!(members),
        Value::Ns(members) => members.iter().map(Number::to_string).collect(),
        Value::Bs(members) => members.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
    };
    json!({ value.kind().name(): inner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_item_may_hold_is_refused() {
        let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let prefix = "One or more parameter values were invalid: ";
        let mut deep = AttributeValue::Null(true);
        for _ in 0..40 {
            deep = AttributeValue::L(vec![deep]);
        }
        for (value, message) in [
            (
                AttributeValue::N("x".into()),
                "The parameter cannot be converted to a numeric value: x".to_owned(),
            ),
            (
                AttributeValue::Null(false),
                format!("{prefix}Null attribute value types must have the value of true"),
            ),
            (AttributeValue::Ss(vec![]), format!("{prefix}An string set  may not be empty")),
            (AttributeValue::Ns(vec![]), format!("{prefix}An number set  may not be empty")),
            (AttributeValue::Bs(vec![]), format!("{prefix}Binary sets should not be empty")),
            (
                AttributeValue::Ss(texts(&["a", "a"])),
                format!("{prefix}Input collection [a, a] contains duplicates."),
            ),
            (AttributeValue::Ns(texts(&["1", "1.0"])), "Input collection contains duplicates".into()),
            (deep, "Nesting Levels have exceeded supported limits".into()),
        ] {
            assert_eq!(read_value(value), Err(message));
        }
    }
}
