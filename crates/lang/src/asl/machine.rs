//! A definition as it is carried out: everything read, nothing left to parse.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::choice::Rule;
use super::expression::Dynamic;
use super::resource::Resource;
use crate::jsonpath::{Path, Template};

/// A state machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its states.
    pub flow: Flow,
    /// How long an execution may take.
    pub timeout_seconds: Option<u64>,
}

/// States that follow one another: a machine's own, a branch's, an item's.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The first state.
    pub start_at: String,
    /// The states by name.
    pub states: HashMap<String, Arc<State>>,
}

/// The language of a state's expressions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// Paths and payload templates.
    #[default]
    JsonPath,
    /// JSONata.
    Jsonata,
}

/// What follows a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Another state.
    State(String),
    /// Nothing.
    End,
}

/// A path that may be left out or switched off.
#[derive(Debug, Clone)]
pub(crate) enum PathField {
    /// Not given, or `$`.
    Whole,
    /// `null`.
    Nothing,
    /// A path.
    Path(Path),
}

/// A number that may come from the data.
#[derive(Debug, Clone)]
pub(crate) enum Amount {
    Literal(f64),
    Path(Path),
    Dynamic(Dynamic),
}

/// A text that may come from the data.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    Literal(String),
    Path(Path),
    Call(Template),
    Dynamic(Dynamic),
}

/// A value that is put together from the data, in either language.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    Template(Template),
    Dynamic(Dynamic),
}

/// What a state assigns.
pub(crate) type Assign = Payload;

/// A state.
#[derive(Debug, Clone)]
pub struct State {
    /// Its name.
    pub name: String,
    /// The language of its expressions.
    pub language: Language,
    /// What it does.
    pub kind: StateKind,
    /// What follows; Choice, Succeed and Fail say it otherwise.
    pub next: Option<Next>,
    pub(crate) input_path: PathField,
    pub(crate) output_path: PathField,
    pub(crate) result_path: PathField,
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    pub(crate) arguments: Option<Dynamic>,
    pub(crate) output: Option<Dynamic>,
    pub(crate) assign: Option<Assign>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
}

/// What a state does.
#[derive(Debug, Clone)]
pub enum StateKind {
    /// Calls somebody.
    Task(Box<TaskState>),
    /// Passes its input on, or a result.
    Pass(Option<Value>),
    /// Goes one of several ways.
    Choice(Box<ChoiceState>),
    /// Waits.
    Wait(Box<WaitState>),
    /// Ends well.
    Succeed,
    /// Ends badly.
    Fail(Box<FailState>),
    /// Several flows at once.
    Parallel(Vec<Flow>),
    /// One flow for each item.
    Map(Box<MapState>),
}

impl StateKind {
    /// The type's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Pass(_) => "Pass",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail(_) => "Fail",
            Self::Parallel(_) => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}

/// A Task.
#[derive(Debug, Clone)]
pub struct TaskState {
    /// What it calls.
    pub resource: Resource,
    pub(crate) resource_text: String,
    pub(crate) timeout: Option<Amount>,
    pub(crate) heartbeat: Option<Amount>,
    pub(crate) credentials: Option<Payload>,
}

/// A Choice.
#[derive(Debug, Clone)]
pub struct ChoiceState {
    pub(crate) choices: Vec<Choice>,
    pub(crate) default: Option<String>,
}

/// One way of a Choice.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub rule: Rule,
    pub next: String,
    pub output: Option<Dynamic>,
    pub assign: Option<Assign>,
}

/// A Wait.
#[derive(Debug, Clone)]
pub struct WaitState {
    pub(crate) until: Until,
}

/// How long a Wait waits.
#[derive(Debug, Clone)]
pub(crate) enum Until {
    Seconds(Amount),
    Timestamp(Words),
}

/// A Fail.
#[derive(Debug, Clone)]
pub struct FailState {
    pub(crate) error: Option<Words>,
    pub(crate) cause: Option<Words>,
}

/// Where the items of a Map run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the execution itself.
    Inline,
    /// In child executions.
    Distributed {
        /// Whether they are Express ones.
        express: bool,
    },
}

/// A Map.
#[derive(Debug, Clone)]
pub struct MapState {
    /// What is done with each item.
    pub processor: Arc<Flow>,
    /// Where.
    pub mode: Mode,
    /// The name in the ARNs of its runs.
    pub label: Option<String>,
    pub(crate) items: Items,
    pub(crate) item_selector: Option<Payload>,
    pub(crate) max_concurrency: Option<Amount>,
    pub(crate) tolerated_count: Option<Amount>,
    pub(crate) tolerated_percentage: Option<Amount>,
    pub(crate) reader: Option<ItemReader>,
    pub(crate) batcher: Option<ItemBatcher>,
    pub(crate) writer: Option<ResultWriter>,
}

/// Where the items of a Map come from.
#[derive(Debug, Clone)]
pub(crate) enum Items {
    Input,
    Path(Path),
    Dynamic(Dynamic),
}

/// Reads the items of a distributed Map from somewhere.
#[derive(Debug, Clone)]
pub struct ItemReader {
    pub(crate) resource: String,
    pub(crate) arguments: Option<Payload>,
    /// `ReaderConfig` as written.
    pub config: Value,
    pub(crate) max_items: Option<Amount>,
}

/// Puts the items of a distributed Map together into batches.
#[derive(Debug, Clone)]
pub struct ItemBatcher {
    pub(crate) batch_input: Option<Payload>,
    pub(crate) max_items: Option<Amount>,
    pub(crate) max_bytes: Option<Amount>,
}

/// Writes the results of a distributed Map somewhere.
#[derive(Debug, Clone)]
pub struct ResultWriter {
    pub(crate) resource: Option<String>,
    pub(crate) arguments: Option<Payload>,
    /// `WriterConfig` as written.
    pub config: Value,
}

/// When a failed state is tried again.
#[derive(Debug, Clone)]
pub(crate) struct Retrier {
    pub errors: Vec<String>,
    pub interval_seconds: u64,
    pub max_attempts: u64,
    pub backoff_rate: f64,
    pub max_delay_seconds: Option<u64>,
    pub full_jitter: bool,
}

/// Where a failed state goes on.
#[derive(Debug, Clone)]
pub(crate) struct Catcher {
    pub errors: Vec<String>,
    pub next: String,
    pub result_path: PathField,
    pub output: Option<Dynamic>,
    pub assign: Option<Assign>,
}

impl MapState {
    /// Whether its results are written elsewhere.
    #[must_use]
    pub fn has_writer(&self) -> bool {
        self.writer.is_some()
    }

    /// How many items may fail, where the definition gives a number.
    #[must_use]
    pub fn tolerated_failures(&self) -> Option<u64> {
        match self.tolerated_count {
            Some(Amount::Literal(count)) => Some(count as u64),
            _ => None,
        }
    }
}

impl Flow {
    /// A state by name.
    #[must_use]
    pub fn state(&self, name: &str) -> Option<&Arc<State>> {
        self.states.get(name)
    }

    /// The flow inside one of this flow's states.
    #[must_use]
    pub fn inner(&self, state: &str, branch: usize) -> Option<&Self> {
        match &self.state(state)?.kind {
            StateKind::Parallel(branches) => branches.get(branch),
            StateKind::Map(map) => Some(&map.processor),
            _ => None,
        }
    }

    /// A state by name, in this flow or one inside it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<State>> {
        if let Some(state) = self.state(name) {
            return Some(state);
        }
        self.states.values().find_map(|state| match &state.kind {
            StateKind::Parallel(branches) => branches.iter().find_map(|branch| branch.find(name)),
            StateKind::Map(map) => map.processor.find(name),
            _ => None,
        })
    }
}
