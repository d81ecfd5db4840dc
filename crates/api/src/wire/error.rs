//! Errors on the wire, in each protocol's own form.

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value as Json, json};

use super::xml::{Element, escape};
use super::{CBOR_PROTOCOL, CBOR_TYPE, add_request_id, cbor, json, whole};
use crate::{ByteStream, Protocol, Refusal, ServiceInfo, Side};

/// Encodes a refusal as the service would.
#[must_use]
pub fn encode_refusal(
    service: &ServiceInfo,
    protocol: Protocol,
    refusal: &Refusal,
    request_id: &str,
) -> Response<ByteStream> {
    let mut response = match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            // The namespace before the code is that of the service's model; DynamoDB's clients expect it.
            let kind = match service.name {
                "dynamodb" => format!("com.amazonaws.dynamodb.v20120810#{}", refusal.code),
                _ => refusal.code.to_string(),
            };
            let mut body = json!({ "__type": kind });
            // awsJson writes `message`; DynamoDB's request errors write it the same way.
            fill(&mut body, refusal, "message");
            whole(refusal.status, json::content_type(protocol), body.to_string().into_bytes())
        }
        Protocol::RestJson => {
            let mut body = json!({});
            fill(&mut body, refusal, "message");
            let mut response = whole(refusal.status, "application/json", body.to_string().into_bytes());
            if let Ok(code) = HeaderValue::from_str(&refusal.code) {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
        Protocol::Cbor => {
            let mut response = whole(refusal.status, CBOR_TYPE, cbor::write_error(refusal));
            response.headers_mut().insert("smithy-protocol", HeaderValue::from_static(CBOR_PROTOCOL));
            response
        }
        Protocol::Query => whole(refusal.status, "text/xml", query_error(service, refusal, request_id)),
        Protocol::RestXml if matches!(refusal.status, 304) => whole(304, "", Vec::new()),
        Protocol::RestXml => whole(refusal.status, "application/xml", s3_error(refusal, request_id)),
    };
    // A service that once spoke awsQuery only tells its old error codes beside the new.
    if service.protocols.contains(&Protocol::Query)
        && protocol != Protocol::Query
        && let Ok(code) = HeaderValue::from_str(&format!("{};{}", refusal.code, side(refusal)))
    {
        response.headers_mut().insert("x-amzn-query-error", code);
    }
    add_request_id(&mut response, service.name, request_id);
    response
}

fn side(refusal: &Refusal) -> &'static str {
    match refusal.side {
        Side::Sender => "Sender",
        Side::Receiver => "Receiver",
    }
}

fn fill(body: &mut Json, refusal: &Refusal, message_name: &str) {
    body[message_name] = Json::String(refusal.message.clone());
    for (name, value) in &refusal.members {
        body[*name] = value.clone();
    }
}

fn query_error(service: &ServiceInfo, refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let namespace = service.xml_namespace.unwrap_or_default();
    let members = members(refusal);
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message>{members}\
         </Error><RequestId>{}</RequestId></ErrorResponse>",
        side(refusal),
        escape(&refusal.code),
        escape(&refusal.message),
        escape(request_id),
    )
    .into_bytes()
}

fn s3_error(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let members = members(refusal);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{members}\
         <RequestId>{}</RequestId></Error>",
        escape(&refusal.code),
        escape(&refusal.message),
        escape(request_id),
    )
    .into_bytes()
}

fn members(refusal: &Refusal) -> String {
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    refusal.members.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(&text(value)))).collect()
}

/// Reads an error as a client.
pub(crate) fn read(protocol: Protocol, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (code, message) = match protocol {
        Protocol::Query | Protocol::RestXml => read_xml(body),
        Protocol::Cbor => cbor::read_error(body),
        _ => read_json(body, header("x-amzn-errortype")),
    };
    // An answer without a body (HEAD) has no code but its status.
    let code = code.unwrap_or_else(|| status.as_u16().to_string());
    let message = message.unwrap_or_else(|| status.canonical_reason().unwrap_or("error").to_owned());
    Refusal::new(code, status.as_u16(), message)
}

fn read_json(body: &[u8], header: Option<String>) -> (Option<String>, Option<String>) {
    let json: Json = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let code = header.or_else(|| text("__type")).or_else(|| text("code"));
    // `prefix#Code:details` is the code's longest form.
    let bare = |code: String| {
        let code = code.rsplit('#').next().unwrap_or_default();
        code.split(':').next().unwrap_or_default().to_owned()
    };
    (code.map(bare), text("message").or_else(|| text("Message")))
}

fn read_xml(body: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(root) = Element::parse(body) else { return (None, None) };
    let error = root.child("Error").unwrap_or(&root);
    let text = |name: &str| error.child(name).map(|child| child.text.clone());
    (text("Code"), text("Message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;

    #[test]
    fn what_a_service_refuses_its_client_reads() {
        let refusal = Refusal::new("NoSuch<Thing>", 404, "No thing \"a & b\".")
            .with("Type", "User")
            .with("Reasons", json!([{ "Code": "None", "At": -1, "Part": 0.5 }, null, true]));
        for service in services::ALL {
            for &protocol in service.protocols {
                let (parts, body) = encode_refusal(service, protocol, &refusal, "request-1").into_parts();
                let ByteStream::Whole(body) = body else { panic!("a refusal is whole") };
                let read = read(protocol, parts.status, &parts.headers, &body);
                let expected = Refusal { members: Vec::new(), ..refusal.clone() };
                assert_eq!(read, expected, "{} {protocol:?}", service.name);
                let id = if service.name == "s3" { "x-amz-request-id" } else { "x-amzn-requestid" };
                assert_eq!(parts.headers[id], "request-1");
            }
        }
    }

    #[test]
    fn an_answer_without_a_body_is_known_by_its_status() {
        let read = read(Protocol::RestXml, StatusCode::NOT_FOUND, &HeaderMap::new(), b"");
        assert_eq!((read.code.as_ref(), read.status), ("404", 404));
    }
}
