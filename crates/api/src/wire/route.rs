//! Which service and operation a request is for, and in which protocol.

use http::request;

use super::query::Form;
use crate::shape::Location;
use crate::{OperationInfo, Protocol, Refusal, ServiceInfo, services};

/// Where a request goes.
#[derive(Debug, Clone)]
pub struct Routed {
    /// The operation.
    pub operation: &'static OperationInfo,
    /// The protocol it is asked in.
    pub protocol: Protocol,
    /// The labels of its path, decoded.
    pub labels: Vec<(String, String)>,
    /// Its query, decoded, in order.
    pub query: Vec<(String, String)>,
}

/// Why a request goes nowhere yet.
#[derive(Debug)]
pub enum Unrouted {
    /// The operation stands in the form in the body: route again with it.
    NeedsBody,
    /// No listed operation; refused in the protocol that the service speaks.
    Refused {
        /// The service, as far as it is known.
        service: &'static ServiceInfo,
        /// The protocol to answer in.
        protocol: Protocol,
        /// The refusal.
        refusal: Refusal,
    },
}

/// Routes a request. `body` is needed only where the first call says so.
pub fn route(parts: &request::Parts, body: Option<&[u8]>) -> Result<Routed, Unrouted> {
    let query = pairs(parts.uri.query().unwrap_or_default());
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if header("smithy-protocol") == Some("rpc-v2-cbor") {
        return by_cbor_path(parts.uri.path(), query);
    }
    if let Some(target) = header("x-amz-target") {
        return by_target(target, query);
    }
    let scope = signing_name(parts, &query);
    let host = header("host").or_else(|| parts.uri.authority().map(|a| a.as_str())).unwrap_or_default();
    let service = scope.and_then(by_signing_name).or_else(|| by_host(host));
    let form_sent =
        header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let action_in_query = query.iter().any(|(name, _)| name == "Action");
    let speaks_query = service.is_none_or(|service| service.protocols.contains(&Protocol::Query));
    let asks_by_form = speaks_query && (form_sent || action_in_query);
    if let (Some(scope), None) = (scope, service) {
        return Err(no_service(scope, if asks_by_form { Protocol::Query } else { Protocol::RestJson }));
    }
    if asks_by_form {
        let Some(body) = body else { return Err(Unrouted::NeedsBody) };
        return by_action(service, &form(parts, body), query);
    }
    // An unsigned request for a path can only be an object of a public bucket, or nothing we know.
    let service = service.unwrap_or(&services::s3::SERVICE);
    by_path(service, parts, host, query)
}

/// The form of an awsQuery request: the query's pairs and the body's.
pub(crate) fn form(parts: &request::Parts, body: &[u8]) -> Form {
    let mut form: Form = pairs(parts.uri.query().unwrap_or_default()).into_iter().collect();
    form.extend(pairs(std::str::from_utf8(body).unwrap_or_default()));
    form
}

/// Decodes a query string or a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Percent-decoding; what is no valid escape stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match (bytes[at], escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (_, Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', None) if plus_is_space => out.push(b' '),
            (byte, None) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The service's name in the scope of the request's signature.
fn signing_name<'a>(parts: &'a request::Parts, query: &'a [(String, String)]) -> Option<&'a str> {
    let header = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let credential = header.and_then(|value| value.split("Credential=").nth(1)).or_else(|| {
        query.iter().find(|(name, _)| name == "X-Amz-Credential").map(|(_, value)| value.as_str())
    })?;
    credential.split([',', ' ']).next()?.split('/').nth(3)
}

fn by_signing_name(name: &str) -> Option<&'static ServiceInfo> {
    services::ALL.iter().copied().find(|service| service.signing_name == name)
}

/// `lambda.us-east-1.localhost`, `s3.amazonaws.com`, `bucket.s3.…`.
fn by_host(host: &str) -> Option<&'static ServiceInfo> {
    let first = host.split(['.', ':']).next().unwrap_or_default();
    if host.split('.').any(|label| label == "s3") {
        return Some(&services::s3::SERVICE);
    }
    services::ALL.iter().copied().find(|service| host.contains('.') && service.endpoint_prefix == first)
}

fn by_cbor_path(path: &str, query: Vec<(String, String)>) -> Result<Routed, Unrouted> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let [.., "service", name, "operation", operation] = segments[..] else {
        return Err(unknown(&services::cloudwatch::SERVICE, Protocol::Cbor, path));
    };
    let service = services::ALL.iter().copied().find(|service| service.cbor_name == Some(name));
    let service = service.ok_or_else(|| no_service(name, Protocol::Cbor))?;
    named(service, Protocol::Cbor, operation, query)
}

fn by_target(target: &str, query: Vec<(String, String)>) -> Result<Routed, Unrouted> {
    let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
    let service = services::ALL.iter().copied().find(|service| service.target_prefix == Some(prefix));
    let service = service.ok_or_else(|| no_service(prefix, Protocol::Json11))?;
    let json = |p: &Protocol| matches!(p, Protocol::Json10 | Protocol::Json11);
    let protocol = service.protocols.iter().copied().find(json).unwrap_or(Protocol::Json11);
    named(service, protocol, operation, query)
}

fn by_action(
    service: Option<&'static ServiceInfo>,
    form: &Form,
    query: Vec<(String, String)>,
) -> Result<Routed, Unrouted> {
    let action = form.get("Action").map(String::as_str).unwrap_or_default();
    let version = form.get("Version").map(String::as_str).unwrap_or_default();
    let by_version = || {
        services::ALL.iter().copied().find(|s| s.protocols.contains(&Protocol::Query) && s.version == version)
    };
    let service = service
        .or_else(by_version)
        .ok_or_else(|| unknown(&services::sts::SERVICE, Protocol::Query, action))?;
    named(service, Protocol::Query, action, query)
}

/// The operation of that name, or its refusal.
fn named(
    service: &'static ServiceInfo,
    protocol: Protocol,
    name: &str,
    query: Vec<(String, String)>,
) -> Result<Routed, Unrouted> {
    match service.operation(name) {
        Some(operation) => Ok(Routed { operation, protocol, labels: Vec::new(), query }),
        None if service.unlisted.iter().any(|(unlisted, _, _)| *unlisted == name) => {
            Err(not_implemented(service, protocol, name))
        }
        None => Err(unknown(service, protocol, name)),
    }
}

/// An operation of AWS's that this engine does not have: refused by its name, never pretended.
fn not_implemented(service: &'static ServiceInfo, protocol: Protocol, name: &str) -> Unrouted {
    let message = format!(
        "{}:{name} is not implemented by this engine; docs/reference/operations.md lists what is",
        service.name
    );
    Unrouted::Refused { service, protocol, refusal: Refusal::new("NotImplemented", 501, message) }
}

/// A service that this engine does not have, refused by the name the request gives it.
fn no_service(name: &str, protocol: Protocol) -> Unrouted {
    let message =
        format!("this engine has no service '{name}'; docs/reference/operations.md lists what it has");
    // The refusal is written as a service of the same protocol would.
    let service = match protocol {
        Protocol::Query => &services::sts::SERVICE,
        Protocol::Cbor => &services::cloudwatch::SERVICE,
        Protocol::Json10 | Protocol::Json11 => &services::logs::SERVICE,
        Protocol::RestJson | Protocol::RestXml => &services::lambda::SERVICE,
    };
    Unrouted::Refused { service, protocol, refusal: Refusal::new("NotImplemented", 501, message) }
}

/// What is no operation of AWS's either.
fn unknown(service: &'static ServiceInfo, protocol: Protocol, name: &str) -> Unrouted {
    let refusal = match protocol {
        Protocol::Query => Refusal::new(
            "InvalidAction",
            400,
            format!("Could not find operation {name} for version {}", service.version),
        ),
        Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => {
            Refusal::new("UnknownOperationException", 400, "")
        }
        Protocol::RestJson => Refusal::new(
            "UnknownOperationException",
            404,
            "Unable to determine service/operation name to be authorized",
        ),
        Protocol::RestXml => Refusal::new(
            "MethodNotAllowed",
            405,
            "The specified method is not allowed against this resource.",
        ),
    };
    Unrouted::Refused { service, protocol, refusal }
}

fn by_path(
    service: &'static ServiceInfo,
    parts: &request::Parts,
    host: &str,
    query: Vec<(String, String)>,
) -> Result<Routed, Unrouted> {
    let protocol = service.protocols[0];
    let bucket = (service.name == "s3").then(|| bucket_of(host)).flatten();
    let path = match bucket {
        Some(bucket) => format!("/{bucket}{}", parts.uri.path()),
        None => parts.uri.path().to_owned(),
    };
    let mut best: Option<(usize, Match)> = None;
    let mut consider = |weight: usize, found: Match| {
        if best.as_ref().is_none_or(|(heaviest, _)| weight > *heaviest) {
            best = Some((weight, found));
        }
    };
    let method = parts.method.as_str();
    for operation in service.operations.iter().copied().filter(|operation| operation.method == method) {
        let Some((weight, labels)) = fits(operation.uri, &path, &query) else { continue };
        let Some(required) = required(operation, parts, &query) else { continue };
        consider(weight + required, Match::Listed(operation, labels));
    }
    for (name, _, uri) in service.unlisted.iter().filter(|(_, theirs, _)| *theirs == method) {
        if let Some((weight, _)) = fits(uri, &path, &query) {
            consider(weight, Match::Unlisted(name));
        }
    }
    match best {
        Some((_, Match::Listed(operation, labels))) => Ok(Routed { operation, protocol, labels, query }),
        Some((_, Match::Unlisted(name))) => Err(not_implemented(service, protocol, name)),
        None => Err(unknown(service, protocol, &path)),
    }
}

enum Match {
    Listed(&'static OperationInfo, Vec<(String, String)>),
    Unlisted(&'static str),
}

/// The labels of a path that fits a URI template, and how closely it fits.
fn fits(template: &str, path: &str, query: &[(String, String)]) -> Option<(usize, Vec<(String, String)>)> {
    let (template, literals) = template.split_once('?').unwrap_or((template, ""));
    let mut weight = 0;
    for literal in literals.split('&').filter(|literal| !literal.is_empty()) {
        let (name, value) = literal.split_once('=').unwrap_or((literal, ""));
        if !query.iter().any(|(n, v)| n == name && (value.is_empty() || v == value)) {
            return None;
        }
        // A literal in the query weighs more than any path: it names the subresource.
        weight += 100;
    }
    let theirs: Vec<&str> = template.trim_start_matches('/').split('/').collect();
    let ours = path.strip_prefix('/').unwrap_or(path);
    let mut labels = Vec::new();
    let mut rest = Some(ours);
    for (at, segment) in theirs.iter().enumerate() {
        let last = at + 1 == theirs.len();
        let label = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
        if let Some(name) = label.and_then(|name| name.strip_suffix('+')) {
            let value = rest.take()?;
            if value.is_empty() {
                return None;
            }
            labels.push((name.to_owned(), decode(value, false)));
            return last.then_some((weight, labels));
        }
        let current = rest?;
        let (head, tail) = match current.split_once('/') {
            Some((head, tail)) => (head, Some(tail)),
            None => (current, None),
        };
        match label {
            Some(_) if head.is_empty() => return None,
            Some(name) => labels.push((name.to_owned(), decode(head, false))),
            None if decode(head, false) != *segment => return None,
            None => weight += 10,
        }
        rest = tail;
    }
    // One slash at the end is forgiven.
    matches!(rest, None | Some("")).then_some((weight, labels))
}

/// How many of the operation's required query and header members the request has; `None` when it
/// lacks one. This tells `UploadPart` from `PutObject` and `CopyObject` from both.
fn required(operation: &OperationInfo, parts: &request::Parts, query: &[(String, String)]) -> Option<usize> {
    let mut weight = 0;
    let template = operation.uri.split_once('?').map_or("", |(_, literals)| literals);
    for member in operation.input.members.iter().filter(|member| member.required) {
        let there = match member.location {
            Location::Query => query.iter().any(|(name, _)| name == member.wire_name),
            Location::Header => parts.headers.contains_key(member.wire_name),
            _ => continue,
        };
        let telling = operation.service.name == "s3" && !template.contains(member.wire_name);
        match (there, telling) {
            (true, _) => weight += 50,
            (false, true) => return None,
            (false, false) => {}
        }
    }
    Some(weight)
}

/// The bucket that a virtual-hosted request names: `shop.s3.localhost`, `shop.localhost`.
fn bucket_of(host: &str) -> Option<&str> {
    let host = host.split(':').next().unwrap_or_default();
    for mark in [".s3.", ".s3-"] {
        if let Some(at) = host.find(mark) {
            return Some(&host[..at]);
        }
    }
    let bucket = host.strip_suffix(".localhost")?;
    (bucket != "s3" && !bucket.starts_with("s3.")).then_some(bucket)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn routed(
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Routed, Unrouted> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        route(&request.body(()).unwrap().into_parts().0, body)
    }

    type Headers<'a> = &'a [(&'a str, &'a str)];

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn each_protocol_finds_its_operation() {
        let lambda = signed("lambda");
        let found = routed(
            "POST",
            "/2015-03-31/functions/cart%3Alive/invocations",
            &[("authorization", &lambda)],
            None,
        );
        let found = found.unwrap();
        assert_eq!(found.operation.name, "Invoke");
        assert_eq!(found.labels, [("FunctionName".to_owned(), "cart:live".to_owned())]);
        let target = [("x-amz-target", "DynamoDB_20120810.PutItem")];
        assert_eq!(routed("POST", "/", &target, None).unwrap().operation.name, "PutItem");
        let cbor = [("smithy-protocol", "rpc-v2-cbor")];
        let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
        assert_eq!(routed("POST", path, &cbor, None).unwrap().operation.name, "PutMetricData");
        let iam = signed("iam");
        let form = [("authorization", iam.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        assert!(matches!(routed("POST", "/", &form, None), Err(Unrouted::NeedsBody)));
        let body = b"Action=GetRole&Version=2010-05-08&RoleName=r".as_slice();
        assert_eq!(routed("POST", "/", &form, Some(body)).unwrap().operation.name, "GetRole");
    }

    #[test]
    fn s3_is_told_apart_by_query_header_and_host() {
        let s3 = signed("s3");
        let auth = ("authorization", s3.as_str());
        let copy = ("x-amz-copy-source", "a/b");
        let cases: &[(&str, &str, Headers<'_>, &str)] = &[
            ("GET", "/", &[auth], "ListBuckets"),
            ("GET", "/shop", &[auth], "ListObjects"),
            ("GET", "/shop/", &[auth], "ListObjects"),
            ("GET", "/shop?list-type=2&prefix=a", &[auth], "ListObjectsV2"),
            ("GET", "/shop/a/b", &[auth], "GetObject"),
            ("GET", "/shop/a/b?uploadId=u", &[auth], "ListParts"),
            ("PUT", "/shop/a/b", &[auth], "PutObject"),
            ("PUT", "/shop/a/b", &[auth, copy], "CopyObject"),
            ("PUT", "/shop/a/b?partNumber=1&uploadId=u", &[auth], "UploadPart"),
            ("PUT", "/shop/a/b?partNumber=1&uploadId=u", &[auth, copy], "UploadPartCopy"),
            ("POST", "/shop/a/b?uploads", &[auth], "CreateMultipartUpload"),
            ("POST", "/shop/a/b?uploadId=u", &[auth], "CompleteMultipartUpload"),
            ("POST", "/shop?delete", &[auth], "DeleteObjects"),
            ("GET", "/a/b", &[auth, ("host", "shop.s3.localhost:4566")], "GetObject"),
            ("GET", "/", &[auth, ("host", "shop.localhost:4566")], "ListObjects"),
        ];
        for (method, uri, headers, expected) in cases {
            assert_eq!(
                routed(method, uri, headers, None).unwrap().operation.name,
                *expected,
                "{method} {uri}"
            );
        }
        let slashes = routed("GET", "/shop//a//b/", &[auth], None).unwrap();
        assert_eq!(slashes.labels[1].1, "/a//b/");
    }

    #[test]
    fn what_is_not_listed_is_refused_by_name() {
        let s3 = signed("s3");
        let refusal = |result: Result<Routed, Unrouted>| match result {
            Err(Unrouted::Refused { refusal, .. }) => refusal,
            other => panic!("{other:?}"),
        };
        let acl = refusal(routed("GET", "/shop?acl", &[("authorization", &s3)], None));
        assert!(acl.code == "NotImplemented" && acl.message.contains("GetBucketAcl"), "{acl:?}");
        let target = [("x-amz-target", "DynamoDB_20120810.CreateBackup")];
        assert_eq!(refusal(routed("POST", "/", &target, None)).code, "NotImplemented");
        let target = [("x-amz-target", "DynamoDB_20120810.NoSuch")];
        assert_eq!(refusal(routed("POST", "/", &target, None)).code, "UnknownOperationException");
    }

    #[test]
    fn a_service_that_is_not_here_is_refused_by_its_name() {
        let (xray, sns) = (signed("xray"), signed("sns"));
        let form = ("content-type", "application/x-www-form-urlencoded");
        let cbor = [("smithy-protocol", "rpc-v2-cbor")];
        let cases: &[(&str, Headers<'_>, Protocol, &str)] = &[
            ("/TraceSegments", &[("authorization", &xray)], Protocol::RestJson, "'xray'"),
            ("/", &[("authorization", &sns), form], Protocol::Query, "'sns'"),
            ("/", &[("x-amz-target", "AmazonSSM.GetParameter")], Protocol::Json11, "'AmazonSSM'"),
            ("/service/Other/operation/Do", &cbor, Protocol::Cbor, "'Other'"),
        ];
        for (path, headers, expected, name) in cases {
            match routed("POST", path, headers, None) {
                Err(Unrouted::Refused { protocol, refusal, .. }) => {
                    assert_eq!((protocol, refusal.code.as_ref()), (*expected, "NotImplemented"));
                    assert!(refusal.message.contains(name), "{refusal}");
                }
                other => panic!("{path}: {other:?}"),
            }
        }
    }
}
