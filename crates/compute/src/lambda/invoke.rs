//! One invocation, from the name that was called to the fact that says how it went.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use updraft_kernel::{
    FactKind, Fault, HostError, Invocation, InvocationFact, InvocationOutcome, InvocationReport, Outcome,
    Result, ServeCx,
};
use updraft_types::lambda::Qualifier;

use super::concurrency::Place;
use super::model::{Function, Version};
use super::prepared::Prepared;
use super::refusals::{self, ThrottleReason};
use super::store::{self, Target};
use super::{Shared, routing};

/// The largest answer ("Lambda quotas", Lambda developer guide, read 2026-11; the number is that of
/// the error's text).
const RESPONSE_BYTES_MAX: usize = 6_291_556;

/// What is called, and with what.
pub(crate) struct Call {
    /// The function as it was named, qualifier included.
    pub target: Target,
    /// The event.
    pub payload: Bytes,
    /// The request's id.
    pub request_id: String,
    /// The client context, decoded.
    pub client_context: Option<String>,
    /// Whether the event comes from the queue.
    pub asynchronous: bool,
}

/// How an invocation went.
pub(crate) struct Answer {
    /// The version that ran.
    pub version: Qualifier,
    /// What the host reports.
    pub report: InvocationReport,
}

/// What a name stands for at this moment.
pub(crate) struct Resolved {
    pub function: Function,
    pub version: Version,
    /// Whether the call came by an alias on which two versions are compared.
    compared: bool,
    reserved_in_all: u64,
}

/// Finds the version that takes a call; an alias with weights draws anew each time.
pub(crate) fn resolve(cx: &ServeCx, target: &Target) -> Result<Resolved> {
    cx.view(|view| {
        let function = target.function(view)?;
        let mut compared = false;
        let version = match &target.qualifier {
            None | Some(Qualifier::Latest) => function.latest.clone(),
            Some(Qualifier::Alias(name)) => {
                let alias = store::ALIASES
                    .get(view, &target.qualified_key(&**name))?
                    .ok_or_else(|| refusals::function_not_found(&target.arn()))?;
                compared = !alias.weights.is_empty();
                target.version(view, &routing::choose(&alias, cx.ids().fraction()))?
            }
            Some(number) => target.version(view, number)?,
        };
        Ok(Resolved { function, version, compared, reserved_in_all: store::reserved(view, &target.scope)? })
    })
}

/// Runs a call to its end, whether or not the caller still waits for it.
pub(crate) async fn run(shared: &Arc<Shared>, cx: &ServeCx, call: Call) -> Result<Answer> {
    let resolved = resolve(cx, &call.target)?;
    let (send, receive) = tokio::sync::oneshot::channel();
    let (shared, inside) = (shared.clone(), cx.clone());
    cx.spawn(async move {
        let caller = (*inside.info().caller).clone();
        let inside = inside.enter(call.target.scope.clone(), caller);
        let result = run_here(&shared, &inside, &call, resolved).await;
        // The caller may have hung up; the fact says all the same how it went.
        let _ = send.send(result);
    });
    receive.await.unwrap_or_else(|_| Err(Fault::new("run an invocation: it panicked").into()))
}

async fn run_here(shared: &Shared, cx: &ServeCx, call: &Call, resolved: Resolved) -> Result<Answer> {
    let Resolved { function, version, compared, reserved_in_all } = resolved;
    let name = call.target.name.as_str();
    let place =
        shared.concurrency.enter(&call.target.scope, name, function.reserved_concurrency, reserved_in_all);
    let place = match place {
        Ok(place) => place,
        Err(reason) => return Err(throttle(cx, call, &version, reason)),
    };
    let Prepared { spec, credentials, .. } = shared.prepared.find(shared, cx, call, &version).await?;
    let invocation = Invocation {
        request_id: call.request_id.clone(),
        payload: call.payload.clone(),
        invoked_arn: call.target.arn(),
        client_context: call.client_context.clone(),
        trace_id: Some(trace_id(cx, &version)),
        credentials,
        end_after_failure: compared,
    };
    match cx.host().invoke(spec, invocation).await {
        Ok(report) => {
            let report = within_size(report);
            emit(cx, call, &version, &place, &report);
            Ok(Answer { version: version.qualifier, report })
        }
        Err(HostError::Exhausted) => Err(throttle(cx, call, &version, ThrottleReason::Account)),
        Err(HostError::NoRuntime { runtime, hint }) => Err(refusals::no_runtime(format!(
            "The runtime {runtime} is not installed on the machine this engine runs on. {hint}"
        ))
        .into()),
        Err(HostError::Fault(fault)) => Err(fault.into()),
    }
}

/// A trace header in X-Ray's form ("Tracing header", X-Ray developer guide, read 2026-11).
fn trace_id(cx: &ServeCx, version: &Version) -> String {
    let (root, parent) = (cx.ids().hex(24), cx.ids().hex(16));
    let sampled = u8::from(version.tracing == "Active");
    format!("Root=1-{:08x}-{root};Parent={parent};Sampled={sampled}", cx.now().secs())
}

/// An answer past the bound becomes Lambda's error document for that.
fn within_size(report: InvocationReport) -> InvocationReport {
    if report.payload.len() <= RESPONSE_BYTES_MAX {
        return report;
    }
    let document = serde_json::json!({
        "errorMessage":
            format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
        "errorType": "Function.ResponseSizeTooLarge",
    });
    InvocationReport {
        outcome: Outcome::Failed,
        payload: document.to_string().into(),
        function_error: Some("Unhandled"),
        ..report
    }
}

fn emit(cx: &ServeCx, call: &Call, version: &Version, place: &Place, report: &InvocationReport) {
    let succeeded = report.outcome == Outcome::Answered && report.function_error.is_none();
    cx.emit(FactKind::Invocation(InvocationFact {
        outcome: if succeeded { InvocationOutcome::Succeeded } else { InvocationOutcome::Failed },
        environment: Some(report.environment.clone()),
        init: report.init,
        duration: report.duration,
        billed: report.billed,
        memory_max_mib: report.memory_max_mib,
        concurrency: place.count,
        ..fact(call, version)
    }));
}

fn throttle(cx: &ServeCx, call: &Call, version: &Version, reason: ThrottleReason) -> updraft_kernel::Error {
    cx.emit(FactKind::Invocation(fact(call, version)));
    refusals::throttled(reason).into()
}

/// The fact of a call that has not run.
fn fact(call: &Call, version: &Version) -> InvocationFact {
    InvocationFact {
        function: call.target.function_arn(),
        name: call.target.name.to_string(),
        qualifier: call.target.qualifier.as_ref().map(ToString::to_string),
        version: version.qualifier.to_string(),
        request_id: call.request_id.clone(),
        outcome: InvocationOutcome::Throttled,
        asynchronous: call.asynchronous,
        environment: None,
        init: None,
        duration: Duration::ZERO,
        billed: Duration::ZERO,
        memory_mib: version.memory_mib,
        memory_max_mib: 0,
        concurrency: 0,
    }
}
