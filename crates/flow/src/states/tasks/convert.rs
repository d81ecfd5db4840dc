//! Parameters and results of integrations: JSON with the names of Step Functions on one side, the
//! members of an operation's shapes on the other.
//!
//! Names begin with a capital letter; those of SDK integrations are the SDK for Java's, which spells
//! acronyms as words ("Supported AWS SDK integrations", developer guide, read 2026-11).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use updraft_api::ByteStream;
use updraft_api::shape::{Shape, StructShape};
use updraft_api::value::{Members, Value};
use updraft_types::Timestamp;

/// The name of a member in Step Functions.
pub(super) fn member_name(name: &str, sdk: bool) -> String {
    // The names of S3's checksums stay as they are (recorded).
    if sdk && !name.starts_with("ChecksumCRC") && !name.starts_with("ChecksumSHA") {
        return pascal(name);
    }
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A name as the SDK for Java spells it: words with a capital each, acronyms, too.
pub(super) fn pascal(name: &str) -> String {
    words(name)
        .into_iter()
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters.map(|letter| letter.to_ascii_lowercase())).collect::<String>()
        })
        .collect()
}

/// The words of a name: they begin where a capital follows a small letter, where the last capital of
/// several is followed by a small letter, and after digits.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = match before {
            Some(before) if letter.is_ascii_uppercase() => {
                (before.is_ascii_lowercase() && after.is_some_and(char::is_ascii_alphanumeric))
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
                    || before.is_ascii_digit()
            }
            Some(before) => before.is_ascii_digit() && letter.is_ascii_alphabetic(),
            None => false,
        };
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The members that parameters stand for; a message where they stand for none.
pub(super) fn into_members(
    parameters: &Json,
    shape: &'static StructShape,
    sdk: bool,
) -> Result<Members, String> {
    let Json::Object(parameters) = parameters else {
        return Err("The parameters must be an object".to_owned());
    };
    let mut members = Members::of(shape);
    for (name, json) in parameters {
        let at = shape.members.iter().position(|member| {
            member_name(member.name, sdk) == *name || member_name(member.name, !sdk) == *name
        });
        let Some(at) = at else {
            return Err(format!("The field '{name}' is not supported by Step Functions"));
        };
        if let Some(value) = into_value(json, shape.members[at].shape, sdk, name)? {
            members.set(at, value);
        }
    }
    Ok(members)
}

fn into_value(json: &Json, shape: &'static Shape, sdk: bool, name: &str) -> Result<Option<Value>, String> {
    let wrong = |wanted: &str| Err(format!("The value of the field '{name}' must be {wanted}"));
    Ok(Some(match (shape, json) {
        (_, Json::Null) => return Ok(None),
        (Shape::Structure(shape), json @ Json::Object(_)) => {
            Value::Structure(into_members(json, shape, sdk)?)
        }
        (Shape::List(list), Json::Array(items)) => {
            let mut found = Vec::with_capacity(items.len());
            for item in items {
                found.extend(into_value(item, list.member, sdk, name)?);
            }
            Value::List(found)
        }
        (Shape::Map(map), Json::Object(entries)) => {
            let mut found = Vec::with_capacity(entries.len());
            for (key, json) in entries {
                if let Some(value) = into_value(json, map.value, sdk, key)? {
                    found.push((key.clone(), value));
                }
            }
            Value::Map(found)
        }
        // Objects and numbers become JSON text where text is wanted.
        (Shape::String(_), json) => Value::String(text(json)),
        // Bytes are JSON text, that of a text with its quotes (recorded).
        (Shape::Blob(_), json) => Value::Blob(json.to_string().into_bytes().into()),
        (Shape::Stream, json) => Value::Stream(ByteStream::Whole(json.to_string().into_bytes().into())),
        (Shape::Integer(_) | Shape::Long(_), Json::Number(number)) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => match number.as_f64().filter(|float| float.fract() == 0.0) {
                Some(float) => Value::Integer(float as i64),
                None => return wrong("a whole number"),
            },
        },
        (Shape::Double(_), Json::Number(number)) => Value::Double(number.as_f64().unwrap_or_default()),
        (Shape::Boolean, Json::Bool(truth)) => Value::Boolean(*truth),
        (Shape::Timestamp(_), Json::String(text)) => match text.parse() {
            Ok(at) => Value::Timestamp(at),
            Err(_) => return wrong("a timestamp"),
        },
        (Shape::Timestamp(_), Json::Number(number)) => {
            Value::Timestamp(Timestamp::from_secs_f64(number.as_f64().unwrap_or_default()))
        }
        (Shape::Integer(_) | Shape::Long(_) | Shape::Double(_), _) => return wrong("a number"),
        (Shape::Boolean, _) => return wrong("a boolean"),
        (Shape::Timestamp(_), _) => return wrong("a timestamp"),
        (Shape::List(_), _) => return wrong("an array"),
        (Shape::Map(_) | Shape::Structure(_), _) => return wrong("an object"),
    }))
}

fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The largest body that a result can hold.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// Reads the bodies among the members that are still streams.
pub(super) async fn collect_streams(members: &mut Members) -> Result<(), String> {
    for member in members.0.iter_mut().flatten() {
        if let Value::Stream(_) = member {
            let Value::Stream(stream) = std::mem::replace(member, Value::Boolean(false)) else { continue };
            let bytes = stream.collect(BODY_BYTES_MAX).await.map_err(|error| error.to_string())?;
            *member = Value::Blob(bytes);
        }
    }
    Ok(())
}

/// A result's members as JSON.
pub(super) fn from_members(members: &Members, shape: &'static StructShape, sdk: bool) -> Map<String, Json> {
    let pairs = shape.members.iter().zip(&members.0);
    pairs
        .filter_map(|(member, value)| {
            Some((member_name(member.name, sdk), from_value(value.as_ref()?, member.shape, sdk)))
        })
        .collect()
}

fn from_value(value: &Value, shape: &'static Shape, sdk: bool) -> Json {
    match (value, shape) {
        (Value::Structure(members), Shape::Structure(shape)) => {
            Json::Object(from_members(members, shape, sdk))
        }
        (Value::List(items), Shape::List(list)) => {
            items.iter().map(|item| from_value(item, list.member, sdk)).collect()
        }
        (Value::Map(entries), Shape::Map(map)) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), from_value(value, map.value, sdk)));
            Json::Object(entries.collect())
        }
        (Value::String(text), _) => Json::String(text.clone()),
        (Value::Integer(number), _) => json!(number),
        (Value::Double(number), _) => json!(number),
        (Value::Boolean(truth), _) => json!(truth),
        (Value::Blob(bytes), _) => match std::str::from_utf8(bytes) {
            Ok(text) => Json::String(text.to_owned()),
            Err(_) => Json::String(STANDARD.encode(bytes)),
        },
        (Value::Timestamp(at), _) if sdk => Json::String(at.iso8601_millis()),
        (Value::Timestamp(at), _) => json!(at.millis()),
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acronyms_become_words() {
        let rows = [
            ("ETag", "ETag"),
            ("SSEKMSKeyId", "SsekmsKeyId"),
            ("DBInstanceIdentifier", "DbInstanceIdentifier"),
            ("stateMachineArn", "StateMachineArn"),
            ("TableName", "TableName"),
            ("ChecksumCRC32", "ChecksumCRC32"),
            ("NS", "Ns"),
        ];
        for (name, wanted) in rows {
            assert_eq!(member_name(name, true), wanted, "{name}");
        }
        assert_eq!(member_name("MD5OfMessageBody", false), "MD5OfMessageBody");
    }
}
