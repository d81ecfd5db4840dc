//! The functions on text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::arguments::text;
use crate::jsonata::hash_of;

/// The longest text that is encoded, decoded or hashed (`intrinsic-functions.html`).
const TEXT_LENGTH_MAX: usize = 10_000;

pub(super) fn base64_encode(values: &[Value]) -> Result<Value, String> {
    Ok(BASE64.encode(bounded(values)?).into())
}

pub(super) fn base64_decode(values: &[Value]) -> Result<Value, String> {
    let bytes =
        BASE64.decode(bounded(values)?).map_err(|error| format!("The string is not Base64: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// The hash of a text; other JSON is hashed as the text it is written as.
pub(super) fn hash(values: &[Value]) -> Result<Value, String> {
    let written = match &values[0] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if written.chars().count() > TEXT_LENGTH_MAX {
        return Err(too_long());
    }
    let algorithm = text(values, 1)?;
    hash_of(written.as_bytes(), algorithm).map(Value::String).ok_or_else(|| {
        format!("{algorithm:?} is not one of the algorithms MD5, SHA-1, SHA-256, SHA-384 and SHA-512")
    })
}

fn bounded(values: &[Value]) -> Result<&str, String> {
    let text = text(values, 0)?;
    if text.chars().count() > TEXT_LENGTH_MAX { Err(too_long()) } else { Ok(text) }
}

fn too_long() -> String {
    format!("The string has more than {TEXT_LENGTH_MAX} characters")
}

/// The pieces between any of the delimiting characters, without empty ones.
pub(super) fn split(values: &[Value]) -> Result<Value, String> {
    let (whole, delimiters) = (text(values, 0)?, text(values, 1)?);
    let pieces = whole.split(|character| delimiters.contains(character));
    Ok(pieces.filter(|piece| !piece.is_empty()).map(Value::from).collect())
}

/// `template` with each `{}` replaced by the next value. With `escapes`, a backslash takes the next
/// character as it is.
pub(super) fn format(template: &str, escapes: bool, values: &[Value]) -> Result<Value, String> {
    let mut formatted = String::with_capacity(template.len());
    let mut values = values.iter();
    let mut characters = template.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if escapes => formatted.extend(characters.next()),
            '{' if characters.next_if_eq(&'}').is_some() => {
                let value = values.next().ok_or_else(|| wrong_count(template))?;
                write_java(value, &mut formatted);
            }
            other => formatted.push(other),
        }
    }
    if values.next().is_some() {
        return Err(wrong_count(template));
    }
    Ok(Value::String(formatted))
}

fn wrong_count(template: &str) -> String {
    format!("The number of arguments does not match the occurrences of {{}} in '{template}'")
}

/// A value as Java writes it: `{a=1, b=[]}` (recorded on AWS 2023-02).
fn write_java(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_java(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(key);
                out.push('=');
                write_java(member, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
