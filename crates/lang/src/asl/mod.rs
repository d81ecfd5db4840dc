//! The Amazon States Language: definitions are read and checked, executions are carried out.
//!
//! [`Machine::read`] turns the text of a definition into a machine, or says with AWS's words what is
//! wrong with it and where. A [`Run`] is one execution: a pure state machine that takes an
//! [`Input`], writes history and asks for [`Action`]s. It has no clock, no chance and no I/O: time
//! and entropy come in with each step, and what it asks for is done by the service that holds it.
//!
//! Sources: the Amazon States Language specification (`states-language.net/spec.html`), the Step
//! Functions developer guide, and recorded answers of AWS (read 2026-11).

mod choice;
mod context;
mod data;
mod expression;
mod failure;
mod graph;
mod history;
mod json;
mod machine;
mod read;
mod resource;
mod retry;
mod run;
mod task;
#[cfg(test)]
mod tests;
mod timestamps;

pub use context::{Identity, Inspection, Step};
pub use failure::Failure;
pub use history::HistoryEvent;
pub use json::{JsonError, read_json};
pub use machine::{
    Flow, ItemBatcher, ItemReader, Language, Machine, MapState, Mode, Next, ResultWriter, State, StateKind,
};
pub use read::{Code, DEFINITION_BYTES_MAX, Diagnostic, Severity};
pub use resource::{Pattern, Resource, Service, is_listed_integration};
pub use run::{Action, DATA_BYTES_MAX, EVENTS_MAX, Ending, Input, MapWork, Run, TaskKind, TaskStart};
pub use timestamps::{iso_millis, parse_rfc3339};
