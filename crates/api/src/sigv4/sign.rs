//! Signing requests, as a client.

use http::{HeaderValue, Request, Uri};
use updraft_types::Timestamp;

use super::{ALGORITHM, CredentialScope, canonical, sha256_hex, string_to_sign};
use crate::ByteStream;

/// What a client signs with.
#[derive(Clone)]
pub struct SigningCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The session's token, where it is one.
    pub session_token: Option<String>,
}

/// Signs a request in its headers. Streams are sent unsigned, as AWS's clients do over TLS.
pub fn sign(
    request: &mut Request<ByteStream>,
    credentials: &SigningCredentials,
    region: &str,
    service: &str,
    now: Timestamp,
) {
    let date = now.basic();
    let payload_hash = match request.body() {
        ByteStream::Whole(bytes) => sha256_hex(bytes),
        ByteStream::Pieces { .. } => "UNSIGNED-PAYLOAD".to_owned(),
    };
    let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().insert(name, value);
        }
    };
    set("host", &host);
    set("x-amz-date", &date);
    set("x-amz-content-sha256", &payload_hash);
    if let Some(token) = &credentials.session_token {
        set("x-amz-security-token", token);
    }
    let signed: Vec<String> = {
        let mut names: Vec<_> = request
            .headers()
            .keys()
            .map(|name| name.as_str().to_owned())
            .filter(|name| {
                matches!(name.as_str(), "host" | "content-type" | "content-md5") || name.starts_with("x-amz-")
            })
            .collect();
        names.sort();
        names
    };
    let scope = CredentialScope {
        date: date[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let canonical = canonical::request(
        request.method().as_str(),
        request.uri(),
        request.headers(),
        &signed,
        &payload_hash,
        service,
        None,
    );
    let signature =
        scope.key(&credentials.secret_access_key).sign(&string_to_sign(&date, &scope, &canonical));
    let header = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        credentials.access_key_id,
        scope.text(),
        signed.join(";"),
    );
    if let Ok(value) = HeaderValue::from_str(&header) {
        request.headers_mut().insert("authorization", value);
    }
}

/// A URL that lets whoever holds it do one request until it expires.
#[must_use]
pub fn presign(
    method: &str,
    url: &Uri,
    credentials: &SigningCredentials,
    region: &str,
    service: &str,
    now: Timestamp,
    valid_secs: u32,
) -> String {
    let date = now.basic();
    let scope = CredentialScope {
        date: date[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let credential = format!("{}/{}", credentials.access_key_id, scope.text());
    let mut pairs = vec![
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", credential),
        ("X-Amz-Date", date.clone()),
        ("X-Amz-Expires", valid_secs.to_string()),
        ("X-Amz-SignedHeaders", "host".to_owned()),
    ];
    if let Some(token) = &credentials.session_token {
        pairs.push(("X-Amz-Security-Token", token.clone()));
    }
    let added: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", canonical::encode(value, false))).collect();
    let separator = if url.query().is_some() { '&' } else { '?' };
    let unsigned = format!("{url}{separator}{}", added.join("&"));
    let Ok(uri) = unsigned.parse::<Uri>() else { return unsigned };
    let headers = http::HeaderMap::new();
    let canonical =
        canonical::request(method, &uri, &headers, &["host".to_owned()], "UNSIGNED-PAYLOAD", service, None);
    let signature =
        scope.key(&credentials.secret_access_key).sign(&string_to_sign(&date, &scope, &canonical));
    format!("{unsigned}&X-Amz-Signature={signature}")
}
