//! Scalars as text: in headers, paths, query strings and XML.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use updraft_types::Timestamp;

use crate::shape::{Shape, TimestampFormat};
use crate::value::Value;

/// A scalar's text.
pub(crate) fn write(value: &Value, format: TimestampFormat) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => write_double(*number),
        Value::Boolean(truth) => truth.to_string(),
        Value::Blob(bytes) => BASE64.encode(bytes),
        Value::Timestamp(at) => write_timestamp(*at, format),
        Value::Stream(_) | Value::List(_) | Value::Map(_) | Value::Structure(_) => String::new(),
    }
}

/// The scalar in a text, or `None` where it is not of the shape.
pub(crate) fn read(text: &str, shape: &Shape) -> Option<Value> {
    Some(match shape {
        Shape::String(_) => Value::String(text.to_owned()),
        Shape::Integer(_) => Value::Integer(text.trim().parse::<i32>().ok()?.into()),
        Shape::Long(_) => Value::Integer(text.trim().parse().ok()?),
        Shape::Double(_) => Value::Double(read_double(text.trim())?),
        Shape::Boolean => Value::Boolean(match text.trim() {
            "true" | "True" | "TRUE" | "1" => true,
            "false" | "False" | "FALSE" | "0" => false,
            _ => return None,
        }),
        Shape::Blob(_) => Value::Blob(BASE64.decode(text.trim()).ok()?.into()),
        Shape::Timestamp(_) => Value::Timestamp(read_timestamp(text.trim())?),
        Shape::Stream | Shape::List(_) | Shape::Map(_) | Shape::Structure(_) => return None,
    })
}

pub(crate) fn write_double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        format!("{number:?}")
    }
}

pub(crate) fn read_double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust reads more spellings of the special values than AWS does.
        _ if text.contains(['n', 'N', 'i', 'I']) => None,
        _ => text.parse().ok(),
    }
}

pub(crate) fn write_timestamp(at: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::Iso8601 => at.iso8601_millis(),
        TimestampFormat::HttpDate => at.http_date(),
        TimestampFormat::Epoch if at.millis() % 1_000 == 0 => at.secs().to_string(),
        TimestampFormat::Epoch => format!("{:.3}", at.secs_f64()),
    }
}

/// Reads any of the forms: clients differ, and each form tells itself.
pub(crate) fn read_timestamp(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.abs() < 1e12).then(|| Timestamp::from_secs_f64(seconds));
    }
    let with_zone = || if text.contains('T') { format!("{text}Z").parse().ok() } else { None };
    text.parse().ok().or_else(|| Timestamp::parse_http_date(text).ok()).or_else(with_zone)
}
