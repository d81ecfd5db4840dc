//! Logical ids: how they are made, and references to what a resource generates.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The id of a resource that changes with data: the prefix and ten digits of the data's SHA-1. The
/// data's text is Python's `json.dumps` with sorted keys, as the official transform hashes it.
pub(crate) fn hashed(prefix: &str, data: &Value) -> String {
    let mut text = String::new();
    write_sorted(&mut text, data);
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}{}", &hex[..10])
}

fn write_sorted(out: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(out, key);
                out.push(':');
                write_sorted(out, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_sorted(out, item);
            }
            out.push(']');
        }
        Value::String(text) => write_text(out, text),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A text as Python escapes it: everything past ASCII as `\uXXXX`.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
}

/// Replaces references to parameters by their values.
pub(crate) fn resolve_parameters(value: &Value, parameters: &BTreeMap<String, Value>) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(value) = map
                .get("Ref")
                .filter(|_| map.len() == 1)
                .and_then(Value::as_str)
                .and_then(|name| parameters.get(name))
            {
                return value.clone();
            }
            Value::Object(
                map.iter().map(|(key, value)| (key.clone(), resolve_parameters(value, parameters))).collect(),
            )
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| resolve_parameters(item, parameters)).collect())
        }
        scalar => scalar.clone(),
    }
}

/// Turns references to what a serverless resource generates into references to the generated:
/// `!Ref Function.Alias`, `!GetAtt Function.Version`, `!Ref Api.Stage`.
pub(crate) fn rename_references(resources: &mut Map<String, Value>, sources: &Map<String, Value>) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (id, source) in sources {
        if source.get("Type").and_then(Value::as_str) != Some("AWS::Serverless::Function") {
            continue;
        }
        for (generated, resource) in resources.iter() {
            let own = resource.pointer("/Properties/FunctionName/Ref").and_then(Value::as_str) == Some(id);
            match resource.get("Type").and_then(Value::as_str) {
                Some("AWS::Lambda::Alias") if own => {
                    drop(names.insert(format!("{id}.Alias"), generated.clone()))
                }
                Some("AWS::Lambda::Version") if own => {
                    drop(names.insert(format!("{id}.Version"), generated.clone()))
                }
                _ => {}
            }
        }
    }
    if !names.is_empty() {
        resources.values_mut().for_each(|value| rename(value, &names));
    }
}

fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            if map.len() == 1
                && let Some((function, argument)) = map.iter_mut().next()
            {
                match (function.as_str(), argument) {
                    ("Ref", Value::String(target)) => {
                        if let Some(name) = names.get(target) {
                            *target = name.clone();
                        }
                        return;
                    }
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        let dotted = parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
                        let renamed = names.iter().find_map(|(old, new)| {
                            let rest = dotted.strip_prefix(old.as_str())?.strip_prefix('.')?;
                            Some(vec![Value::from(new.as_str()), Value::from(rest)])
                        });
                        if let Some(renamed) = renamed {
                            *parts = renamed;
                        } else if let Some(name) = names.get(&dotted) {
                            // `!GetAtt Function.Version` asks for the version's number.
                            let attribute = if dotted.ends_with(".Version") { "Version" } else { "Arn" };
                            *parts = vec![Value::from(name.as_str()), Value::from(attribute)];
                        }
                        return;
                    }
                    ("Fn::Sub", argument) => {
                        let text = match argument {
                            Value::String(text) => Some(text),
                            Value::Array(parts) => match parts.first_mut() {
                                Some(Value::String(text)) => Some(text),
                                _ => None,
                            },
                            _ => None,
                        };
                        if let Some(text) = text {
                            for (old, new) in names {
                                *text = text.replace(&format!("${{{old}}}"), &format!("${{{new}}}"));
                                *text = text.replace(&format!("${{{old}."), &format!("${{{new}."));
                            }
                        }
                    }
                    _ => {}
                }
            }
            map.values_mut().for_each(|value| rename(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_official_transform() {
        // `echo -n '{"S3Bucket":"b","S3Key":"k"}' | sha1sum`
        let id = hashed("FnVersion", &json!({"S3Key": "k", "S3Bucket": "b"}));
        let digest =
            ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, br#"{"S3Bucket":"b","S3Key":"k"}"#);
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(id, format!("FnVersion{}", &hex[..10]));
    }
}
