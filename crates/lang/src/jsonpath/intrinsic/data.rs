//! The functions between JSON and text.

use serde_json::Value;

use super::arguments::{expected, text};

/// An empty text is null: recorded on AWS 2023-02.
pub(super) fn parse(values: &[Value]) -> Result<Value, String> {
    let json = text(values, 0)?;
    if json.trim().is_empty() {
        return Ok(Value::Null);
    }
    let parsed =
        serde_json::from_str(json).map_err(|error| format!("The string is not valid JSON: {error}"))?;
    // Jackson has no negative zero among the integers.
    Ok(if json.trim() == "-0" { 0.into() } else { parsed })
}

/// The members of the second object over those of the first. Deep merging is not there yet on AWS
/// either: the last argument must be false.
pub(super) fn merge(values: &[Value]) -> Result<Value, String> {
    let first = values[0].as_object().ok_or_else(|| expected(values, 0, "a JSON object"))?;
    let second = values[1].as_object().ok_or_else(|| expected(values, 1, "a JSON object"))?;
    if values[2] != Value::Bool(false) {
        return Err(expected(values, 2, "false: deep merging is not supported"));
    }
    let mut merged = first.clone();
    merged.extend(second.clone());
    Ok(Value::Object(merged))
}
