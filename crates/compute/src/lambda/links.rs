//! Links to a function's code, signed and short-lived, as `GetFunction` answers them.

use std::fmt::Write as _;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode, request::Parts};
use ring::hmac;
use updraft_api::ByteStream;
use updraft_kernel::{Caller, DataPlane, Result, ServeCx};
use updraft_types::lambda::{FunctionName, Qualifier};
use updraft_types::{Scope, Timestamp};

use super::model::Function;
use super::store::{FUNCTIONS, Target};
use crate::Origin;

/// How long a link is good ("GetFunction", Lambda API reference, read 2026-11).
const GOOD_FOR: Duration = Duration::from_secs(600);

/// Where links point: below the engine's own address, which no AWS path shares.
const PATH: &str = "/_aws/lambda/code/";

/// The link to a version's code.
pub(crate) fn link(
    origin: &Origin,
    target: &Target,
    function: &Function,
    version: &Qualifier,
    now: Timestamp,
) -> String {
    let Scope { account, region } = &target.scope;
    let path = format!("{PATH}{account}/{region}/{}/{version}", target.name);
    let expires = now.plus(GOOD_FOR).secs();
    let signature = sign(&function.link_secret, &path, expires);
    format!("{origin}{path}?Expires={expires}&Signature={signature}")
}

fn message(path: &str, expires: i64) -> String {
    format!("{path}\n{expires}")
}

fn sign(secret: &str, path: &str, expires: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, message(path, expires).as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Answers the links.
pub(crate) struct CodeLinks;

impl DataPlane for CodeLinks {
    fn claims(&self, request: &Parts) -> bool {
        request.uri.path().starts_with(PATH)
    }

    fn answer<'a>(
        &'a self,
        cx: ServeCx,
        request: Request<ByteStream>,
    ) -> BoxFuture<'a, Response<ByteStream>> {
        async move {
            match code(&cx, request.uri()).await {
                Ok(Some(body)) => response(StatusCode::OK, "application/zip", body),
                Ok(None) => {
                    response(StatusCode::FORBIDDEN, "text/plain", "The link is wrong or has expired\n".into())
                }
                Err(error) => {
                    tracing::error!(%error, "code could not be read for a link");
                    response(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", bytes::Bytes::new())
                }
            }
        }
        .boxed()
    }
}

fn response(status: StatusCode, content_type: &'static str, body: bytes::Bytes) -> Response<ByteStream> {
    let mut response = Response::new(ByteStream::Whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// The code, if the link is one of ours and still good.
async fn code(cx: &ServeCx, uri: &http::Uri) -> Result<Option<bytes::Bytes>> {
    let Some((target, expires, signature)) = read(uri) else { return Ok(None) };
    let now = cx.now();
    let found = cx.view(|view| {
        let Some(function) = FUNCTIONS.get(view, &target.key())? else { return Ok(None) };
        let signed = verify(&function.link_secret, uri.path(), expires, &signature);
        if !signed || now.secs() > expires {
            return Ok(None);
        }
        target.shown_version(view).map(Some)
    });
    let cx = cx.enter(target.scope.clone(), Caller::root(target.scope.account));
    match found? {
        Some(version) => Ok(Some(cx.blobs().read_all(version.code.blob).await?)),
        None => Ok(None),
    }
}

fn read(uri: &http::Uri) -> Option<(Target, i64, Vec<u8>)> {
    let mut parts = uri.path().strip_prefix(PATH)?.split('/');
    let scope = Scope::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let name: FunctionName = parts.next()?.parse().ok()?;
    let qualifier: Qualifier = parts.next()?.parse().ok()?;
    let (mut expires, mut signature) = (None, None);
    for (name, value) in uri.query()?.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "Expires" => expires = value.parse().ok(),
            "Signature" => signature = unhex(value),
            _ => {}
        }
    }
    Some((Target { scope, name, qualifier: Some(qualifier) }, expires?, signature?))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

fn verify(secret: &str, path: &str, expires: i64, signature: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, message(path, expires).as_bytes(), signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_path_and_time_only() {
        let signature = unhex(&sign("secret", "/a", 7)).unwrap();
        assert!(verify("secret", "/a", 7, &signature));
        assert!(!verify("secret", "/b", 7, &signature));
        assert!(!verify("secret", "/a", 8, &signature));
        assert!(!verify("other", "/a", 7, &signature));
        assert!(unhex("xy").is_none() && unhex("abc").is_none());
    }
}
