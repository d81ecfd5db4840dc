//! Intrinsic functions as the transform sees them: it looks into few, and resolves those that name
//! parameters or mappings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use super::problem::Fail;

/// Whether a value is an intrinsic function.
pub(crate) fn is_intrinsic(value: &Value) -> bool {
    function_name(value).is_some_and(|name| matches!(name, "Ref" | "Condition") || name.starts_with("Fn::"))
}

fn function_name(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.keys().next().map(String::as_str)
}

/// Whether a value is `!Ref AWS::NoValue`.
pub(crate) fn is_no_value(value: &Value) -> bool {
    function_name(value) == Some("Ref") && value["Ref"] == "AWS::NoValue"
}

/// Whether a value is `Fn::If`.
pub(crate) fn is_if(value: &Value) -> bool {
    function_name(value) == Some("Fn::If")
}

/// The condition of an `Fn::If` and its two branches.
pub(crate) fn if_parts(value: &Value) -> Result<(&Value, &Value, &Value), &'static str> {
    match value["Fn::If"].as_array().map(Vec::as_slice) {
        Some([condition, then, otherwise]) => Ok((condition, then, otherwise)),
        _ => Err("Fn::If requires 3 arguments"),
    }
}

/// A value that is there only under a condition.
pub(crate) fn conditional(condition: &str, value: Value) -> Value {
    json!({"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]})
}

/// A reference to an attribute.
pub(crate) fn attribute(id: &str, name: &str) -> Value {
    json!({"Fn::GetAtt": [id, name]})
}

/// Whether Python would take a value for true: the official transform asks so of most properties.
pub(crate) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A property that is there and true to Python.
pub(crate) fn given<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    properties.get(name).filter(|value| truthy(value))
}

/// Conditions joined by `Fn::Or`, which takes ten at most: further ones are chained.
pub(crate) fn combined(mut conditions: Vec<String>, name: &str) -> Vec<(String, Value)> {
    /// "Condition functions", CloudFormation user guide.
    const OR_MAX: usize = 10;
    let mut chained = Vec::new();
    let mut left = conditions.len().saturating_sub(2) / (OR_MAX - 1);
    while conditions.len() > 1 {
        let own = if left > 0 { format!("{name}{left}") } else { name.to_owned() };
        left = left.saturating_sub(1);
        let rest = conditions.split_off(conditions.len().min(OR_MAX));
        let any: Vec<Value> = conditions.iter().map(|condition| json!({"Condition": condition})).collect();
        conditions = rest;
        conditions.push(own.clone());
        chained.push((own, json!({"Fn::Or": any})));
    }
    chained
}

/// What `Fn::Sub` puts values in for.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\$\{([A-Za-z0-9.]+|AWS::[A-Z][A-Za-z]*)\}").expect("the pattern is well-formed")
});

/// Rewrites the placeholders of a text of `Fn::Sub`.
pub(crate) fn replace_placeholders(text: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let replaced = PLACEHOLDER
        .replace_all(text, |found: &Captures<'_>| replace(&found[1]).unwrap_or_else(|| found[0].to_owned()));
    replaced.into_owned()
}

/// The text of an `Fn::Sub`, for rewriting.
pub(crate) fn sub_text(argument: &mut Value) -> Option<&mut String> {
    match argument {
        Value::String(text) => Some(text),
        Value::Array(parts) => match parts.first_mut() {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The values of parameters, pseudo parameters among them.
#[derive(Debug, Default)]
pub(crate) struct Parameters(pub(crate) BTreeMap<String, Value>);

impl Parameters {
    /// A value with references to parameters replaced by what they are.
    pub(crate) fn resolve(&self, value: &Value) -> Value {
        let mut resolved = value.clone();
        self.resolve_in(&mut resolved);
        resolved
    }

    fn resolve_in(&self, value: &mut Value) {
        if let Some(known) = function_name(value)
            .filter(|name| *name == "Ref")
            .and_then(|_| value["Ref"].as_str())
            .and_then(|name| self.0.get(name))
        {
            *value = known.clone();
        }
        if let Some(text) = value.get_mut("Fn::Sub").and_then(sub_text) {
            *text = replace_placeholders(text, |name| self.0.get(name).map(plain_text));
        }
        match value {
            Value::Object(map) => map.values_mut().for_each(|value| self.resolve_in(value)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve_in(item)),
            _ => {}
        }
    }
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| super::python::repr(value), str::to_owned)
}

/// A value with what it finds in the template's mappings put in.
pub(crate) fn find_in_map(value: &Value, mappings: &Value) -> Result<Value, Fail> {
    let Some("Fn::FindInMap") = function_name(value) else { return Ok(value.clone()) };
    let Some([map, top, second]) = value["Fn::FindInMap"].as_array().map(Vec::as_slice) else {
        let told = super::python::repr(&value["Fn::FindInMap"]);
        return Err(Fail::document(&format!(
            "Invalid FindInMap value {told}. FindInMap expects an array with 3 values."
        )));
    };
    let keys = (map.as_str(), top.as_str(), second.as_str());
    let (Some(map), Some(top), Some(second)) = keys else { return Ok(value.clone()) };
    let found = mappings.get(map).and_then(|map| map.get(top)).and_then(|top| top.get(second));
    Ok(found.unwrap_or(value).clone())
}
