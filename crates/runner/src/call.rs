//! One call of a function, from its environment's first breath to the line `REPORT`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use updraft_kernel::{Fault, Invocation, InvocationReport, Outcome};
use updraft_types::Timestamp;

use crate::config::{INIT_MAX, RESPONSE_MAX};
use crate::environment::{Environment, Happening, InitFailure};
use crate::instances::Instances;
use crate::lines::{self, Report, Status};
use crate::rapi::Next;
use crate::sandbox::Exit;

/// The error header of every failed call. `Handled` was that of runtimes long gone.
const UNHANDLED: &str = "Unhandled";

/// The right to one environment; given back when every process of it has ended.
#[derive(Debug)]
pub(crate) struct Ticket {
    instances: Arc<Instances>,
    key: String,
}

impl Ticket {
    pub(crate) fn new(instances: Arc<Instances>, key: String) -> Self {
        Self { instances, key }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.instances.give_back(&self.key);
    }
}

/// How a call ended, before it is written down.
struct Ending {
    outcome: Outcome,
    payload: Bytes,
    status: Status,
}

/// Runs a call in an environment.
pub(crate) async fn run(
    environment: &mut Environment,
    invocation: &Invocation,
) -> Result<InvocationReport, Fault> {
    let mut init = None;
    let phase = Instant::now();
    if !environment.is_alive() && !environment.tried {
        match environment.initialise(INIT_MAX).await? {
            Ok(duration) => init = Some(duration),
            Err(failure) => {
                let line = lines::init_report(phase.elapsed(), "init", &init_status(&failure));
                environment.log.platform(&line);
            }
        }
    }
    let started = environment.now();
    let begun = Instant::now();
    let until = started.plus(environment.spec.timeout);
    // What failed outside a call is tried again within it, under its time-out.
    // docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
    let failure = if environment.is_alive() {
        None
    } else {
        let failure = environment.initialise(environment.spec.timeout).await?.err();
        if let Some(failure) = &failure {
            let line = lines::init_report(begun.elapsed(), "invoke", &init_status(failure));
            environment.log.platform(&line);
        }
        failure
    };
    environment.log.platform(&lines::start(&invocation.request_id, &environment.spec.version));
    let ending = match failure {
        Some(failure) => init_ending(environment, invocation, failure),
        None => converse(environment, invocation, until).await,
    };
    Ok(write_down(environment, invocation, Times { started, begun, init }, ending))
}

/// When a call began, and how long the init phase before it took.
struct Times {
    started: Timestamp,
    begun: Instant,
    init: Option<Duration>,
}

/// Hands the event over and waits for what becomes of it.
async fn converse(environment: &mut Environment, invocation: &Invocation, until: Timestamp) -> Ending {
    let mut delivered = false;
    loop {
        if environment.is_parked() && !delivered {
            environment.deliver(&Next {
                request_id: &invocation.request_id,
                deadline_ms: until.millis(),
                invoked_arn: invocation.invoked_arn.as_str(),
                trace_id: invocation.trace_id.as_deref(),
                client_context: invocation.client_context.as_deref(),
                event: &invocation.payload,
            });
            delivered = true;
        }
        let happening = environment.happening(until).await;
        environment.log.drain();
        return match happening {
            // After its last answer a runtime may take its time to ask for the next event; and one
            // that asks twice has given up the first.
            Some(Happening::Ready) => continue,
            Some(Happening::Answered(payload)) => {
                Ending { outcome: Outcome::Answered, payload, status: Status::Success }
            }
            Some(Happening::Failed(payload)) => {
                Ending { outcome: Outcome::Failed, payload, status: Status::Success }
            }
            Some(Happening::TooLarge) => Ending {
                outcome: Outcome::Failed,
                payload: lines::too_large_document(RESPONSE_MAX),
                status: Status::Success,
            },
            Some(Happening::InitFailed { document, .. }) => {
                Ending { outcome: Outcome::Failed, payload: document, status: Status::Success }
            }
            Some(Happening::Exited(exit)) => crash(environment, invocation, &exit),
            None => time_out(environment, invocation),
        };
    }
}

fn crash(environment: &mut Environment, invocation: &Invocation, exit: &Exit) -> Ending {
    // The kernel's killing for want of memory has a name of its own since 2024.
    let kind = if environment.ran_out_of_memory() { "Runtime.OutOfMemory" } else { exit.kind() };
    environment.reset();
    let cause = exit.cause();
    environment.log.platform(&lines::exited(&invocation.request_id, &cause, kind));
    Ending {
        outcome: Outcome::Crashed,
        payload: lines::document(kind, &invocation.request_id, &cause),
        status: Status::Error(kind.to_owned()),
    }
}

fn time_out(environment: &mut Environment, invocation: &Invocation) -> Ending {
    let timeout = environment.spec.timeout;
    environment.reset();
    let line = lines::timed_out(environment.now(), &invocation.request_id, timeout);
    environment.log.platform(&line);
    Ending {
        outcome: Outcome::TimedOut,
        payload: lines::timed_out_document(&invocation.request_id, timeout),
        status: Status::Timeout,
    }
}

fn init_ending(environment: &mut Environment, invocation: &Invocation, failure: InitFailure) -> Ending {
    match failure {
        InitFailure::TimedOut => time_out(environment, invocation),
        InitFailure::Exited(exit) => crash(environment, invocation, &exit),
        InitFailure::Reported { kind, document } => {
            Ending { outcome: Outcome::Crashed, payload: document, status: Status::Error(kind) }
        }
    }
}

fn init_status(failure: &InitFailure) -> Status {
    match failure {
        InitFailure::TimedOut => Status::Timeout,
        InitFailure::Reported { kind, .. } => Status::Error(kind.clone()),
        InitFailure::Exited(exit) => Status::Error(exit.kind().to_owned()),
    }
}

/// Writes the last lines and the report.
fn write_down(
    environment: &mut Environment,
    invocation: &Invocation,
    times: Times,
    ending: Ending,
) -> InvocationReport {
    let elapsed = times.begun.elapsed();
    let duration = match ending.outcome {
        Outcome::TimedOut => environment.spec.timeout,
        _ => elapsed,
    };
    // Since 2025-08-01 the init phase is billed like the call. aws.amazon.com/blogs/compute/
    // aws-lambda-standardizes-billing-for-init-phase, read 2026-11-23.
    let billed = lines::billed(duration + times.init.unwrap_or_default());
    let memory_max_mib = match ending.status {
        Status::Error(ref kind) if kind == "Runtime.OutOfMemory" => environment.spec.memory_mib,
        _ => environment.memory_max_mib(),
    };
    let report = Report {
        request_id: &invocation.request_id,
        duration,
        billed,
        memory_mib: environment.spec.memory_mib,
        memory_max_mib,
        init: times.init,
        status: ending.status,
    };
    environment.log.platform(&lines::end(&invocation.request_id));
    environment.log.platform(&report.line());
    InvocationReport {
        function_error: (ending.outcome != Outcome::Answered).then_some(UNHANDLED),
        outcome: ending.outcome,
        payload: ending.payload,
        started: times.started,
        init: times.init,
        duration,
        billed,
        memory_max_mib,
        environment: environment.log.stream().to_owned(),
        log_tail: environment.log.take_tail(),
    }
}
