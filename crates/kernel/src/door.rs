//! The door: one pipeline that every request from outside passes.

use std::net::IpAddr;

use updraft_api::{Operation, OperationInfo, Refusal};
use updraft_types::Arn;

use crate::Decision;

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

/// An operation whose input and output have a wire form.
pub trait WireOf: Operation {}

impl<Op: Operation> WireOf for Op {}

/// An operation as the wire sees it.
pub(crate) trait WireEndpoint: Send + Sync {}

struct Typed<Op>(std::marker::PhantomData<fn() -> Op>);

impl<Op: WireOf> WireEndpoint for Typed<Op> {}

pub(crate) fn wire_endpoint<Op: WireOf>() -> std::sync::Arc<dyn WireEndpoint> {
    std::sync::Arc::new(Typed::<Op>(std::marker::PhantomData))
}

/// AWS's refusal of an unsigned call.
pub(crate) fn missing_authentication(operation: &OperationInfo) -> Refusal {
    match operation.service.name {
        "s3" => Refusal::new("AccessDenied", 403, "Access Denied"),
        _ => Refusal::new("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    }
}

/// AWS's refusal of a call that IAM does not allow. The code differs by protocol.
pub(crate) fn access_denied(operation: &OperationInfo, decision: &Decision) -> Refusal {
    match operation.service.name {
        "s3" | "iam" | "sts" | "cloudformation" | "cloudwatch" => {
            Refusal::new("AccessDenied", 403, &decision.message)
        }
        "dynamodb" | "logs" => Refusal::new("AccessDeniedException", 400, &decision.message),
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
