//! Plain HTTP requests over pooled connections.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// The largest answer that is read: no listed operation answers with more than an artifact, and
/// Lambda's packages are 250 MB at most.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a connection may take; the AWS SDKs' default is 3.1 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept; below the minute after which AWS closes them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// A client for HTTP and HTTPS.
#[derive(Clone)]
pub struct HttpClient {
    inner: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request cannot be sent as it is.
    #[error("the request to `{uri}` is not well formed: {reason}")]
    Request {
        /// Where it was to go.
        uri: String,
        /// Why not.
        reason: String,
    },
    /// No connection, or it broke.
    #[error("{reason}")]
    Connection {
        /// In words, with what lies beneath.
        reason: String,
        /// Whether the request never left, so that sending it again does no harm.
        unsent: bool,
    },
    /// No answer in time.
    #[error("no answer within {secs} s")]
    TimedOut {
        /// The bound.
        secs: u64,
    },
    /// Too long an answer.
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl HttpClient {
    /// A client with the public certificate authorities.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let inner = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_TIMEOUT).build(connector);
        Self { inner }
    }

    /// Sends a request given in parts.
    pub async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Bytes,
        timeout: Duration,
    ) -> Result<HttpAnswer, HttpError> {
        let wrong = |reason: String| HttpError::Request { uri: url.to_owned(), reason };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|error| wrong(error.to_string()))?;
            let value = HeaderValue::try_from(value).map_err(|error| wrong(error.to_string()))?;
            request = request.header(name, value);
        }
        let request = request.body(body).map_err(|error| wrong(error.to_string()))?;
        self.request(request, timeout).await
    }

    /// Sends a request.
    pub async fn request(&self, request: Request<Bytes>, timeout: Duration) -> Result<HttpAnswer, HttpError> {
        let (mut parts, body) = request.into_parts();
        if let Some((uri, host)) = loopback(&parts.uri) {
            parts.uri = uri;
            parts.headers.entry(header::HOST).or_insert(host);
        }
        let request = Request::from_parts(parts, Full::new(body));
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::TimedOut { secs: timeout.as_secs() }),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<HttpAnswer, HttpError> {
        let answer = self
            .inner
            .request(request)
            .await
            .map_err(|error| HttpError::Connection { unsent: error.is_connect(), reason: chain(&error) })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                HttpError::TooLarge
            } else {
                HttpError::Connection { reason: chain(error.as_ref()), unsent: false }
            }
        })?;
        Ok(HttpAnswer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Names below `localhost` are this machine (RFC 6761, 6.3); not every resolver knows.
fn loopback(uri: &Uri) -> Option<(Uri, HeaderValue)> {
    let authority = uri.authority()?;
    if !authority.host().ends_with(".localhost") {
        return None;
    }
    let port = authority.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.authority = format!("127.0.0.1{port}").parse().ok();
    let host = HeaderValue::try_from(authority.as_str()).ok()?;
    Some((Uri::from_parts(parts).ok()?, host))
}

/// An error and what lies beneath it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_localhost_are_this_machine() {
        let uri: Uri = "http://abc.execute-api.localhost:4566/items?x=1".parse().unwrap();
        let (uri, host) = loopback(&uri).unwrap();
        assert_eq!(uri, "http://127.0.0.1:4566/items?x=1");
        assert_eq!(host, "abc.execute-api.localhost:4566");
        assert!(loopback(&"http://localhost.example.com/".parse().unwrap()).is_none());
        assert!(loopback(&"http://127.0.0.1:4566/".parse().unwrap()).is_none());
    }

    #[tokio::test]
    async fn nobody_at_home_is_said_and_safe_to_repeat() {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        let sent = HttpClient::new().send("GET", &url, &[], Bytes::new(), Duration::from_secs(5)).await;
        let Err(HttpError::Connection { reason, unsent }) = sent else { panic!("{sent:?}") };
        assert!(unsent && reason.contains("refused"), "{reason}");
    }
}
