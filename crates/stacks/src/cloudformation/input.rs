//! Properties of a template as the input of an operation: CloudFormation writes the same members,
//! and writes numbers and truths as text where it likes.

use serde_json::{Map, Value as Json};
use updraft_api::Refusal;
use updraft_api::shape::{Shape, StructShape};
use updraft_api::value::{Members, Structure, Value};

use super::refusals;

/// The input of an operation from properties of the same names.
pub(crate) fn read<T: Structure>(properties: &Map<String, Json>) -> Result<T, Refusal> {
    Ok(T::from_members(members(properties, T::SHAPE, "")?))
}

fn members(
    properties: &Map<String, Json>,
    shape: &'static StructShape,
    path: &str,
) -> Result<Members, Refusal> {
    let mut members = Members::of(shape);
    for (key, json) in properties {
        let Some(at) = shape.members.iter().position(|member| member.name.eq_ignore_ascii_case(key)) else {
            return Err(refusals::validation(format!("Encountered unsupported property {path}{key}")));
        };
        if let Some(value) = value(json, shape.members[at].shape, &format!("{path}{key}/"))? {
            members.set(at, value);
        }
    }
    Ok(members)
}

fn value(json: &Json, shape: &'static Shape, path: &str) -> Result<Option<Value>, Refusal> {
    let wrong = |wanted: &str| {
        let place = path.trim_end_matches('/');
        Err(refusals::validation(format!("Value of property {place} must be {wanted}")))
    };
    let text = || match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    Ok(Some(match shape {
        _ if json.is_null() => return Ok(None),
        Shape::String(_) => match (text(), json) {
            (Some(text), _) => Value::String(text),
            // Policy documents stand as objects in templates and as text in the API.
            (None, Json::Object(_)) => Value::String(json.to_string()),
            _ => return wrong("of type String"),
        },
        Shape::Integer(_) | Shape::Long(_) => match text().and_then(|text| text.parse().ok()) {
            Some(number) => Value::Integer(number),
            None => return wrong("of type Integer"),
        },
        Shape::Double(_) => match text().and_then(|text| text.parse().ok()) {
            Some(number) => Value::Double(number),
            None => return wrong("of type Double"),
        },
        Shape::Boolean => match text().as_deref() {
            Some("true") => Value::Boolean(true),
            Some("false") => Value::Boolean(false),
            _ => return wrong("of type Boolean"),
        },
        Shape::List(list) => {
            let items: Vec<&Json> = match json {
                Json::Array(items) => items.iter().collect(),
                _ => return wrong("of type List"),
            };
            let items = items.into_iter().filter_map(|item| value(item, list.member, path).transpose());
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Shape::Map(map) => match json {
            Json::Object(entries) => {
                let mut values = Vec::with_capacity(entries.len());
                for (key, json) in entries {
                    if let Some(value) = value(json, map.value, &format!("{path}{key}/"))? {
                        values.push((key.clone(), value));
                    }
                }
                Value::Map(values)
            }
            _ => return wrong("an object"),
        },
        Shape::Structure(shape) => match json {
            Json::Object(map) => Value::Structure(members(map, shape, path)?),
            _ => return wrong("an object"),
        },
        Shape::Blob(_) | Shape::Stream | Shape::Timestamp(_) => return wrong("of another type"),
    }))
}
