//! `Invoke`: a call of a function, waited for, queued, or only checked.
//!
//! ```text
//! aws lambda invoke --function-name cart:live --payload '{"id": 7}' --log-type Tail out.json
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use updraft_api::lambda as api;
use updraft_kernel::{Access, AsyncStep, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::lambda::invoke::{self, Call};
use crate::lambda::queue::{self, AsyncEvent};
use crate::lambda::store::Target;
use crate::lambda::{Lambda, qualified_access, refusals};

/// The largest event of a call that is waited for ("Lambda quotas", Lambda developer guide, read
/// 2026-11).
const SYNCHRONOUS_BYTES_MAX: usize = 6_291_456;

/// The largest event of a queued call (same source: 1 MB since October 2025).
const ASYNCHRONOUS_BYTES_MAX: usize = 1_048_576;

impl Serve<api::ops::Invoke> for Lambda {
    fn access(&self, scope: &Scope, input: &api::InvocationRequest) -> Result<Vec<Access>> {
        let qualifier = input.qualifier.as_deref();
        qualified_access("lambda:InvokeFunction", scope, &input.function_name, qualifier)
    }

    async fn serve(&self, cx: ServeCx, input: api::InvocationRequest) -> Result<api::InvocationResponse> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        let kind = input.invocation_type.clone().unwrap_or(api::InvocationType::RequestResponse);
        let tail = input.log_type == Some(api::LogType::Tail);
        let queued = kind == api::InvocationType::Event;
        let call = Call {
            target,
            payload: payload(input.payload, queued)?,
            request_id: cx.info().request_id.to_string(),
            client_context: input.client_context.as_deref().map(client_context).transpose()?,
            asynchronous: false,
        };
        match kind {
            api::InvocationType::RequestResponse => self.wait_for(&cx, call, tail).await,
            api::InvocationType::Event => enqueue(&cx, call).await,
            api::InvocationType::DryRun => {
                invoke::resolve(&cx, &call.target)?;
                Ok(status(204))
            }
            api::InvocationType::Other(other) => Err(refusals::constraint(
                "invocationType",
                &other,
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            )
            .into()),
        }
    }
}

impl Lambda {
    async fn wait_for(&self, cx: &ServeCx, call: Call, tail: bool) -> Result<api::InvocationResponse> {
        let answer = invoke::run(&self.shared, cx, call).await?;
        Ok(api::InvocationResponse {
            function_error: answer.report.function_error.map(str::to_owned),
            log_result: tail.then(|| STANDARD.encode(&answer.report.log_tail)),
            payload: Some(answer.report.payload),
            executed_version: Some(answer.version.to_string()),
            ..status(200)
        })
    }
}

/// Accepts the event once it is durable.
async fn enqueue(cx: &ServeCx, call: Call) -> Result<api::InvocationResponse> {
    invoke::resolve(cx, &call.target)?;
    let event = AsyncEvent {
        function: call.target.name.clone(),
        qualifier: call.target.qualifier.clone(),
        // The payload was read as JSON before, which is UTF-8.
        payload: String::from_utf8_lossy(&call.payload).into_owned(),
        client_context: call.client_context,
        request_id: call.request_id,
        accepted: cx.now(),
        failures: 0,
        throttles: 0,
    };
    let inside = cx.enter(call.target.scope, (*cx.info().caller).clone());
    let received = event.fact(AsyncStep::Received);
    inside.transact(move |cx| Ok(queue::accept(cx, &event)?)).await?;
    inside.emit(received);
    Ok(status(202))
}

fn status(code: i32) -> api::InvocationResponse {
    api::InvocationResponse { status_code: Some(code), ..api::InvocationResponse::default() }
}

/// The event, if it is JSON and not too large; none at all is an empty object.
fn payload(given: Option<Bytes>, queued: bool) -> Result<Bytes> {
    let payload = given.filter(|payload| !payload.is_empty()).unwrap_or(Bytes::from_static(b"{}"));
    let bytes_max = if queued { ASYNCHRONOUS_BYTES_MAX } else { SYNCHRONOUS_BYTES_MAX };
    if payload.len() > bytes_max {
        return Err(refusals::request_too_large(bytes_max as u64).into());
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        return Err(refusals::invalid_content(format!(
            "Could not parse request body into json: Could not parse payload into json: {error}"
        ))
        .into());
    }
    Ok(payload)
}

/// The client context as the function sees it.
fn client_context(header: &str) -> Result<String> {
    let decoded = STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let object = decoded.filter(|text| serde_json::from_str::<serde_json::Map<_, _>>(text).is_ok());
    Ok(object.ok_or_else(|| {
        refusals::invalid_content("Client context must be a valid Base64-encoded JSON object.")
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_json_within_bounds() {
        assert_eq!(payload(None, false).unwrap(), "{}");
        assert_eq!(payload(Some(Bytes::from_static(b"[1]")), true).unwrap(), "[1]");
        let text = |length: usize| Some(Bytes::from(format!("\"{}\"", "x".repeat(length - 2))));
        assert!(payload(text(ASYNCHRONOUS_BYTES_MAX), true).is_ok());
        let rows = [
            (text(ASYNCHRONOUS_BYTES_MAX + 1), true, "RequestEntityTooLargeException"),
            (text(SYNCHRONOUS_BYTES_MAX + 1), false, "RequestEntityTooLargeException"),
            (Some(Bytes::from_static(b"{")), false, "InvalidRequestContentException"),
            (Some(Bytes::from_static(b"\xff")), false, "InvalidRequestContentException"),
        ];
        for (given, queued, code) in rows {
            assert_eq!(payload(given, queued).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_client_context_is_an_object_in_base64() {
        assert_eq!(client_context(&STANDARD.encode("{\"a\":1}")).unwrap(), "{\"a\":1}");
        assert!(client_context("***").is_err() && client_context(&STANDARD.encode("[1]")).is_err());
    }
}
