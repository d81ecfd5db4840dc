//! What a function answered, as an HTTP response.
//!
//! Source: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", API Gateway
//! developer guide (read 2026-11).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::model::PayloadFormat;

/// A response before it is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// API Gateway's own answers are a message in JSON.
    pub fn message(status: StatusCode, message: &str) -> Self {
        let body = serde_json::json!({"message": message}).to_string();
        Self { status, headers: typed("application/json"), body: body.into() }
    }

    /// What API Gateway says when the function failed or cannot be made sense of.
    pub fn server_error() -> Self {
        Self::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }
}

fn typed(content_type: &'static str) -> HeaderMap {
    [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))].into_iter().collect()
}

/// The response for a function's answer.
pub(crate) fn read(payload: &[u8], format: PayloadFormat) -> Answer {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else { return Answer::server_error() };
    match (value, format) {
        (Value::Object(answer), _) if answer.contains_key("statusCode") => {
            structured(&answer).unwrap_or_else(Answer::server_error)
        }
        (_, PayloadFormat::V1) => Answer::server_error(),
        // Format 2.0 takes any other JSON for the body itself.
        (Value::String(text), PayloadFormat::V2) => inferred(text.into()),
        (_, PayloadFormat::V2) => inferred(Bytes::copy_from_slice(payload)),
    }
}

fn inferred(body: Bytes) -> Answer {
    Answer { status: StatusCode::OK, headers: typed("application/json"), body }
}

/// The response that an answer with a status code describes; `None` where it is not sound.
fn structured(answer: &Map<String, Value>) -> Option<Answer> {
    let code = match answer.get("statusCode")? {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let status = StatusCode::from_u16(code).ok().filter(|status| status.as_u16() < 600)?;
    let mut headers = HeaderMap::new();
    for (name, value) in object(answer.get("headers"))? {
        headers.insert(header_name(name)?, header_value(value)?);
    }
    for (name, values) in object(answer.get("multiValueHeaders"))? {
        let name = header_name(name)?;
        headers.remove(&name);
        for value in values.as_array()? {
            headers.append(name.clone(), header_value(value)?);
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, header_value(cookie)?);
    }
    // The length is that of what is sent, whatever the function thought.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let base64 = answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = match answer.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if base64 => STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => text.clone().into(),
        Some(_) => return None,
    };
    if !headers.contains_key(header::CONTENT_TYPE) && !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    Some(Answer { status, headers, body })
}

/// The members of an object that may be missing.
fn object(value: Option<&Value>) -> Option<impl Iterator<Item = (&String, &Value)>> {
    let map = match value {
        None | Some(Value::Null) => None,
        Some(Value::Object(map)) => Some(map),
        Some(_) => return None,
    };
    Some(map.into_iter().flatten())
}

fn header_name(name: &str) -> Option<HeaderName> {
    name.parse().ok()
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    HeaderValue::from_bytes(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_v2(payload: &str) -> Answer {
        read(payload.as_bytes(), PayloadFormat::V2)
    }

    #[test]
    fn answers_without_a_status_are_bodies() {
        let rows = [(r#"{"a":1}"#, r#"{"a":1}"#), (r#""Hello""#, "Hello"), ("[1]", "[1]"), ("null", "null")];
        for (payload, body) in rows {
            let answer = read_v2(payload);
            assert_eq!((answer.status, answer.body), (StatusCode::OK, Bytes::from(body)), "{payload}");
            assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
        }
    }

    #[test]
    fn answers_with_a_status_are_responses() {
        let answer = read_v2(
            r#"{"statusCode":201,"headers":{"X-Id":7,"Content-Length":"1"},"cookies":["a=1","b=2"],
                "multiValueHeaders":{"x-m":["1","2"]},"body":"aGk=","isBase64Encoded":true}"#,
        );
        assert_eq!((answer.status, answer.body), (StatusCode::CREATED, Bytes::from_static(b"hi")));
        assert_eq!(answer.headers["x-id"], "7");
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(answer.headers.get_all("x-m").iter().count(), 2);
        assert!(!answer.headers.contains_key("content-length"));
        assert_eq!(answer.headers["content-type"], "text/plain;charset=UTF-8");
        assert_eq!(read_v2(r#"{"statusCode":"204"}"#).status, StatusCode::NO_CONTENT);
    }

    #[test]
    fn what_makes_no_sense_is_a_server_error() {
        let rows = [
            "not json",
            r#"{"statusCode":"many"}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":200,"body":{"a":1}}"#,
            r#"{"statusCode":200,"headers":{"a b":"1"}}"#,
            r#"{"statusCode":200,"headers":{"a":"x\ny"}}"#,
            r#"{"statusCode":200,"body":"*","isBase64Encoded":true}"#,
        ];
        for payload in rows {
            assert_eq!(read_v2(payload), Answer::server_error(), "{payload}");
        }
        assert_eq!(read(b"{\"a\":1}", PayloadFormat::V1), Answer::server_error());
    }
}
