//! The seam: what a service may ask of the world, and the one pipeline every call passes.
//!
//! A service implements [`Query`], [`Handle`] or [`Serve`] for each listed operation and registers
//! itself with [`register_service!`]; the world (store, runner, gateway, clock) implements the
//! traits of [`world`]. Neither knows the other. No service, socket or disk lives here.

mod access;
mod clock;
mod cx;
mod door;
mod engine;
mod error;
mod fact;
mod handle;
mod host;
mod job;
mod key;
mod registry;
mod store;
mod table;

pub use updraft_api::{ByteStream, StreamError};

pub use access::{
    Access, As, AuthorizationRequest, Authorizer, Caller, Credentials, Decision, Identified, Principal,
    Sessions, Target,
};
pub use clock::{Clock, Ids};
pub use cx::{CallInfo, Cx, ServeCx, View};
pub use door::{Origin, Peer};
pub use engine::{AtStart, AuthMode, DataPlane, Engine, EngineParts, Limits, RootKey};
pub use error::{Error, Fault, Result};
pub use fact::{AsyncStep, ExecutionStep, Fact, FactKind, FactView, InvocationFact, InvocationOutcome};
pub use handle::{Handle, Query, Serve, Service};
pub use host::{
    Capability, ConnectionSink, FunctionHost, FunctionSpec, HostError, Invocation, InvocationReport, LogSink,
    Outcome,
};
pub use job::{Job, JobEnd, RunJob};
pub use key::{Key, KeyError};
pub use registry::Registry;
pub use store::{
    BlobId, BlobReceipt, Blobs, Completion, Direction, InUse, Outcome as TxOutcome, Read, Scan, Store, Tx,
    Work,
};
pub use table::{Page, Record, RecordError, Table, json_record_decode, json_record_encode};
