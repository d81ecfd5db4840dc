//! JSON bodies: awsJson 1.0 and 1.1, and restJson1's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value as Json;
use serde_json::{Map, Number};

use super::{DEPTH_MAX, in_body, text};
use crate::shape::{Member, Shape, StructShape, TimestampFormat};
use crate::value::{Members, Value};
use crate::{Protocol, Refusal};

/// The content type of a protocol's bodies.
pub(crate) fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        _ => "application/json",
    }
}

/// Reads a body; an empty one is an empty object.
pub(crate) fn read_body(bytes: &[u8], shape: &'static StructShape) -> Result<Members, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Members::of(shape));
    }
    let json: Json = serde_json::from_slice(bytes)
        .map_err(|error| serialization(format!("Could not parse request body into json: {error}")))?;
    let Json::Object(object) = json else {
        return Err(serialization("Start of structure or map found where not expected."));
    };
    read_members(object, shape, 0)
}

/// Reads the members of a structure that stand in the body; what the shape does not know is passed over.
pub(crate) fn read_members(
    mut object: Map<String, Json>,
    shape: &'static StructShape,
    depth: usize,
) -> Result<Members, Refusal> {
    let mut members = Members::of(shape);
    for (at, member) in shape.members.iter().enumerate().filter(|(_, m)| in_body(m.location)) {
        if let Some(json) = object.remove(member.wire_name)
            && let Some(value) = read_member(json, member, depth)?
        {
            members.set(at, value);
        }
    }
    if shape.union && members.0.iter().flatten().count() != 1 {
        return Err(union_refusal(members.0.iter().flatten().count()));
    }
    Ok(members)
}

/// A union with none or several of its members. The texts are DynamoDB's, whose value is the one
/// union among the listed operations.
fn union_refusal(count: usize) -> Refusal {
    let message = if count == 0 {
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    } else {
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    };
    Refusal::new("ValidationException", 400, message)
}

fn read_member(json: Json, member: &Member, depth: usize) -> Result<Option<Value>, Refusal> {
    if member.json_value {
        let text = match json {
            Json::String(text) => text,
            other => other.to_string(),
        };
        return Ok(Some(Value::String(text)));
    }
    read(json, member.shape, depth + 1)
}

/// Reads a value; null is no value.
pub(crate) fn read(json: Json, shape: &'static Shape, depth: usize) -> Result<Option<Value>, Refusal> {
    if depth > DEPTH_MAX {
        return Err(serialization("The document is nested too deep."));
    }
    Ok(Some(match (shape, json) {
        (_, Json::Null) => return Ok(None),
        (Shape::Structure(shape), Json::Object(object)) => {
            Value::Structure(read_members(object, shape, depth)?)
        }
        (Shape::List(list), Json::Array(items)) => {
            let items = items.into_iter().filter_map(|item| read(item, list.member, depth + 1).transpose());
            Value::List(items.collect::<Result<_, _>>()?)
        }
        (Shape::Map(map), Json::Object(object)) => {
            let mut entries = Vec::with_capacity(object.len());
            for (key, json) in object {
                if let Some(value) = read(json, map.value, depth + 1)? {
                    entries.push((key, value));
                }
            }
            Value::Map(entries)
        }
        (Shape::String(_), Json::String(text)) => Value::String(text),
        (Shape::Integer(_), Json::Number(number)) => {
            let whole = whole_number(&number).filter(|n| i32::try_from(*n).is_ok());
            Value::Integer(whole.ok_or_else(|| unconvertible(&Json::Number(number), "Integer"))?)
        }
        (Shape::Long(_), Json::Number(number)) => {
            Value::Integer(whole_number(&number).ok_or_else(|| unconvertible(&Json::Number(number), "Long"))?)
        }
        (Shape::Double(_), Json::Number(number)) => Value::Double(number.as_f64().unwrap_or_default()),
        (Shape::Double(_), Json::String(text)) => Value::Double(
            text::read_double(&text).ok_or_else(|| unconvertible(&Json::String(text), "Double"))?,
        ),
        (Shape::Boolean, Json::Bool(truth)) => Value::Boolean(truth),
        (Shape::Blob(_) | Shape::Stream, Json::String(text)) => {
            Value::Blob(BASE64.decode(&text).map_err(|_| serialization("Invalid base64 in a blob."))?.into())
        }
        (Shape::Timestamp(_), Json::Number(number)) => {
            Value::Timestamp(updraft_types::Timestamp::from_secs_f64(number.as_f64().unwrap_or_default()))
        }
        (Shape::Timestamp(_), Json::String(text)) => Value::Timestamp(
            text::read_timestamp(&text).ok_or_else(|| unconvertible(&Json::String(text), "Timestamp"))?,
        ),
        (shape, json) => return Err(unconvertible(&json, kind(shape))),
    }))
}

/// A number without a fraction; AWS reads `3.0` as 3.
fn whole_number(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9.0e15)?;
        Some(float as i64)
    })
}

fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::String(_) => "String",
        Shape::Integer(_) => "Integer",
        Shape::Long(_) => "Long",
        Shape::Double(_) => "Double",
        Shape::Boolean => "Boolean",
        Shape::Blob(_) | Shape::Stream => "Blob",
        Shape::Timestamp(_) => "Timestamp",
        Shape::List(_) => "List",
        Shape::Map(_) => "Map",
        Shape::Structure(_) => "Structure",
    }
}

/// AWS's refusal of a value of the wrong kind: `NUMBER_VALUE cannot be converted to String`.
fn unconvertible(json: &Json, wanted: &str) -> Refusal {
    let found = match json {
        Json::Null => "NULL_VALUE",
        Json::Bool(true) => "TRUE_VALUE",
        Json::Bool(false) => "FALSE_VALUE",
        Json::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Json::Number(_) => "NUMBER_VALUE",
        Json::String(_) => "STRING_VALUE",
        Json::Array(_) | Json::Object(_) => {
            return serialization("Start of structure or map found where not expected.");
        }
    };
    serialization(format!("{found} cannot be converted to {wanted}"))
}

pub(crate) fn serialization(message: impl Into<String>) -> Refusal {
    Refusal::new("SerializationException", 400, message)
}

/// Writes a body.
pub(crate) fn write_body(members: &Members, shape: &StructShape) -> Vec<u8> {
    Json::Object(write_members(members, shape)).to_string().into_bytes()
}

/// The members of a structure that stand in the body.
pub(crate) fn write_members(members: &Members, shape: &StructShape) -> Map<String, Json> {
    let set = shape.members.iter().zip(&members.0).filter(|(member, _)| in_body(member.location));
    set.filter_map(|(member, value)| {
        let format = format_of(member.timestamp, member.shape);
        Some((member.wire_name.to_owned(), write(value.as_ref()?, member.shape, format)))
    })
    .collect()
}

fn format_of(set: Option<TimestampFormat>, shape: &Shape) -> TimestampFormat {
    match shape {
        Shape::Timestamp(own) => set.or(*own).unwrap_or(TimestampFormat::Epoch),
        _ => TimestampFormat::Epoch,
    }
}

/// A value as JSON.
pub(crate) fn write(value: &Value, shape: &Shape, format: TimestampFormat) -> Json {
    match (value, shape) {
        (Value::Structure(members), Shape::Structure(shape)) => Json::Object(write_members(members, shape)),
        (Value::List(items), Shape::List(list)) => {
            let format = format_of(None, list.member);
            Json::Array(items.iter().map(|item| write(item, list.member, format)).collect())
        }
        (Value::Map(entries), Shape::Map(map)) => {
            let format = format_of(None, map.value);
            Json::Object(
                entries.iter().map(|(key, value)| (key.clone(), write(value, map.value, format))).collect(),
            )
        }
        (Value::Timestamp(at), _) if format == TimestampFormat::Epoch => {
            if at.millis() % 1_000 == 0 {
                Json::from(at.secs())
            } else {
                Json::from(at.secs_f64())
            }
        }
        (Value::Integer(number), _) => Json::from(*number),
        (Value::Double(number), _) => {
            Number::from_f64(*number).map_or_else(|| Json::String(text::write_double(*number)), Json::Number)
        }
        (Value::Boolean(truth), _) => Json::Bool(*truth),
        (value, _) => Json::String(text::write(value, format)),
    }
}
