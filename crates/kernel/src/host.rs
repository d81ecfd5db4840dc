//! The host seam: who runs functions' code, and what they report of each call.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use updraft_types::{AccountId, Arn, Region, Timestamp};

use crate::Credentials;

/// Everything an execution environment is made of. Environments are shared by calls whose specs
/// have the same `instance_key`, and by no others.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSpec {
    /// What tells this code with this configuration from any other: it changes with either.
    pub instance_key: String,
    /// The function's ARN without a qualifier.
    pub function: Arn,
    /// The function's name.
    pub name: String,
    /// The version that runs: `$LATEST` or a number.
    pub version: String,
    /// The account the function belongs to.
    pub account: AccountId,
    /// The region the function belongs to.
    pub region: Region,
    /// The runtime's identifier: `nodejs20.x`, `python3.11`, `provided.al2023`.
    pub runtime: String,
    /// The handler as the configuration names it: `index.handler`.
    pub handler: String,
    /// A directory with the unpacked code, read-only from now on: `/var/task`.
    pub code: PathBuf,
    /// Directories with the unpacked layers, in order: `/opt`.
    pub layers: Vec<PathBuf>,
    /// The configured environment variables.
    pub environment: BTreeMap<String, String>,
    /// Memory in mebibytes; the CPU share follows from it.
    pub memory_mib: u32,
    /// The longest a call may take.
    pub timeout: Duration,
    /// The size of `/tmp` in mebibytes.
    pub ephemeral_mib: u32,
    /// The log group the function writes to.
    pub log_group: String,
}

/// One call of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The request id that the function sees and the log lines name.
    pub request_id: String,
    /// The event, JSON.
    pub payload: Bytes,
    /// The ARN as it was called, qualifier included.
    pub invoked_arn: Arn,
    /// The client context, decoded from base64, where the caller sent one.
    pub client_context: Option<String>,
    /// The trace header for the function.
    pub trace_id: Option<String>,
    /// Credentials of the function's role, put into a fresh environment. They outlive the call's
    /// time-out; the host retires environments before theirs expire.
    pub credentials: Credentials,
    /// Whether the environment ends if the call fails. While two versions are compared, one that has
    /// gone bad must not fail call after call: failures are evidence only if each comes by itself.
    pub end_after_failure: bool,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Answered,
    /// The function reported an error; the payload is its error document.
    Failed,
    /// The function was stopped at its time-out.
    TimedOut,
    /// The process ended, or init failed; the payload is Lambda's error document for that.
    Crashed,
}

/// What one call did.
#[derive(Debug, Clone)]
pub struct InvocationReport {
    /// How it ended.
    pub outcome: Outcome,
    /// The answer or the error document.
    pub payload: Bytes,
    /// `Handled` or `Unhandled` where the call failed, as the `X-Amz-Function-Error` header has it.
    pub function_error: Option<&'static str>,
    /// When the call began in its environment.
    pub started: Timestamp,
    /// The init phase, where this call had one.
    pub init: Option<Duration>,
    /// The time in the function.
    pub duration: Duration,
    /// The duration billed: rounded up to a millisecond.
    pub billed: Duration,
    /// The highest memory use of the environment so far, in mebibytes.
    pub memory_max_mib: u32,
    /// The environment's name: its log stream.
    pub environment: String,
    /// The last 4 KiB of the call's log, for `LogType: Tail`.
    pub log_tail: Bytes,
}

/// Why a call could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Every environment the host may run is busy.
    #[error("no execution environment is free")]
    Exhausted,
    /// The machine lacks the runtime.
    #[error("the runtime {runtime} is not on this machine: {hint}")]
    NoRuntime {
        /// The runtime asked for.
        runtime: String,
        /// What to install.
        hint: String,
    },
    /// The host failed.
    #[error(transparent)]
    Fault(#[from] crate::Fault),
}

/// Receives what functions print and what the host says of them. Must not block.
pub trait LogSink: Send + Sync + 'static {
    /// One line, without its line feed, of the environment named by its log stream.
    fn line(&self, spec: &Arc<FunctionSpec>, stream: &str, at: Timestamp, line: &[u8]);
}

/// Receives the connections that functions open to the door inside their sandboxes.
pub trait ConnectionSink: Send + Sync + 'static {
    /// Serves HTTP on the connection until it ends.
    fn accept(&self, connection: std::net::TcpStream, function: Arn);
}

/// One part of the isolation, and whether it holds on this machine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Capability {
    /// The part: `network namespace`, `memory limit`.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// By which means it holds, or what is missing and what that costs.
    pub detail: String,
}

/// Runs functions.
pub trait FunctionHost: Send + Sync + 'static {
    /// Runs one call, in a free environment of the spec's instance key or a fresh one.
    fn invoke(
        &self,
        spec: Arc<FunctionSpec>,
        invocation: Invocation,
    ) -> BoxFuture<'_, Result<InvocationReport, HostError>>;

    /// Ends the idle environments of an instance key; busy ones end with their call.
    fn retire(&self, instance_key: &str);

    /// How many environments exist for an instance key, busy or idle.
    fn environments(&self, instance_key: &str) -> usize;

    /// What of the isolation holds on this machine.
    fn capabilities(&self) -> Vec<Capability>;

    /// Ends every environment; resolves when none is left.
    fn shut_down(&self) -> BoxFuture<'_, ()>;
}
