//! The event log: what happened, written once, from which every view derives.

use std::time::Duration;

use updraft_types::{Arn, Scope, Timestamp};

use crate::store::{Direction, Read, Tx};
use crate::{Caller, Fault, Table, json_record};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// In which account and region.
    pub scope: Scope,
    /// What.
    pub kind: FactKind,
}

json_record!(Fact, 1);

/// The kinds of facts.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum FactKind {
    /// A call passed the door, or was refused by it.
    ApiCall {
        /// Who called.
        caller: Caller,
        /// The service's name.
        service: String,
        /// The operation's name.
        operation: String,
        /// The request's id.
        request_id: String,
        /// Each access that was decided: action, resource, allowed, decided by.
        decisions: Vec<(String, String, bool, String)>,
        /// The error's code, where the call failed.
        error: Option<String>,
        /// How long it took, in microseconds.
        micros: u64,
    },
    /// A function was invoked.
    Invocation(InvocationFact),
    /// An event in a function's asynchronous queue came a step further.
    AsyncEvent {
        /// The function's name.
        function: String,
        /// The qualifier it was called by: an alias, a version, or none.
        qualifier: Option<String>,
        /// The step.
        step: AsyncStep,
    },
    /// An execution of a state machine came a step further.
    Execution {
        /// The state machine's ARN.
        machine: Arn,
        /// The step.
        step: ExecutionStep,
    },
    /// An alias was pointed elsewhere.
    TrafficShift {
        /// The function's name.
        function: String,
        /// The alias.
        alias: String,
        /// The version that takes what the weights leave.
        version: String,
        /// The other versions' weights.
        weights: Vec<(String, f64)>,
    },
    /// An HTTP API answered a request.
    HttpRequest {
        /// The API's id.
        api: String,
        /// The stage.
        stage: String,
        /// The route's key.
        route: String,
        /// The answer's status.
        status: u16,
        /// The time until the answer, in microseconds.
        micros: u64,
        /// The time the integration took, in microseconds.
        integration_micros: u64,
    },
}

/// What one invocation did.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct InvocationFact {
    /// The function's ARN, without a qualifier.
    pub function: Arn,
    /// The function's name.
    pub name: String,
    /// The qualifier it was called by: an alias, a version, or none.
    pub qualifier: Option<String>,
    /// The version that ran.
    pub version: String,
    /// The request's id.
    pub request_id: String,
    /// How it ended.
    pub outcome: InvocationOutcome,
    /// Whether it was an event taken from the asynchronous queue.
    pub asynchronous: bool,
    /// The environment it ran in, where it ran.
    pub environment: Option<String>,
    /// The init phase, where it was a cold start.
    pub init: Option<Duration>,
    /// The time in the function.
    pub duration: Duration,
    /// The duration billed.
    pub billed: Duration,
    /// The configured memory, in mebibytes.
    pub memory_mib: u32,
    /// The highest memory use, in mebibytes.
    pub memory_max_mib: u32,
    /// How many calls of the function were under way when it began, itself included.
    pub concurrency: u32,
}

/// What became of an event in an asynchronous queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsyncStep {
    /// It was accepted.
    Received,
    /// The function was called with it, so long after it was accepted.
    Tried(Duration),
    /// It was given up: too old, out of retries, or nobody is there to take it.
    Dropped,
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStep {
    /// It began.
    Started,
    /// It reached its end after so long.
    Succeeded(Duration),
    /// It failed after so long.
    Failed(Duration),
    /// It was stopped after so long.
    Aborted(Duration),
    /// Its time was up after so long.
    TimedOut(Duration),
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationOutcome {
    /// The function answered.
    Succeeded,
    /// The function or its runtime failed; time-outs are errors too.
    Failed,
    /// The function did not run: its concurrency was used up.
    Throttled,
}

/// A view: what it derives from facts is updated in the transaction that writes them.
pub trait FactView: Send + Sync + 'static {
    /// Takes the facts in, in order, each exactly once.
    fn apply(&self, tx: &mut dyn Tx, facts: &[Fact]) -> Result<(), Fault>;
}

/// The log itself: sequence number to fact.
const FACTS: Table<u64, Fact> = Table::new("kernel.fact");

/// The sequence number of the next fact.
const NEXT: Table<(), u64> = Table::new("kernel.fact_next");

/// How many facts are kept; older ones go as newer ones come. The views keep what they need.
const FACTS_KEPT_MAX: u64 = 1_000_000;

/// Appends facts, and brings the views up to date, all in `tx`.
pub(crate) fn append(
    tx: &mut dyn Tx,
    views: &[std::sync::Arc<dyn FactView>],
    facts: &[Fact],
) -> Result<(), Fault> {
    if facts.is_empty() {
        return Ok(());
    }
    let next = NEXT.get(tx, &())?.unwrap_or(0);
    for (number, fact) in (next..).zip(facts) {
        FACTS.put(tx, &number, fact)?;
        if let Some(old) = number.checked_sub(FACTS_KEPT_MAX) {
            FACTS.delete(tx, &old);
        }
    }
    NEXT.put(tx, &(), &(next + facts.len() as u64))?;
    views.iter().try_for_each(|view| view.apply(tx, facts))
}

/// The newest facts, newest first, until `visit` breaks.
pub(crate) fn newest(
    read: &dyn Read,
    mut visit: impl FnMut(Fact) -> std::ops::ControlFlow<()>,
) -> Result<(), Fault> {
    let all = FACTS.range(&(), None, Direction::Reverse);
    FACTS.visit(read, &all, |_, fact| visit(fact))
}
