//! Verifying requests, as a server.

use std::time::Duration;

use http::request;
use updraft_types::Timestamp;

use super::chunked::BodySignature;
use super::{ALGORITHM, CredentialScope, canonical, string_to_sign};

/// How far a request's clock may be off ("Signature Version 4", IAM user guide).
const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// The longest a presigned URL may be valid: seven days.
const EXPIRES_MAX: u64 = 7 * 24 * 3_600;

/// What a request says of its signature, before anything is believed.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The access key's id.
    pub access_key_id: String,
    /// The scope.
    pub scope: CredentialScope,
    /// The session's token, where there is one.
    pub session_token: Option<String>,
    signed_headers: Vec<String>,
    signature: String,
    date: String,
    /// The seconds a presigned URL is valid.
    expires: Option<u64>,
    payload_hash: String,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header or the query does not have the parts of a signature.
    #[error("the signature is incomplete: {0}")]
    Incomplete(String),
    /// Too old, too new, or past its time.
    #[error("{0}")]
    Expired(String),
    /// Computed otherwise.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Claims {
    /// Reads the claims of a request; `None` for an unsigned one.
    pub fn of(parts: &request::Parts) -> Result<Option<Self>, SignatureError> {
        if let Some(header) = parts.headers.get("authorization") {
            let header = header.to_str().map_err(|_| incomplete("the Authorization header is not text"))?;
            return Self::of_header(header, parts).map(Some);
        }
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("X-Amz-Signature=") { Self::of_query(query).map(Some) } else { Ok(None) }
    }

    fn of_header(header: &str, parts: &request::Parts) -> Result<Self, SignatureError> {
        let fields = header
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| incomplete("Authorization must begin with AWS4-HMAC-SHA256"))?;
        let field = |name: &str| {
            let found = fields.split(',').map(str::trim).find_map(|field| field.strip_prefix(name));
            found.ok_or_else(|| {
                incomplete(&format!(
                    "Authorization header requires '{}' parameter.",
                    name.trim_end_matches('=')
                ))
            })
        };
        let text =
            |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (access_key_id, scope) = credential(field("Credential=")?)?;
        let date = text("x-amz-date")
            .or_else(|| Timestamp::parse_http_date(&text("date")?).ok().map(Timestamp::basic));
        Ok(Self {
            access_key_id,
            scope,
            session_token: text("x-amz-security-token"),
            signed_headers: field("SignedHeaders=")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature=")?.to_owned(),
            date: date.ok_or_else(|| {
                incomplete(
                    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                )
            })?,
            expires: None,
            payload_hash: text("x-amz-content-sha256").unwrap_or_default(),
        })
    }

    fn of_query(query: &str) -> Result<Self, SignatureError> {
        let get = |name: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let value =
                pairs.into_iter().find(|(n, _)| *n == name).map(|(_, value)| canonical::decode(value));
            value.and_then(|bytes| String::from_utf8(bytes).ok())
        };
        let need = |name: &str| get(name).ok_or_else(|| incomplete(&format!("the query lacks {name}")));
        let (access_key_id, scope) = credential(&need("X-Amz-Credential")?)?;
        let expires: u64 =
            need("X-Amz-Expires")?.parse().map_err(|_| incomplete("X-Amz-Expires should be a number"))?;
        if expires > EXPIRES_MAX {
            return Err(incomplete(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
            ));
        }
        Ok(Self {
            access_key_id,
            scope,
            session_token: get("X-Amz-Security-Token"),
            signed_headers: need("X-Amz-SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: need("X-Amz-Signature")?,
            date: need("X-Amz-Date")?,
            expires: Some(expires),
            payload_hash: "UNSIGNED-PAYLOAD".to_owned(),
        })
    }

    /// How the body is signed.
    #[must_use]
    pub fn body(&self, secret: &str) -> BodySignature {
        BodySignature::of(&self.payload_hash, &self.scope, secret, &self.date, &self.signature)
    }

    /// Whether the body's hash is part of what is signed, so that it must be at hand to verify.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        self.payload_hash.is_empty()
    }
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

/// `AKID/20261123/us-east-1/s3/aws4_request`; the id itself may hold slashes.
fn credential(text: &str) -> Result<(String, CredentialScope), SignatureError> {
    let mut parts = text.rsplitn(5, '/');
    let wrong = || incomplete("Credential must have the form ACCESS_KEY/DATE/REGION/SERVICE/aws4_request");
    if parts.next() != Some("aws4_request") {
        return Err(wrong());
    }
    let mut next = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned).ok_or_else(wrong);
    let (service, region, date, id) = (next()?, next()?, next()?, next()?);
    Ok((id, CredentialScope { date, region, service }))
}

/// Verifies a request's signature with the secret of its access key. `body_hash` is the hash of the
/// body where the request does not name it itself ([`Claims::needs_body`]).
pub fn verify(
    claims: &Claims,
    parts: &request::Parts,
    secret: &str,
    body_hash: Option<&str>,
    now: Timestamp,
) -> Result<(), SignatureError> {
    check_time(claims, now)?;
    if !claims.signed_headers.iter().any(|name| name == "host") {
        return Err(incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let hash =
        if claims.payload_hash.is_empty() { body_hash.unwrap_or_default() } else { &claims.payload_hash };
    let without = claims.expires.map(|_| "X-Amz-Signature");
    let canonical = canonical::request(
        parts.method.as_str(),
        &parts.uri,
        &parts.headers,
        &claims.signed_headers,
        hash,
        &claims.scope.service,
        without,
    );
    let text = string_to_sign(&claims.date, &claims.scope, &canonical);
    if claims.scope.key(secret).verifies(&text, &claims.signature) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), SignatureError> {
    let signed = Timestamp::parse_basic(&claims.date)
        .map_err(|_| incomplete("Date must be in ISO-8601 'basic format'."))?;
    if claims.date.get(..8) != Some(claims.scope.date.as_str()) {
        let message =
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP";
        return Err(incomplete(message));
    }
    if let Some(expires) = claims.expires {
        let end = signed.plus(Duration::from_secs(expires));
        if now > end || signed.since(now) > SKEW_MAX {
            return Err(SignatureError::Expired("Request has expired".to_owned()));
        }
        return Ok(());
    }
    if now.since(signed) > SKEW_MAX {
        let limit = now.minus(SKEW_MAX).basic();
        return Err(SignatureError::Expired(format!(
            "Signature expired: {} is now earlier than {limit} ({} - 15 min.)",
            claims.date,
            now.basic()
        )));
    }
    if signed.since(now) > SKEW_MAX {
        let limit = now.plus(SKEW_MAX).basic();
        return Err(SignatureError::Expired(format!(
            "Signature not yet current: {} is still later than {limit} ({} + 15 min.)",
            claims.date,
            now.basic()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::ByteStream;
    use crate::sigv4::{SigningCredentials, presign, sign};

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn credentials() -> SigningCredentials {
        SigningCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: SECRET.into(),
            session_token: Some("token".into()),
        }
    }

    /// The vector `get-vanilla-query-order-key-case` of AWS's published test suite.
    #[test]
    fn the_published_vector_verifies() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                             SignedHeaders=host;x-amz-date, \
                             Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
        let request = Request::get("/?Param2=value2&Param1=value1")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", authorization)
            .body(())
            .unwrap();
        let parts = request.into_parts().0;
        let claims = Claims::of(&parts).unwrap().unwrap();
        assert!(claims.needs_body());
        let now = Timestamp::parse_basic("20150830T123700Z").unwrap();
        let empty = crate::sigv4::sha256_hex(b"");
        assert_eq!(verify(&claims, &parts, SECRET, Some(&empty), now), Ok(()));
        assert_eq!(verify(&claims, &parts, "other", Some(&empty), now), Err(SignatureError::Mismatch));
        let late = now.plus(Duration::from_secs(3_600));
        assert!(matches!(
            verify(&claims, &parts, SECRET, Some(&empty), late),
            Err(SignatureError::Expired(_))
        ));
    }

    #[test]
    fn what_is_signed_verifies_and_what_is_changed_does_not() {
        let now = Timestamp::from_millis(1_795_408_233_000);
        for (service, path) in [("s3", "/b/a%20b//c%2Bd?x=1&y=%2F"), ("lambda", "/f/a%3Ab/x")] {
            let mut request = Request::post(format!("http://localhost:4566{path}"))
                .body(ByteStream::Whole("body".into()))
                .unwrap();
            sign(&mut request, &credentials(), "eu-west-1", service, now);
            let (mut parts, _) = request.into_parts();
            let claims = Claims::of(&parts).unwrap().unwrap();
            assert_eq!(claims.session_token.as_deref(), Some("token"));
            assert_eq!(verify(&claims, &parts, SECRET, None, now), Ok(()), "{service}");
            parts.uri = "http://localhost:4566/other".parse().unwrap();
            assert_eq!(verify(&claims, &parts, SECRET, None, now), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn a_presigned_url_verifies_until_it_expires() {
        let now = Timestamp::from_millis(1_795_408_233_000);
        let url = "http://localhost:4566/shop/a%20b?versionId=1".parse().unwrap();
        let signed = presign("GET", &url, &credentials(), "us-east-1", "s3", now, 60);
        let parts = Request::get(signed).body(()).unwrap().into_parts().0;
        let claims = Claims::of(&parts).unwrap().unwrap();
        assert_eq!(verify(&claims, &parts, SECRET, None, now), Ok(()));
        let late = now.plus(Duration::from_secs(61));
        assert!(matches!(verify(&claims, &parts, SECRET, None, late), Err(SignatureError::Expired(_))));
    }

    /// Requests as botocore 1.43 signs them, with the secret and the time of this test.
    #[test]
    fn what_botocore_signs_verifies() {
        let now = Timestamp::parse_basic("20261123T060000Z").unwrap();
        let empty = crate::sigv4::sha256_hex(b"");
        let header = |service: &str, signed: &str, signature: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/{service}/aws4_request, \
                 SignedHeaders={signed}, Signature={signature}"
            )
        };
        let object = Request::get("/a%20b//c%2Bd/./e?x=1&uploads&prefix=a%2Fb%20c")
            .header("host", "b.s3.eu-west-1.amazonaws.com")
            .header("x-amz-content-sha256", &empty)
            .header(
                "authorization",
                header(
                    "s3",
                    "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
                    "ea4274c711dd87ceb397d09472deaa75fcf223f904001e211a8ac9e0f96ddd7b",
                ),
            );
        let path =
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af%3Alive/invocations";
        let invocation = Request::post(format!("{path}?Qualifier=%24LATEST"))
            .header("host", "lambda.eu-west-1.amazonaws.com")
            .header(
                "authorization",
                header(
                    "lambda",
                    "host;x-amz-date;x-amz-security-token",
                    "d195bb8e924f496f3a696e2eae57ca5eecbaddf1ccc32ac3571012917c7274c2",
                ),
            );
        let dated = [(object, ""), (invocation, "body")].map(|(request, body)| {
            let request =
                request.header("x-amz-date", "20261123T060000Z").header("x-amz-security-token", "token");
            (request, body)
        });
        let presigned = Request::get(
            "/shop/a%20b?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261123\
             %2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261123T060000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host\
             &X-Amz-Security-Token=token\
             &X-Amz-Signature=1f16b8314256630488f0f81e359608e20e94790e279ad18cb9cc615d6a987f8a",
        )
        .header("host", "s3.eu-west-1.amazonaws.com");
        for (request, body) in dated.into_iter().chain([(presigned, "")]) {
            let parts = request.body(()).unwrap().into_parts().0;
            let claims = Claims::of(&parts).unwrap().unwrap();
            let hash = crate::sigv4::sha256_hex(body.as_bytes());
            assert_eq!(verify(&claims, &parts, SECRET, Some(&hash), now), Ok(()), "{}", parts.uri);
        }
    }
}
