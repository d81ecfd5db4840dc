//! restJson1 and restXml: members in the path, the query, the headers and the body.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, request};

use super::route::Routed;
use super::xml::{self, Element};
use super::{in_body, json, text, whole};
use crate::shape::{Location, Member, Shape, StructShape, TimestampFormat};
use crate::value::{Members, Value};
use crate::{ByteStream, OperationInfo, Protocol, Refusal};

/// Reads an input.
pub(crate) fn read_request(
    routed: &Routed,
    parts: &request::Parts,
    body: &[u8],
    shape: &'static StructShape,
) -> Result<Members, Refusal> {
    let mut members = read_body(routed.protocol, body, shape)?;
    for (at, member) in shape.members.iter().enumerate() {
        let value = match member.location {
            Location::Body | Location::Status => None,
            Location::Uri => {
                let label = routed.labels.iter().find(|(name, _)| name == member.wire_name);
                label.map(|(_, value)| scalar(value, member)).transpose()?
            }
            Location::Query => read_query(&routed.query, member, shape)?,
            Location::Header => read_header(&parts.headers, member)?,
            Location::Headers => read_headers(&parts.headers, member.wire_name),
        };
        if let Some(value) = value {
            members.set(at, value);
        }
    }
    Ok(members)
}

fn read_body(protocol: Protocol, body: &[u8], shape: &'static StructShape) -> Result<Members, Refusal> {
    let Some(at) = shape.payload else {
        let any = shape.members.iter().any(|member| in_body(member.location));
        return match protocol {
            _ if !any => Ok(Members::of(shape)),
            Protocol::RestXml if body.is_empty() => Ok(Members::of(shape)),
            Protocol::RestXml => xml::read_members(&Element::parse(body)?, shape, 0),
            _ => json::read_body(body, shape),
        };
    };
    let mut members = Members::of(shape);
    if body.is_empty() {
        return Ok(members);
    }
    let value = match shape.members[at].shape {
        Shape::Structure(inner) if protocol == Protocol::RestXml => {
            Value::Structure(xml::read_members(&Element::parse(body)?, inner, 0)?)
        }
        Shape::Structure(inner) => Value::Structure(json::read_body(body, inner)?),
        Shape::Blob(_) | Shape::Stream => Value::Blob(bytes::Bytes::copy_from_slice(body)),
        other => {
            let text =
                std::str::from_utf8(body).map_err(|_| json::serialization("The body is not UTF-8."))?;
            text::read(text, other).ok_or_else(|| json::serialization("The body has the wrong type."))?
        }
    };
    members.set(at, value);
    Ok(members)
}

fn scalar(value: &str, member: &Member) -> Result<Value, Refusal> {
    text::read(value, member.shape).ok_or_else(|| {
        json::serialization(format!("The value '{value}' of '{}' has the wrong type.", member.wire_name))
    })
}

fn read_query(
    query: &[(String, String)],
    member: &'static Member,
    shape: &StructShape,
) -> Result<Option<Value>, Refusal> {
    let named = || query.iter().filter(|(name, _)| name == member.wire_name);
    match member.shape {
        Shape::List(list) => {
            let items = named().map(|(_, value)| {
                text::read(value, list.member)
                    .ok_or_else(|| json::serialization("A query value has the wrong type."))
            });
            let items = items.collect::<Result<Vec<_>, _>>()?;
            Ok((!items.is_empty()).then_some(Value::List(items)))
        }
        Shape::Map(_) => {
            let own = |name: &str| {
                shape.members.iter().any(|m| m.location == Location::Query && m.wire_name == name)
            };
            let rest = query.iter().filter(|(name, _)| !own(name));
            Ok(Some(Value::Map(rest.map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect())))
        }
        _ => named().next().map(|(_, value)| scalar(value, member)).transpose(),
    }
}

fn read_header(headers: &HeaderMap, member: &'static Member) -> Result<Option<Value>, Refusal> {
    let mut all =
        headers.get_all(member.wire_name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(first) = all.next() else { return Ok(None) };
    match member.shape {
        Shape::List(list) => {
            let joined = all.fold(first.into_owned(), |joined, next| joined + "," + &next);
            let items = joined.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(|item| {
                text::read(item, list.member)
                    .ok_or_else(|| json::serialization("A header has the wrong type."))
            });
            Ok(Some(Value::List(items.collect::<Result<_, _>>()?)))
        }
        // A date that cannot be read makes no condition (RFC 9110 §13.1.3).
        Shape::Timestamp(_) => Ok(text::read(&first, member.shape)),
        _ => scalar(&first, member).map(Some),
    }
}

fn read_headers(headers: &HeaderMap, prefix: &str) -> Option<Value> {
    let prefix = prefix.to_ascii_lowercase();
    let entries: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(&prefix)?;
            Some((name.to_owned(), Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned())))
        })
        .collect();
    (!entries.is_empty()).then_some(Value::Map(entries))
}

/// Writes an answer.
pub(crate) fn write_response(
    info: &OperationInfo,
    protocol: Protocol,
    mut members: Members,
) -> Response<ByteStream> {
    let shape = info.output;
    let (content_type, body) = write_body(info, protocol, &mut members);
    let mut response = whole(info.status, content_type, Vec::new());
    *response.body_mut() = body;
    for (member, value) in shape.members.iter().zip(&members.0) {
        let Some(value) = value else { continue };
        match member.location {
            Location::Status => {
                if let Value::Integer(status) = value
                    && let Some(status) =
                        u16::try_from(*status).ok().and_then(|s| StatusCode::from_u16(s).ok())
                {
                    *response.status_mut() = status;
                }
            }
            Location::Header | Location::Headers => write_header(response.headers_mut(), member, value),
            Location::Body | Location::Uri | Location::Query => {}
        }
    }
    // A part of an object is answered as such (RFC 9110 §15.3.7); the model knows only 200.
    if response.headers().contains_key(header::CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn write_body(info: &OperationInfo, protocol: Protocol, members: &mut Members) -> (&'static str, ByteStream) {
    let shape = info.output;
    if let Some(at) = shape.payload {
        let Some(value) = members.0[at].take() else { return ("", ByteStream::default()) };
        return match (value, shape.members[at].shape) {
            (Value::Stream(stream), _) => ("", stream),
            (Value::Blob(bytes), _) => (blob_type(protocol), ByteStream::Whole(bytes)),
            (Value::Structure(inner), Shape::Structure(table)) if protocol == Protocol::RestXml => {
                let name = table.xml_name.unwrap_or(shape.members[at].wire_name);
                ("application/xml", document(name, info, |out| xml::write_members(out, &inner, table)))
            }
            (Value::Structure(inner), Shape::Structure(table)) => {
                ("application/json", ByteStream::Whole(json::write_body(&inner, table).into()))
            }
            (value, _) => {
                let text = text::write(&value, TimestampFormat::Iso8601);
                (
                    if protocol == Protocol::RestXml { "application/json" } else { "text/plain" },
                    ByteStream::Whole(text.into()),
                )
            }
        };
    }
    let any = shape.members.iter().any(|member| in_body(member.location));
    match protocol {
        Protocol::RestXml if info.name == "GetBucketLocation" => {
            let location =
                members.get(0).map(|v| text::write(v, TimestampFormat::Iso8601)).unwrap_or_default();
            // The constraint is the root's own text, unlike what the model says ("GetBucketLocation").
            (
                "application/xml",
                document("LocationConstraint", info, |out| out.push_str(&xml::escape(&location))),
            )
        }
        Protocol::RestXml if any => {
            let name = root_name(info);
            ("application/xml", document(&name, info, |out| xml::write_members(out, members, shape)))
        }
        Protocol::RestXml => ("", ByteStream::default()),
        _ if info.status == 204 => ("", ByteStream::default()),
        _ => ("application/json", ByteStream::Whole(json::write_body(members, shape).into())),
    }
}

/// Lambda answers with the function's JSON; other blobs are bytes.
fn blob_type(protocol: Protocol) -> &'static str {
    if protocol == Protocol::RestJson { "application/json" } else { "application/octet-stream" }
}

fn document(name: &str, info: &OperationInfo, content: impl FnOnce(&mut String)) -> ByteStream {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let namespace = info.service.xml_namespace.unwrap_or("http://s3.amazonaws.com/doc/2006-03-01/");
    out.push_str(&format!("<{name} xmlns=\"{namespace}\">"));
    content(&mut out);
    out.push_str(&format!("</{name}>"));
    ByteStream::Whole(out.into())
}

/// The root elements of S3's answers, which the model does not name (S3 API reference, read 2026-11).
fn root_name(info: &OperationInfo) -> String {
    match info.name {
        "ListObjectsV2" | "ListObjects" => "ListBucketResult",
        "ListObjectVersions" => "ListVersionsResult",
        "ListBuckets" => "ListAllMyBucketsResult",
        "CreateMultipartUpload" => "InitiateMultipartUploadResult",
        "DeleteObjects" => "DeleteResult",
        "GetBucketVersioning" => "VersioningConfiguration",
        "GetBucketTagging" | "GetObjectTagging" => "Tagging",
        "GetObjectAttributes" => "GetObjectAttributesResponse",
        name => return info.output.xml_name.map_or_else(|| format!("{name}Result"), str::to_owned),
    }
    .to_owned()
}

fn write_header(headers: &mut HeaderMap, member: &Member, value: &Value) {
    let mut insert = |name: &str, text: &str| {
        // What cannot stand in a header is left out rather than broken.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(text.as_bytes()))
        {
            headers.insert(name, value);
        }
    };
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                insert(&format!("{}{key}", member.wire_name), &text::write(value, TimestampFormat::HttpDate));
            }
        }
        Value::List(items) => {
            let items: Vec<_> =
                items.iter().map(|item| text::write(item, TimestampFormat::HttpDate)).collect();
            insert(member.wire_name, &items.join(","));
        }
        value => {
            let own = if let Shape::Timestamp(own) = member.shape { *own } else { None };
            let format = member.timestamp.or(own).unwrap_or(TimestampFormat::HttpDate);
            insert(member.wire_name, &text::write(value, format));
        }
    }
}

/// Writes a client's request.
pub(crate) fn write_request(
    info: &OperationInfo,
    protocol: Protocol,
    members: &mut Members,
    endpoint: &str,
) -> Result<Request<ByteStream>, Refusal> {
    let shape = info.input;
    let (path, fixed_query) = info.uri.split_once('?').unwrap_or((info.uri, ""));
    let mut path = path.to_owned();
    let mut query: Vec<String> =
        fixed_query.split('&').filter(|q| !q.is_empty()).map(str::to_owned).collect();
    let mut headers = HeaderMap::new();
    for (member, value) in shape.members.iter().zip(&members.0) {
        let Some(value) = value else { continue };
        match member.location {
            Location::Uri => {
                let text = text::write(value, TimestampFormat::Iso8601);
                if text.is_empty() {
                    return Err(json::serialization(format!("'{}' must not be empty", member.name)));
                }
                path = path.replace(&format!("{{{}}}", member.wire_name), &encode(&text, false));
                path = path.replace(&format!("{{{}+}}", member.wire_name), &encode(&text, true));
            }
            Location::Query => write_query(&mut query, member, value),
            Location::Header | Location::Headers => write_header(&mut headers, member, value),
            Location::Body | Location::Status => {}
        }
    }
    let (content_type, body) = request_body(info, protocol, members);
    let joined = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let mut request = Request::builder()
        .method(info.method)
        .uri(format!("{endpoint}{path}{joined}"))
        .body(body)
        .map_err(|error| json::serialization(error.to_string()))?;
    *request.headers_mut() = headers;
    // Where the type is the caller's to set (S3's objects), leaving it out means the service's default.
    let callers =
        shape.members.iter().any(|m| m.location == Location::Header && m.wire_name == "Content-Type");
    if !content_type.is_empty() && !callers {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    Ok(request)
}

fn write_query(query: &mut Vec<String>, member: &Member, value: &Value) {
    let mut push =
        |name: &str, text: &str| query.push(format!("{}={}", encode(name, false), encode(text, false)));
    match value {
        Value::List(items) => {
            items
                .iter()
                .for_each(|item| push(member.wire_name, &text::write(item, TimestampFormat::Iso8601)));
        }
        Value::Map(entries) => {
            entries
                .iter()
                .for_each(|(name, value)| push(name, &text::write(value, TimestampFormat::Iso8601)));
        }
        value => push(member.wire_name, &text::write(value, TimestampFormat::Iso8601)),
    }
}

fn request_body(
    info: &OperationInfo,
    protocol: Protocol,
    members: &mut Members,
) -> (&'static str, ByteStream) {
    let shape = info.input;
    if let Some(at) = shape.payload {
        let Some(value) = members.0[at].take() else { return ("", ByteStream::default()) };
        return match (value, shape.members[at].shape) {
            (Value::Stream(stream), _) => ("application/octet-stream", stream),
            (Value::Blob(bytes), _) => ("application/octet-stream", ByteStream::Whole(bytes)),
            (Value::Structure(inner), Shape::Structure(table)) if protocol == Protocol::RestXml => {
                let name = shape.members[at].wire_name;
                ("application/xml", document(name, info, |out| xml::write_members(out, &inner, table)))
            }
            (Value::Structure(inner), Shape::Structure(table)) => {
                ("application/json", ByteStream::Whole(json::write_body(&inner, table).into()))
            }
            (value, _) => ("", ByteStream::Whole(text::write(&value, TimestampFormat::Iso8601).into())),
        };
    }
    if !shape.members.iter().any(|member| in_body(member.location)) {
        return ("", ByteStream::default());
    }
    match protocol {
        Protocol::RestXml => {
            let name = shape.xml_name.unwrap_or(shape.name);
            ("application/xml", document(name, info, |out| xml::write_members(out, members, shape)))
        }
        _ => ("application/json", ByteStream::Whole(json::write_body(members, shape).into())),
    }
}

/// Reads an answer as a client.
pub(crate) fn read_response(
    info: &'static OperationInfo,
    protocol: Protocol,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Members, Refusal> {
    let shape = info.output;
    let mut members = match info.name {
        "GetBucketLocation" => {
            let mut members = Members::of(shape);
            let text = Element::parse(body)?.text;
            if !text.is_empty() {
                members.set(0, Value::String(text));
            }
            members
        }
        _ => read_body(protocol, body, shape)?,
    };
    for (at, member) in shape.members.iter().enumerate() {
        let value = match member.location {
            Location::Header => read_header(headers, member)?,
            Location::Headers => read_headers(headers, member.wire_name),
            Location::Status => Some(Value::Integer(status.as_u16().into())),
            Location::Body | Location::Uri | Location::Query => None,
        };
        if let Some(value) = value {
            members.set(at, value);
        }
    }
    Ok(members)
}

/// Percent-encodes all but the unreserved characters (RFC 3986); a greedy label keeps its slashes.
pub(crate) fn encode(text: &str, keep_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slashes => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
