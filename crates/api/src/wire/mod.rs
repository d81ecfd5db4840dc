//! Requests and answers on the wire, in both directions.
//!
//! A server routes a request ([`route()`]), decodes its input ([`decode_input`]) and encodes the
//! answer ([`encode_output`], [`encode_refusal`]). A client does the reverse ([`encode_request`],
//! [`decode_response`]). Every protocol has one reader and one writer, driven by the shapes' tables.

mod cbor;
mod error;
mod json;
mod query;
mod rest;
#[cfg(test)]
mod roundtrip;
mod route;
mod text;
mod xml;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request};

use crate::shape::{Location, Shape, StructShape};
use crate::value::{Members, Structure, Value};
use crate::{ByteStream, Operation, OperationInfo, Protocol, Refusal, StreamError, validate};

pub use error::encode_refusal;
pub use route::{Routed, Unrouted, route};

/// The deepest nesting that is read; AWS's own documents stay far below.
pub(crate) const DEPTH_MAX: usize = 64;

/// The largest body of a request that is no stream: what Lambda's direct zip upload needs
/// (50 MB, a third more in base64), with room to spare.
pub const BODY_MAX: u64 = 80 << 20;

/// The content type of rpcv2Cbor's bodies.
const CBOR_TYPE: &str = "application/cbor";

/// What rpcv2Cbor's messages say they are.
const CBOR_PROTOCOL: &str = "rpc-v2-cbor";

/// Decodes an operation's input and checks it against its shape's constraints.
pub async fn decode_input<Op: Operation>(
    routed: &Routed,
    parts: &request::Parts,
    body: ByteStream,
) -> Result<Op::Input, Refusal> {
    let members = read_input(Op::INFO, routed, parts, body).await?;
    validate::check(Op::INFO, &members)?;
    Ok(Op::Input::from_members(members))
}

/// Checks an input, put together without a wire, against its shape's constraints.
pub fn check_input(info: &'static OperationInfo, members: &Members) -> Result<(), Refusal> {
    validate::check(info, members)
}

/// Reads the members of a structure from JSON with the names of the wire.
pub fn read_json(
    object: serde_json::Map<String, serde_json::Value>,
    shape: &'static StructShape,
) -> Result<Members, Refusal> {
    json::read_members(object, shape, 0)
}

/// The members of a structure as a JSON body.
#[must_use]
pub fn write_json(members: &Members, shape: &StructShape) -> Vec<u8> {
    json::write_body(members, shape)
}

/// Encodes an operation's answer.
pub fn encode_output<Op: Operation>(
    protocol: Protocol,
    output: Op::Output,
    request_id: &str,
) -> Response<ByteStream> {
    write_output(Op::INFO, protocol, output.into_members(), request_id)
}

/// Encodes a client's request, unsigned, to an endpoint such as `https://lambda.eu-west-1.amazonaws.com`.
pub fn encode_request<Op: Operation>(
    input: Op::Input,
    endpoint: &str,
) -> Result<Request<ByteStream>, Refusal> {
    let members = input.into_members();
    validate::check(Op::INFO, &members)?;
    write_input(Op::INFO, client_protocol(Op::INFO), members, endpoint)
}

/// Decodes the answer to a client's request.
pub async fn decode_response<Op: Operation>(
    status: StatusCode,
    headers: &HeaderMap,
    body: ByteStream,
) -> Result<Op::Output, Refusal> {
    let members = read_output(Op::INFO, client_protocol(Op::INFO), status, headers, body).await?;
    Ok(Op::Output::from_members(members))
}

/// The protocol our own client speaks: the first that is no CBOR, which every AWS endpoint accepts.
fn client_protocol(info: &OperationInfo) -> Protocol {
    let all = info.service.protocols;
    all.iter().copied().find(|protocol| *protocol != Protocol::Cbor).unwrap_or(all[0])
}

/// Whether a shape's body is a stream that only REST can carry as such.
fn streams(shape: &StructShape, protocol: Protocol) -> bool {
    is_rest(protocol) && shape.payload.is_some_and(|at| matches!(shape.members[at].shape, Shape::Stream))
}

async fn read_input(
    info: &'static OperationInfo,
    routed: &Routed,
    parts: &request::Parts,
    body: ByteStream,
) -> Result<Members, Refusal> {
    let shape = info.input;
    let (bytes, stream) = if streams(shape, routed.protocol) {
        (Bytes::new(), Some(body))
    } else {
        (collect(body).await?, None)
    };
    let mut members = match routed.protocol {
        Protocol::Json10 | Protocol::Json11 => json::read_body(&bytes, shape)?,
        Protocol::Query => query::read_request(&route::form(parts, &bytes), shape)?,
        Protocol::Cbor => cbor::read_body(&bytes, shape)?,
        Protocol::RestJson | Protocol::RestXml => rest::read_request(routed, parts, &bytes, shape)?,
    };
    if let (Some(stream), Some(at)) = (stream, shape.payload) {
        members.set(at, Value::Stream(stream));
    }
    Ok(members)
}

fn write_output(
    info: &'static OperationInfo,
    protocol: Protocol,
    members: Members,
    request_id: &str,
) -> Response<ByteStream> {
    let mut response = match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            whole(200, json::content_type(protocol), json::write_body(&members, info.output))
        }
        Protocol::Query => whole(200, "text/xml", query::write_response(info, &members, request_id)),
        Protocol::Cbor => {
            let mut response = whole(200, CBOR_TYPE, cbor::write_body(&members, info.output));
            response.headers_mut().insert("smithy-protocol", HeaderValue::from_static(CBOR_PROTOCOL));
            response
        }
        Protocol::RestJson | Protocol::RestXml => rest::write_response(info, protocol, members),
    };
    add_request_id(&mut response, info.service.name, request_id);
    response
}

fn write_input(
    info: &'static OperationInfo,
    protocol: Protocol,
    mut members: Members,
    endpoint: &str,
) -> Result<Request<ByteStream>, Refusal> {
    let endpoint = endpoint.trim_end_matches('/');
    let post = |path: &str, content_type: &str, body: Vec<u8>| {
        Request::post(format!("{endpoint}{path}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(ByteStream::Whole(body.into()))
            .map_err(|error| json::serialization(error.to_string()))
    };
    match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            let mut request =
                post("/", json::content_type(protocol), json::write_body(&members, info.input))?;
            let target = format!("{}.{}", info.service.target_prefix.unwrap_or_default(), info.name);
            let target = HeaderValue::from_str(&target).expect("a model's names are plain text");
            request.headers_mut().insert("x-amz-target", target);
            Ok(request)
        }
        Protocol::Query => post(
            "/",
            "application/x-www-form-urlencoded; charset=utf-8",
            query::write_request(info, &members),
        ),
        Protocol::Cbor => {
            let path =
                format!("/service/{}/operation/{}", info.service.cbor_name.unwrap_or_default(), info.name);
            let mut request = post(&path, CBOR_TYPE, cbor::write_body(&members, info.input))?;
            request.headers_mut().insert("smithy-protocol", HeaderValue::from_static(CBOR_PROTOCOL));
            Ok(request)
        }
        Protocol::RestJson | Protocol::RestXml => rest::write_request(info, protocol, &mut members, endpoint),
    }
}

async fn read_output(
    info: &'static OperationInfo,
    protocol: Protocol,
    status: StatusCode,
    headers: &HeaderMap,
    body: ByteStream,
) -> Result<Members, Refusal> {
    let shape = info.output;
    if !status.is_success() {
        return Err(error::read(protocol, status, headers, &collect(body).await?));
    }
    if streams(shape, protocol) {
        let mut members = rest::read_response(info, protocol, status, headers, &Bytes::new())?;
        members.set(shape.payload.unwrap_or_default(), Value::Stream(body));
        return Ok(members);
    }
    let bytes = collect(body).await?;
    match protocol {
        Protocol::Json10 | Protocol::Json11 => json::read_body(&bytes, shape),
        Protocol::Query => query::read_response(info, &bytes),
        Protocol::Cbor => cbor::read_body(&bytes, shape),
        Protocol::RestJson | Protocol::RestXml => {
            rest::read_response(info, protocol, status, headers, &bytes)
        }
    }
}

fn is_rest(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::RestJson | Protocol::RestXml)
}

async fn collect(body: ByteStream) -> Result<Bytes, Refusal> {
    body.collect(BODY_MAX).await.map_err(|error| match error {
        StreamError::TooLarge => Refusal::new(
            "RequestEntityTooLargeException",
            413,
            format!("Request must be smaller than {BODY_MAX} bytes"),
        ),
        StreamError::Mismatch => Refusal::new("XAmzContentChecksumMismatch", 400, error.to_string()),
        other => Refusal::new("IncompleteBody", 400, other.to_string()),
    })
}

/// An answer whose body is at hand.
pub(crate) fn whole(status: u16, content_type: &str, body: Vec<u8>) -> Response<ByteStream> {
    let mut response = Response::new(ByteStream::Whole(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !content_type.is_empty()
        && let Ok(value) = HeaderValue::from_str(content_type)
    {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// Every answer names its request; S3 under a name of its own.
pub(crate) fn add_request_id(response: &mut Response<ByteStream>, service: &str, request_id: &str) {
    let name = if service == "s3" { "x-amz-request-id" } else { "x-amzn-requestid" };
    if let Ok(value) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(name, value);
    }
}

/// Whether a member stands in the body.
pub(crate) fn in_body(location: Location) -> bool {
    location == Location::Body
}
