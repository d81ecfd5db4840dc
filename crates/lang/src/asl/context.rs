//! What a step is given: the time, chance, and who the execution is; and what it gives back.

use serde_json::{Map, Value, json};

use super::history::HistoryEvent;
use super::run::Action;
use crate::Entropy;

/// Who an execution is: what its context object and its events say of it.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// `$$.Execution`.
    pub execution: Value,
    /// `$$.StateMachine`.
    pub machine: Value,
    /// What `ExecutionStarted` says beside the input: the role, the version, the alias.
    pub started: Map<String, Value>,
    /// The region in `TaskScheduled`.
    pub region: String,
    /// What the ARNs of its map runs begin with: `…:mapRun:machine/`.
    pub map_runs: String,
    /// What its task tokens begin with, before they are encoded.
    pub reference: String,
    /// The whole context object, where somebody gives it (`TestState`).
    pub context: Option<Value>,
}

/// What happens to the data of one state, stage by stage (`TestState`'s inspection data).
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The stages by name, in the API's spelling.
    pub stages: Map<String, Value>,
}

/// One step of an execution.
pub struct Step<'a> {
    /// The time, in milliseconds.
    pub now: i64,
    /// Chance.
    pub entropy: &'a mut dyn Entropy,
    /// Who the execution is.
    pub identity: &'a Identity,
    /// Where the stages of the data are noted, if anywhere.
    pub inspection: Option<&'a mut Inspection>,
    /// The events that came about, in order.
    pub events: Vec<HistoryEvent>,
    /// What is to be done.
    pub actions: Vec<Action>,
}

impl<'a> Step<'a> {
    /// A step at a time.
    pub fn new(now: i64, entropy: &'a mut dyn Entropy, identity: &'a Identity) -> Self {
        Self { now, entropy, identity, inspection: None, events: Vec::new(), actions: Vec::new() }
    }

    pub(super) fn note(&mut self, stage: &str, value: impl FnOnce() -> Value) {
        if let Some(inspection) = &mut self.inspection {
            inspection.stages.insert(stage.to_owned(), value());
        }
    }
}

/// The details of data in an event: the text, and that it is whole.
pub(super) fn data(name: &str, value: &Value, details: &mut Map<String, Value>) {
    details.insert(name.to_owned(), Value::String(value.to_string()));
    details.insert(format!("{name}Details"), json!({ "truncated": false }));
}
