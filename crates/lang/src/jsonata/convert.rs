//! Between JSON values and those of the evaluator.

use std::rc::Rc;

use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::{JValue, with_stack};
use serde_json::{Number, Value};

/// Doubles are exact integers up to here.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

pub(super) fn into_jsonata(value: &Value) -> JValue {
    with_stack(|| match value {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(into_jsonata).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| (key.clone(), into_jsonata(member)));
            JValue::Object(Rc::new(members.collect()))
        }
    })
}

/// The value as JSON; none where it is undefined or a function, which JSON has no words for. Inside
/// arrays and objects a function is left empty, as `JSON.stringify` of the reference does.
pub(super) fn from_jsonata(value: &JValue) -> Result<Option<Value>, EvaluatorError> {
    match value {
        JValue::Undefined => Ok(None),
        value if value.is_function() => Ok(None),
        value => inner(value).map(Some),
    }
}

fn inner(value: &JValue) -> Result<Value, EvaluatorError> {
    with_stack(|| match value {
        JValue::Bool(value) => Ok(Value::Bool(*value)),
        JValue::Number(number) => from_double(*number),
        JValue::String(text) => Ok(Value::String(text.to_string())),
        JValue::Array(items) => items.iter().map(inner).collect::<Result<_, _>>().map(Value::Array),
        JValue::Object(members) => members
            .iter()
            .filter(|(_, member)| !matches!(member, JValue::Undefined))
            .map(|(key, member)| Ok((key.clone(), inner(member)?)))
            .collect::<Result<_, _>>()
            .map(Value::Object),
        _ => Ok(Value::Null),
    })
}

/// A whole double is written as an integer: JSONata knows one kind of number only.
fn from_double(number: f64) -> Result<Value, EvaluatorError> {
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        return Ok(Value::from(number as i64));
    }
    let number = Number::from_f64(number);
    number
        .map(Value::Number)
        .ok_or_else(|| EvaluatorError::EvaluationError("D1001: Number out of range".into()))
}
