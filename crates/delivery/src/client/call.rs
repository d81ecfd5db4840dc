//! Typed calls: encode, sign, send, decode; again when that may help.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use updraft_api::{ByteStream, Operation, sigv4, wire};

use super::error::CallError;
use super::http::{HttpClient, HttpError};
use super::target::Target;
use crate::{Clock, SystemClock};

/// How often a call is tried; the AWS SDKs' standard mode has three, and deployments are longer.
const TRIES_MAX: u32 = 5;
/// The first wait between tries; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(100);
/// How long one try may take: Lambda's longest synchronous invocation is 15 minutes.
const TIMEOUT_INVOKE: Duration = Duration::from_secs(905);
/// How long any other may take; the SDKs' default read time-out.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest request: a package of Lambda's largest size.
const BODY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Codes that ask to try again ("Retry behavior" of the SDK reference guide).
const THROTTLES: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "LimitExceededException",
    "RequestTimeout",
];

/// A client of an engine or of AWS.
#[derive(Clone)]
pub struct Client {
    target: Target,
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

impl Client {
    /// For a target.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target, http: HttpClient::new(), clock: Arc::new(SystemClock) }
    }

    /// Where it calls.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether an engine answers, not AWS.
    #[must_use]
    pub fn is_engine(&self) -> bool {
        self.target.is_engine()
    }

    /// Its connections, for plain requests.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Calls an operation.
    pub async fn call<O: Operation>(&self, input: O::Input) -> Result<O::Output, CallError> {
        let operation = O::INFO.name;
        let request = self.encode::<O>(input).await?;
        let timeout = if operation == "Invoke" { TIMEOUT_INVOKE } else { TIMEOUT };
        let mut tries = 1;
        loop {
            let error = match self.attempt::<O>(&request, timeout).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            if tries == TRIES_MAX || !may_try_again(&error, operation) {
                return Err(error);
            }
            tracing::debug!(%error, tries, "trying again");
            self.clock.wait(WAIT_FIRST * 2_u32.pow(tries - 1)).await;
            tries += 1;
        }
    }

    async fn encode<O: Operation>(&self, input: O::Input) -> Result<Request<Bytes>, CallError> {
        let operation = O::INFO.name;
        let endpoint = self.target.service_endpoint(O::INFO.service);
        let request = wire::encode_request::<O>(input, &endpoint)
            .map_err(|refusal| CallError::Refused { operation: operation.into(), refusal })?;
        let (parts, body) = request.into_parts();
        let body = body.collect(BODY_BYTES_MAX).await.map_err(|error| CallError::body(operation, error))?;
        Ok(Request::from_parts(parts, body))
    }

    async fn attempt<O: Operation>(
        &self,
        request: &Request<Bytes>,
        timeout: Duration,
    ) -> Result<O::Output, CallError> {
        let operation = O::INFO.name;
        let signed = self.sign::<O>(request);
        let answer = self.http.request(signed, timeout).await.map_err(|source| CallError::Transport {
            operation,
            endpoint: self.target.service_endpoint(O::INFO.service),
            source,
        })?;
        wire::decode_response::<O>(answer.status, &answer.headers, answer.body.into())
            .await
            .map_err(|refusal| CallError::Refused { operation: operation.into(), refusal })
    }

    /// Signs anew for each try: a signature is good for minutes.
    fn sign<O: Operation>(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let Target { credentials, region, .. } = &self.target;
        let credentials = sigv4::SigningCredentials {
            access_key_id: credentials.key_id.clone(),
            secret_access_key: credentials.secret.clone(),
            session_token: credentials.token.clone(),
        };
        let (parts, body) = request.clone().into_parts();
        let mut signed = Request::from_parts(parts, ByteStream::Whole(body.clone()));
        let service = O::INFO.service.signing_name;
        sigv4::sign(&mut signed, &credentials, region.as_str(), service, self.clock.now());
        let (parts, _) = signed.into_parts();
        Request::from_parts(parts, body)
    }
}

/// Whether sending the same again does no harm and may help.
fn may_try_again(error: &CallError, operation: &str) -> bool {
    match error {
        CallError::Refused { refusal, .. } => {
            let throttled = THROTTLES.contains(&refusal.code.as_ref());
            // An invocation that failed inside may have done its work.
            throttled || (refusal.status >= 500 && operation != "Invoke")
        }
        CallError::Transport { source, .. } => match source {
            HttpError::Connection { unsent, .. } => *unsent || operation != "Invoke",
            _ => false,
        },
        CallError::Answer { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use updraft_api::Refusal;

    use super::*;

    #[test]
    fn only_what_may_help_and_does_no_harm_is_sent_again() {
        let refused = |code: &'static str, status| CallError::Refused {
            operation: "X".into(),
            refusal: Refusal::new(code, status, ""),
        };
        let broken = |unsent| CallError::Transport {
            operation: "X",
            endpoint: String::new(),
            source: HttpError::Connection { reason: String::new(), unsent },
        };
        for (error, operation, again) in [
            (refused("ThrottlingException", 400), "GetAlias", true),
            (refused("TooManyRequestsException", 429), "Invoke", true),
            (refused("ServiceException", 500), "GetAlias", true),
            (refused("ServiceException", 500), "Invoke", false),
            (refused("ResourceNotFoundException", 404), "GetAlias", false),
            (refused("PreconditionFailed", 412), "PutObject", false),
            (broken(true), "Invoke", true),
            (broken(false), "Invoke", false),
            (broken(false), "GetAlias", true),
        ] {
            assert_eq!(may_try_again(&error, operation), again, "{error:?} {operation}");
        }
    }
}
