//! The door: one pipeline that every request from outside passes: decode, identify, authorize,
//! limit, handle, record, encode.

use std::net::IpAddr;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Request, Response, request};
use updraft_api::sigv4::{self, BodySignature, Claims, SignatureError};
use updraft_api::value::{Members, Structure as _};
use updraft_api::wire::{self, Routed, Unrouted};
use updraft_api::{ByteStream, Operation, OperationInfo, Protocol, Refusal, ServiceInfo};
use updraft_types::{AccountId, Arn, Region, Scope};

use crate::engine::{AuthMode, Engine};
use crate::{CallInfo, Caller, Decision, Error, Principal};

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address of the other end, where there is one.
    pub address: Option<IpAddr>,
    /// Which side of the engine it came in on.
    pub origin: Origin,
}

/// Which side of the engine a request came in on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The listening socket.
    Socket,
    /// A function's sandbox: only credentials of sessions are taken there.
    Function(Arn),
}

/// An operation as the wire sees it.
pub(crate) trait WireEndpoint: Send + Sync {
    /// Decodes, dispatches, encodes.
    fn answer<'a>(
        &'a self,
        engine: &'a Arc<Engine>,
        info: CallInfo,
        routed: &'a Routed,
        parts: &'a request::Parts,
        body: ByteStream,
    ) -> BoxFuture<'a, Response<ByteStream>>;

    /// The operation's table.
    fn info(&self) -> &'static OperationInfo;

    /// The same call without a wire: from members to members.
    fn call<'a>(
        &'a self,
        engine: &'a Arc<Engine>,
        info: CallInfo,
        input: Members,
    ) -> BoxFuture<'a, crate::Result<Members>>;
}

struct Typed<Op>(std::marker::PhantomData<fn() -> Op>);

impl<Op: Operation> WireEndpoint for Typed<Op> {
    fn answer<'a>(
        &'a self,
        engine: &'a Arc<Engine>,
        info: CallInfo,
        routed: &'a Routed,
        parts: &'a request::Parts,
        body: ByteStream,
    ) -> BoxFuture<'a, Response<ByteStream>> {
        Box::pin(async move {
            let request_id = info.request_id.clone();
            let result = match wire::decode_input::<Op>(routed, parts, body).await {
                Ok(input) => engine.dispatch::<Op>(info, input).await,
                Err(refusal) => Err(refusal.into()),
            };
            match result {
                Ok(output) => wire::encode_output::<Op>(routed.protocol, output, &request_id),
                Err(error) => encode_error(Op::INFO.service, routed.protocol, &error, &request_id),
            }
        })
    }

    fn info(&self) -> &'static OperationInfo {
        Op::INFO
    }

    fn call<'a>(
        &'a self,
        engine: &'a Arc<Engine>,
        info: CallInfo,
        input: Members,
    ) -> BoxFuture<'a, crate::Result<Members>> {
        Box::pin(async move {
            let output = engine.dispatch::<Op>(info, Op::Input::from_members(input)).await?;
            Ok(output.into_members())
        })
    }
}

pub(crate) fn wire_endpoint<Op: Operation>() -> Arc<dyn WireEndpoint> {
    Arc::new(Typed::<Op>(std::marker::PhantomData))
}

impl Engine {
    /// Answers a request from outside.
    pub async fn answer(self: &Arc<Self>, request: Request<ByteStream>, peer: Peer) -> Response<ByteStream> {
        let (parts, body) = request.into_parts();
        if let Some(data_plane) = self.registry().data_planes.iter().find(|plane| plane.claims(&parts)) {
            let nobody =
                Caller { principal: Principal::Anonymous, account: AccountId::DEFAULT, access_key_id: None };
            let mut cx = self.enter(Scope::new(AccountId::DEFAULT, Region::us_east_1()), nobody);
            cx.set_source_ip(peer.address);
            return data_plane.answer(cx, Request::from_parts(parts, body)).await;
        }
        let request_id: Arc<str> = self.ids().uuid().into();
        let (routed, body) = match self.find(&parts, body).await {
            Ok(found) => found,
            Err(refused) => {
                let (service, protocol, refusal) = *refused;
                return wire::encode_refusal(service, protocol, &refusal, &request_id);
            }
        };
        let service = routed.operation.service;
        let refuse = |refusal: Refusal| wire::encode_refusal(service, routed.protocol, &refusal, &request_id);
        let (caller, region, body) = match self.identify(&routed, &parts, body, &peer).await {
            Ok(identified) => identified,
            Err(refusal) => return refuse(refusal),
        };
        let Some(_place) = self.take_place(caller.account) else {
            return refuse(throttled(service, routed.protocol));
        };
        let Some(endpoint) = self.registry().wire.get(&(service.name, routed.operation.name)).cloned() else {
            return refuse(Refusal::new(
                "NotImplemented",
                501,
                format!("{} has no handler", routed.operation.name),
            ));
        };
        let info = CallInfo {
            scope: Scope::new(caller.account, region),
            caller: Arc::new(caller),
            request_id: request_id.clone(),
            received: self.clock().now(),
            source_ip: peer.address,
            depth: 0,
        };
        // A panic in one request ends that request only.
        let engine = self.clone();
        let protocol = routed.protocol;
        let answered =
            tokio::spawn(async move { endpoint.answer(&engine, info, &routed, &parts, body).await }).await;
        answered.unwrap_or_else(|panic| {
            tracing::error!(error = %panic, request_id = %request_id, "a request panicked");
            wire::encode_refusal(service, protocol, &internal_failure(service), &request_id)
        })
    }

    /// The operation a request is for; the body is read first where it alone tells.
    async fn find(
        &self,
        parts: &request::Parts,
        body: ByteStream,
    ) -> Result<(Routed, ByteStream), Box<(&'static ServiceInfo, Protocol, Refusal)>> {
        let refused = |unrouted| match unrouted {
            Unrouted::Refused { service, protocol, refusal } => Box::new((service, protocol, refusal)),
            Unrouted::NeedsBody => {
                let refusal =
                    Refusal::new("MissingAction", 400, "The request must contain the parameter Action");
                Box::new((&updraft_api::sts::SERVICE, Protocol::Query, refusal))
            }
        };
        match wire::route(parts, None) {
            Ok(routed) => Ok((routed, body)),
            Err(Unrouted::NeedsBody) => {
                let bytes = body.collect(wire::BODY_MAX).await.map_err(|error| {
                    let refusal = Refusal::new("IncompleteBody", 400, error.to_string());
                    Box::new((&updraft_api::sts::SERVICE, Protocol::Query, refusal))
                })?;
                let routed = wire::route(parts, Some(&bytes)).map_err(refused)?;
                Ok((routed, ByteStream::Whole(bytes)))
            }
            Err(unrouted) => Err(refused(unrouted)),
        }
    }

    /// Who calls, for which region, and the body as its signature covers it.
    async fn identify(
        &self,
        routed: &Routed,
        parts: &request::Parts,
        body: ByteStream,
        peer: &Peer,
    ) -> Result<(Caller, Region, ByteStream), Refusal> {
        let service = routed.operation.service;
        let claims = Claims::of(parts).map_err(|error| signature_refused(service, &error))?;
        let Some(claims) = claims else {
            let anonymous =
                Caller { principal: Principal::Anonymous, account: AccountId::DEFAULT, access_key_id: None };
            return Ok((anonymous, Region::us_east_1(), body));
        };
        let region: Region = claims.scope.region.parse().unwrap_or_else(|_| Region::us_east_1());
        let decoded_length = parts
            .headers
            .get("x-amz-decoded-content-length")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse().ok());
        if let Some((caller, secret)) = self.known(service, &claims, peer)? {
            // A request that does not name its body's hash signs the hash all the same.
            let (body, hash) = if claims.needs_body() {
                let bytes = body
                    .collect(wire::BODY_MAX)
                    .await
                    .map_err(|error| Refusal::new("IncompleteBody", 400, error.to_string()))?;
                let hash = payload_hash(&bytes);
                (ByteStream::Whole(bytes), Some(hash))
            } else {
                (body, None)
            };
            sigv4::verify(&claims, parts, &secret, hash.as_deref(), self.clock().now())
                .map_err(|error| signature_refused(service, &error))?;
            let body = sigv4::decode_chunks(body, claims.body(&secret), decoded_length);
            return Ok((caller, region, body));
        }
        // Development: any key is a root. The body's form still follows from its header.
        let account = claims.access_key_id.parse().unwrap_or(AccountId::DEFAULT);
        let caller = Caller { access_key_id: Some(claims.access_key_id.clone()), ..Caller::root(account) };
        let hash = parts
            .headers
            .get("x-amz-content-sha256")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let body = sigv4::decode_chunks(body, BodySignature::unverified(hash), decoded_length);
        Ok((caller, region, body))
    }

    /// The caller of a key whose secret is known. `None` where development mode takes any key.
    fn known(
        &self,
        service: &ServiceInfo,
        claims: &Claims,
        peer: &Peer,
    ) -> Result<Option<(Caller, String)>, Refusal> {
        if let Some(token) = &claims.session_token
            && claims.access_key_id.starts_with("ASIA")
        {
            let snapshot = self.store().snapshot();
            let now = self.clock().now();
            let identified = self
                .sessions()
                .identify(&*snapshot, &claims.access_key_id, token, now)
                .map_err(|refusal| session_refused(service, refusal))?;
            let caller = Caller { access_key_id: Some(claims.access_key_id.clone()), ..identified.caller };
            return Ok(Some((caller, identified.secret_access_key)));
        }
        let root = self.parts().root_keys.iter().find(|key| key.access_key_id == claims.access_key_id);
        if let Some(key) = root {
            let caller =
                Caller { access_key_id: Some(key.access_key_id.clone()), ..Caller::root(key.account) };
            return Ok(Some((caller, key.secret_access_key.clone())));
        }
        // A session's key without its token, or any unknown key where keys matter, is nobody's.
        let open = self.parts().auth == AuthMode::Development && peer.origin == Origin::Socket;
        if open && !claims.access_key_id.starts_with("ASIA") { Ok(None) } else { Err(unknown_key(service)) }
    }
}

fn payload_hash(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Encodes what went wrong; what is our own fault is told to the log and not to the caller.
fn encode_error(
    service: &'static ServiceInfo,
    protocol: Protocol,
    error: &Error,
    request_id: &str,
) -> Response<ByteStream> {
    match error {
        Error::Refused(refusal) => wire::encode_refusal(service, protocol, refusal, request_id),
        Error::Fault(fault) => {
            tracing::error!(error = %chain(fault), request_id, "a request failed");
            wire::encode_refusal(service, protocol, &internal_failure(service), request_id)
        }
    }
}

fn internal_failure(service: &ServiceInfo) -> Refusal {
    let code = if service.name == "s3" { "InternalError" } else { "InternalFailure" };
    Refusal::new(code, 500, "An internal error occurred; the engine's log names this request's id.")
}

fn throttled(service: &ServiceInfo, protocol: Protocol) -> Refusal {
    match (service.name, protocol) {
        ("s3", _) => Refusal::new("SlowDown", 503, "Please reduce your request rate."),
        (_, Protocol::Query) => Refusal::new("Throttling", 400, "Rate exceeded"),
        ("lambda", _) => Refusal::new("TooManyRequestsException", 429, "Rate Exceeded."),
        _ => Refusal::new("ThrottlingException", 400, "Rate exceeded"),
    }
}

/// The errors of a wrong signature ("Common errors" of each API reference, read 2026-11).
fn signature_refused(service: &ServiceInfo, error: &SignatureError) -> Refusal {
    let query = service.protocols.contains(&Protocol::Query);
    let (code, status) = match (error, service.name) {
        (SignatureError::Mismatch, "s3") => ("SignatureDoesNotMatch", 403),
        (SignatureError::Mismatch, _) if query => ("SignatureDoesNotMatch", 403),
        (SignatureError::Mismatch, _) => ("InvalidSignatureException", 403),
        (SignatureError::Expired(message), "s3") if message == "Request has expired" => ("AccessDenied", 403),
        (SignatureError::Expired(_), "s3") => ("RequestTimeTooSkewed", 403),
        (SignatureError::Expired(_), _) if query => ("SignatureDoesNotMatch", 403),
        (SignatureError::Expired(_), _) => ("InvalidSignatureException", 403),
        (SignatureError::Incomplete(_), "s3") => ("AuthorizationHeaderMalformed", 400),
        (SignatureError::Incomplete(_), _) if query => ("IncompleteSignature", 400),
        (SignatureError::Incomplete(_), _) => ("IncompleteSignatureException", 400),
    };
    let message = match error {
        SignatureError::Incomplete(message) => message.clone(),
        other => other.to_string(),
    };
    Refusal::new(code, status, message)
}

/// The refusal of a key that belongs to nobody.
fn unknown_key(service: &ServiceInfo) -> Refusal {
    match service.name {
        "s3" => Refusal::new(
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        _ if service.protocols.contains(&Protocol::Query) => Refusal::new(
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid.",
        ),
        _ => Refusal::new(
            "UnrecognizedClientException",
            403,
            "The security token included in the request is invalid.",
        ),
    }
}

/// The refusal of a session's token, which services of each protocol call by another name.
fn session_refused(service: &ServiceInfo, refusal: Refusal) -> Refusal {
    let query = service.protocols.contains(&Protocol::Query);
    match (&*refusal.code, service.name) {
        ("ExpiredTokenException", "s3") => {
            Refusal::new("ExpiredToken", 400, "The provided token has expired.")
        }
        ("ExpiredTokenException", _) if query => Refusal::new("ExpiredToken", 403, refusal.message),
        ("UnrecognizedClientException", "s3") => {
            Refusal::new("InvalidToken", 400, "The provided token is malformed or otherwise invalid.")
        }
        ("UnrecognizedClientException", _) => unknown_key(service),
        _ => refusal,
    }
}

/// AWS's refusal of an unsigned call.
pub(crate) fn missing_authentication(operation: &OperationInfo) -> Refusal {
    let service = operation.service;
    match service.name {
        "s3" => Refusal::new("AccessDenied", 403, "Access Denied"),
        _ if service.protocols.contains(&Protocol::Query) => {
            Refusal::new("MissingAuthenticationToken", 403, "Request is missing Authentication Token")
        }
        _ => Refusal::new("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    }
}

/// AWS's refusal of a call that IAM does not allow. Code and status differ by protocol.
pub(crate) fn access_denied(operation: &OperationInfo, decision: &Decision) -> Refusal {
    let service = operation.service;
    if service.name == "s3" || service.protocols.contains(&Protocol::Query) {
        return Refusal::new("AccessDenied", 403, &decision.message);
    }
    match service.protocols[0] {
        Protocol::Json10 | Protocol::Json11 => Refusal::new("AccessDeniedException", 400, &decision.message),
        _ => Refusal::new("AccessDeniedException", 403, &decision.message),
    }
}

/// An error with its causes, for the log: never for the wire.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
