//! Reading one request of a runtime, piece by piece as it arrives.

use bytes::{Buf, Bytes, BytesMut};

use crate::config::RESPONSE_MAX;

/// The longest head of a request. Error reports carry their cause in a header.
const HEAD_MAX: usize = 64 * 1024;

/// The most headers of a request.
const HEADERS_MAX: usize = 64;

/// How far past the limit a body is still read, so that its sender can be told instead of cut off.
const BODY_MAX: usize = 4 * RESPONSE_MAX;

/// What a runtime asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Next,
    Response {
        request_id: String,
    },
    Error {
        request_id: String,
    },
    InitError,
    /// Our own bootstraps, started before there was code, ask for it.
    Assignment,
    Unknown,
}

/// A whole request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) route: Route,
    /// The `Lambda-Runtime-Function-Error-Type` header.
    pub(crate) error_type: Option<String>,
    pub(crate) body: Bytes,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the runtime sent what is no request")]
pub(crate) struct Malformed;

/// A head that has been read, whose body may be missing yet.
#[derive(Debug)]
struct Head {
    route: Route,
    error_type: Option<String>,
    body: BodyLength,
    continue_expected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyLength {
    Known(usize),
    Chunked,
}

/// Reads requests out of what arrives on a connection.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) input: BytesMut,
    head: Option<Head>,
    /// What has been taken out of chunks.
    body: BytesMut,
}

impl Reader {
    /// The next request, if all of it has arrived.
    pub(crate) fn next(&mut self) -> Result<Option<Request>, Malformed> {
        if self.head.is_none() {
            self.head = self.read_head()?;
        }
        let Some(length) = self.head.as_ref().map(|head| head.body) else { return Ok(None) };
        let body = match length {
            BodyLength::Known(length) if self.input.len() >= length => self.input.split_to(length).freeze(),
            BodyLength::Known(_) => return Ok(None),
            BodyLength::Chunked if self.read_chunks()? => self.body.split().freeze(),
            BodyLength::Chunked => return Ok(None),
        };
        let head = self.head.take().ok_or(Malformed)?;
        Ok(Some(Request { route: head.route, error_type: head.error_type, body }))
    }

    /// Whether the sender waits to be told that it may send its body; asked once per request.
    pub(crate) fn take_continue(&mut self) -> bool {
        self.head.as_mut().is_some_and(|head| std::mem::take(&mut head.continue_expected))
    }

    fn read_head(&mut self) -> Result<Option<Head>, Malformed> {
        if self.input.is_empty() {
            return Ok(None);
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(&self.input).map_err(|_| Malformed)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if self.input.len() > HEAD_MAX => return Err(Malformed),
            httparse::Status::Partial => return Ok(None),
        };
        let mut head = Head {
            route: route(parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default()),
            error_type: None,
            body: BodyLength::Known(0),
            continue_expected: false,
        };
        for header in parsed.headers.iter() {
            let value = || std::str::from_utf8(header.value).map_err(|_| Malformed);
            if header.name.eq_ignore_ascii_case("content-length") {
                head.body = BodyLength::Known(value()?.trim().parse().map_err(|_| Malformed)?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                head.body = BodyLength::Chunked;
            } else if header.name.eq_ignore_ascii_case("expect") {
                head.continue_expected = true;
            } else if header.name.eq_ignore_ascii_case("lambda-runtime-function-error-type") {
                head.error_type = Some(value()?.to_owned());
            }
        }
        if matches!(head.body, BodyLength::Known(length) if length > BODY_MAX) {
            return Err(Malformed);
        }
        self.input.advance(length);
        Ok(Some(head))
    }

    /// Takes complete chunks; true at the last.
    fn read_chunks(&mut self) -> Result<bool, Malformed> {
        loop {
            let (start, size) = match httparse::parse_chunk_size(&self.input).map_err(|_| Malformed)? {
                httparse::Status::Complete(parsed) => parsed,
                httparse::Status::Partial => return Ok(false),
            };
            let size = usize::try_from(size).map_err(|_| Malformed)?;
            if size > BODY_MAX || self.body.len() + size > BODY_MAX {
                return Err(Malformed);
            }
            // The line feed after the chunk; after the last one, trailers may come before it.
            if size == 0 {
                let Some(end) = self.input[start - 2..].windows(4).position(|four| four == b"\r\n\r\n")
                else {
                    return Ok(false);
                };
                self.input.advance(start + 2 + end);
                return Ok(true);
            }
            if self.input.len() < start + size + 2 {
                return Ok(false);
            }
            self.input.advance(start);
            let chunk = self.input.split_to(size);
            self.body.extend_from_slice(&chunk);
            self.input.advance(2);
        }
    }
}

fn route(method: &str, path: &str) -> Route {
    if (method, path) == ("GET", "/updraft/assignment") {
        return Route::Assignment;
    }
    let path = path.strip_prefix("/2018-06-01/runtime/").unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["invocation", "next"]) => Route::Next,
        ("POST", ["invocation", id, "response"]) => Route::Response { request_id: (*id).to_owned() },
        ("POST", ["invocation", id, "error"]) => Route::Error { request_id: (*id).to_owned() },
        ("POST", ["init", "error"]) => Route::InitError,
        _ => Route::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds text in pieces of a size and collects the requests.
    fn read(text: &[u8], piece: usize) -> Result<Vec<Request>, Malformed> {
        let mut reader = Reader::default();
        let mut requests = Vec::new();
        for piece in text.chunks(piece) {
            reader.input.extend_from_slice(piece);
            while let Some(request) = reader.next()? {
                requests.push(request);
            }
        }
        Ok(requests)
    }

    const PIPELINED: &[u8] = b"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: x\r\n\
        Content-Length: 4\r\n\r\nnullGET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n";

    const CHUNKED: &[u8] = b"POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\n\
        Transfer-Encoding: chunked\r\n\r\n3\r\n\"ab\r\n2\r\nc\"\r\n0\r\n\r\n\
        POST /2018-06-01/runtime/init/error HTTP/1.1\r\nLambda-Runtime-Function-Error-Type: X.Y\r\n\
        Content-Length: 2\r\n\r\n{}";

    #[test]
    fn requests_are_found_however_they_are_cut() {
        for piece in [1, 2, 3, 7, 1000] {
            let requests = read(PIPELINED, piece).unwrap();
            assert_eq!(requests.len(), 2, "in pieces of {piece}");
            assert_eq!(requests[0].route, Route::Response { request_id: "r1".to_owned() });
            assert_eq!(requests[0].body, "null");
            assert_eq!(requests[1].route, Route::Next);
            let requests = read(CHUNKED, piece).unwrap();
            assert_eq!(requests[0].body, "\"abc\"", "in pieces of {piece}");
            assert_eq!(requests[1].route, Route::InitError);
            assert_eq!(requests[1].error_type.as_deref(), Some("X.Y"));
        }
    }

    #[test]
    fn what_is_no_request_or_too_long_ends_the_connection() {
        assert_eq!(read(b"\x16\x03\x01 hello\r\n\r\n", 100), Err(Malformed));
        assert_eq!(read(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 100), Err(Malformed));
        let long = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", BODY_MAX + 1);
        assert_eq!(read(long.as_bytes(), 100), Err(Malformed));
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(HEAD_MAX + 10));
        assert_eq!(read(endless.as_bytes(), 100_000), Err(Malformed));
    }

    #[test]
    fn other_paths_are_unknown() {
        for (method, path) in [
            ("POST", "/2018-06-01/runtime/invocation/next"),
            ("GET", "/2020-01-01/extension/register"),
            ("GET", "/"),
        ] {
            assert_eq!(route(method, path), Route::Unknown, "{method} {path}");
        }
    }

    #[test]
    fn a_sender_that_expects_to_be_told_is_told_once() {
        let mut reader = Reader::default();
        reader.input.extend_from_slice(
            b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        );
        assert_eq!(reader.next(), Ok(None));
        assert!(reader.take_continue());
        assert!(!reader.take_continue());
    }
}
