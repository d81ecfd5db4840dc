//! The asynchronous queue: events that were accepted are jobs, run until the function has taken
//! them, the retries are used up, or they are too old.
//!
//! Source: "How Lambda handles errors and retries with asynchronous invocation", Lambda developer
//! guide (read 2026-11).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use updraft_kernel::{AsyncStep, Cx, Error, FactKind, Fault, Job, JobEnd, Result, RunJob, ServeCx};
use updraft_types::Timestamp;
use updraft_types::lambda::{FunctionName, Qualifier};

use super::Lambda;
use super::invoke::{self, Call};
use super::model::EventConfig;
use super::store::{EVENT_CONFIGS, Target};

/// Retries after the function's own errors, and the oldest an event may become, unless configured.
pub(crate) const RETRIES_DEFAULT: u32 = 2;
pub(crate) const AGE_SECS_DEFAULT: u32 = 21_600;

/// Pauses before the first and the second retry.
const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Pauses after throttling and system errors grow from the first to the last.
const THROTTLE_PAUSE_FIRST: Duration = Duration::from_secs(1);
const THROTTLE_PAUSE_LAST: Duration = Duration::from_secs(300);

/// An accepted event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AsyncEvent {
    /// The function's name.
    pub function: FunctionName,
    /// The qualifier it was called by.
    pub qualifier: Option<Qualifier>,
    /// The event, JSON.
    pub payload: String,
    /// The client context, decoded.
    pub client_context: Option<String>,
    /// The id of the request that was answered with 202; every attempt carries it.
    pub request_id: String,
    /// When the event was accepted.
    pub accepted: Timestamp,
    /// How often the function has failed on it.
    pub failures: u32,
    /// How often in a row there was no room for it.
    pub throttles: u32,
}

impl AsyncEvent {
    /// That the event came a step further.
    pub(crate) fn fact(&self, step: AsyncStep) -> FactKind {
        FactKind::AsyncEvent {
            function: self.function.to_string(),
            qualifier: self.qualifier.as_ref().map(ToString::to_string),
            step,
        }
    }
}

impl Job for AsyncEvent {
    const KIND: &'static str = "lambda.async_event";
}

/// Accepts an event; it is durable with the transaction.
pub(crate) fn accept(cx: &mut Cx<'_>, event: &AsyncEvent) -> std::result::Result<(), Fault> {
    let now = cx.now();
    cx.schedule(now, event)
}

impl RunJob<AsyncEvent> for Lambda {
    async fn run(&self, cx: ServeCx, event: AsyncEvent) -> Result<JobEnd<AsyncEvent>> {
        let target = Target {
            scope: cx.scope().clone(),
            name: event.function.clone(),
            qualifier: event.qualifier.clone(),
        };
        let limits = cx.view(|view| limits(view, &target))?;
        if cx.now() > event.accepted.plus(limits.age_max) {
            tracing::warn!(function = %target.arn(), request_id = event.request_id, "event dropped: too old");
            cx.emit(event.fact(AsyncStep::Dropped));
            return Ok(JobEnd::Done);
        }
        cx.emit(event.fact(AsyncStep::Tried(cx.now().since(event.accepted))));
        let call = Call {
            target,
            payload: event.payload.clone().into(),
            request_id: event.request_id.clone(),
            client_context: event.client_context.clone(),
            asynchronous: true,
        };
        let next = match invoke::run(&self.shared, &cx, call).await {
            Ok(answer) if answer.report.function_error.is_none() => None,
            Ok(_) => {
                let dropped = event.fact(AsyncStep::Dropped);
                let next = after_failure(event, &limits, cx.now());
                if next.is_none() {
                    cx.emit(dropped);
                }
                next
            }
            Err(Error::Refused(refusal)) if refusal.code == "ResourceNotFoundException" => {
                tracing::warn!(request_id = event.request_id, "event dropped: {}", refusal.message);
                cx.emit(event.fact(AsyncStep::Dropped));
                None
            }
            Err(error) => {
                tracing::debug!(%error, request_id = event.request_id, "an event waits");
                Some(after_throttle(event, cx.now()))
            }
        };
        self.written_down(&cx).await?;
        Ok(next.map_or(JobEnd::Done, |(at, event)| JobEnd::Again(at, event)))
    }
}

impl Lambda {
    /// Waits until what is known of an attempt, its lines and its facts, is as durable as the event is:
    /// once the job's record has changed, nothing would bring them back.
    async fn written_down(&self, cx: &ServeCx) -> Result<()> {
        self.shared.logs.flush().await;
        cx.settle_facts().await
    }
}

struct Limits {
    retries_max: u32,
    age_max: Duration,
}

fn limits(read: &dyn updraft_kernel::Read, target: &Target) -> Result<Limits> {
    let qualifier = target.qualifier.clone().unwrap_or(Qualifier::Latest);
    let config: Option<EventConfig> =
        EVENT_CONFIGS.get(read, &target.qualified_key(qualifier.to_string()))?;
    let (retries, age) = config.map_or((None, None), |c| (c.retries_max, c.age_secs_max));
    Ok(Limits {
        retries_max: retries.unwrap_or(RETRIES_DEFAULT),
        age_max: Duration::from_secs(age.unwrap_or(AGE_SECS_DEFAULT).into()),
    })
}

/// When the function failed: the next attempt, if there is one left.
fn after_failure(event: AsyncEvent, limits: &Limits, now: Timestamp) -> Option<(Timestamp, AsyncEvent)> {
    if event.failures >= limits.retries_max {
        tracing::warn!(function = %event.function, request_id = event.request_id, "event dropped: retries used up");
        return None;
    }
    let pause = RETRY_PAUSES[(event.failures as usize).min(RETRY_PAUSES.len() - 1)];
    Some((now.plus(pause), AsyncEvent { failures: event.failures + 1, throttles: 0, ..event }))
}

/// When there was no room for the function, or the system failed.
fn after_throttle(event: AsyncEvent, now: Timestamp) -> (Timestamp, AsyncEvent) {
    let pause = THROTTLE_PAUSE_FIRST.saturating_mul(1 << event.throttles.min(16)).min(THROTTLE_PAUSE_LAST);
    (now.plus(pause), AsyncEvent { throttles: event.throttles + 1, ..event })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(failures: u32, throttles: u32) -> AsyncEvent {
        AsyncEvent {
            function: "cart".parse().unwrap(),
            qualifier: None,
            payload: "{}".to_owned(),
            client_context: None,
            request_id: String::new(),
            accepted: Timestamp::EPOCH,
            failures,
            throttles,
        }
    }

    #[test]
    fn two_retries_after_one_minute_and_two() {
        let limits = Limits { retries_max: 2, age_max: Duration::from_secs(60) };
        let at = |failures| {
            after_failure(event(failures, 0), &limits, Timestamp::EPOCH)
                .map(|(at, e)| (at.secs(), e.failures))
        };
        assert_eq!((at(0), at(1), at(2)), (Some((60, 1)), Some((120, 2)), None));
    }

    #[test]
    fn throttled_events_wait_longer_each_time_up_to_five_minutes() {
        let pause = |throttles| after_throttle(event(0, throttles), Timestamp::EPOCH).0.secs();
        assert_eq!((pause(0), pause(1), pause(8), pause(60)), (1, 2, 256, 300));
    }
}
