//! Values as Python prints them: the official transform's messages carry them, and its hashes are
//! made from them.

use serde_json::Value;

/// The value as `repr` prints it.
pub(crate) fn repr(value: &Value) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.contains('\'') && !text.contains('"') => format!("\"{text}\""),
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        Value::Array(items) => format!("[{}]", list(items.iter().map(repr).collect())),
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(key, value)| format!("{}: {}", repr(&Value::from(key.as_str())), repr(value)));
            format!("{{{}}}", list(members.collect()))
        }
    }
}

/// Names as Python prints a list of them.
pub(crate) fn list(names: &[&str]) -> String {
    repr(&Value::from(names.to_vec()))
}

/// The name of the value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The value as `json.dumps` prints it with sorted keys and without spaces.
pub(crate) fn sorted_json(value: &Value) -> String {
    let mut out = String::new();
    write_sorted(&mut out, value);
    out
}

fn write_sorted(out: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
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
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_as_python_prints_them() {
        let value = json!({"b": [true, null, 1, 1.5], "a": "it's", "c": "x"});
        assert_eq!(repr(&value), r#"{'b': [True, None, 1, 1.5], 'a': "it's", 'c': 'x'}"#);
        assert_eq!(sorted_json(&value), r#"{"a":"it's","b":[true,null,1,1.5],"c":"x"}"#);
        assert_eq!(sorted_json(&json!("ä\u{1}\u{1f600}\u{8}")), r#""\u00e4\u0001\ud83d\ude00\b""#);
    }
}
