//! The records of Step Functions and their tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Caller, Table, json_record};
use updraft_lang::asl::{HistoryEvent, Run};
use updraft_types::{Scope, Timestamp};

/// Standard or Express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MachineType {
    Standard,
    Express,
}

impl MachineType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// What the executions of a machine tell the log of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Logging {
    pub level: String,
    pub include_execution_data: bool,
    /// ARNs of log groups, where a list was given.
    pub groups: Option<Vec<String>>,
}

impl Default for Logging {
    fn default() -> Self {
        Self { level: "OFF".to_owned(), include_execution_data: false, groups: None }
    }
}

/// What an execution goes by: a machine's state at one revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub definition: String,
    pub role: String,
    pub logging: Logging,
    pub tracing: bool,
    pub updated: Timestamp,
    /// Who wrote it.
    pub author: Caller,
}

/// A state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub kind: MachineType,
    pub created: Timestamp,
    /// The revision in force.
    pub revision: String,
    /// The revision of the beginning: AWS shows no id for it.
    pub first_revision: String,
    /// Key, reuse period, type of encryption, as given.
    pub encryption: Option<(Option<String>, Option<i32>, String)>,
    /// The number the next version gets.
    pub next_version: u64,
    pub tags: BTreeMap<String, String>,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub revision: String,
    pub description: Option<String>,
    pub created: Timestamp,
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub description: Option<String>,
    /// Versions and their weights, which add up to 100.
    pub routing: Vec<(u64, u32)>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// An activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Activity {
    pub created: Timestamp,
    pub encryption: Option<(Option<String>, Option<i32>, String)>,
    pub tags: BTreeMap<String, String>,
}

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Execution {
    pub status: Status,
    pub started: Timestamp,
    pub stopped: Option<Timestamp>,
    pub input: String,
    pub output: Option<String>,
    pub error: Option<String>,
    pub cause: Option<String>,
    /// The revision it goes by.
    pub revision: String,
    pub version: Option<u64>,
    pub alias: Option<String>,
    pub trace_header: Option<String>,
    pub redrives: u64,
    pub redriven: Option<Timestamp>,
    /// For a child of a map run: the run's label and id, and the way to the Map.
    pub child_of: Option<ChildOf>,
}

/// What a child execution of a map run belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChildOf {
    pub label: String,
    pub run: String,
    pub address: Vec<(String, usize)>,
    pub state: String,
    /// Its place among the items.
    pub index: u64,
}

/// A map run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapRun {
    /// The execution's name.
    pub execution: String,
    pub status: Status,
    pub started: Timestamp,
    pub stopped: Option<Timestamp>,
    pub max_concurrency: u64,
    pub tolerated_count: u64,
    pub tolerated_percentage: f64,
    pub total: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub running: u64,
    pub results_written: u64,
    pub redrives: u64,
}

/// A piece of history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chapter(pub Vec<HistoryEvent>);

/// An execution between two steps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Snapshot(pub Run);

json_record!(Revision, 1);
json_record!(Machine, 1);
json_record!(Version, 1);
json_record!(Alias, 1);
json_record!(Activity, 1);
json_record!(Execution, 1);
json_record!(MapRun, 1);
json_record!(Chapter, 1);
json_record!(Snapshot, 1);

/// A machine: account, region and name.
pub(crate) type MachineKey = (Scope, String);

/// An execution: the machine's name (with a label behind a slash for a child) and its own.
pub(crate) type ExecutionKey = (Scope, String, String);

pub(crate) const MACHINES: Table<MachineKey, Machine> = Table::new("states.machine");
pub(crate) const REVISIONS: Table<(Scope, String, String), Revision> = Table::new("states.revision");
pub(crate) const VERSIONS: Table<(Scope, String, u64), Version> = Table::new("states.version");
pub(crate) const ALIASES: Table<(Scope, String, String), Alias> = Table::new("states.alias");
pub(crate) const ACTIVITIES: Table<(Scope, String), Activity> = Table::new("states.activity");
pub(crate) const EXECUTIONS: Table<ExecutionKey, Execution> = Table::new("states.execution");

/// Executions of a machine by their start.
pub(crate) const BY_START: Table<(Scope, String, Timestamp, String), ()> =
    Table::new("states.execution_start");

/// History by execution and first event.
pub(crate) const HISTORY: Table<(Scope, String, String, u64), Chapter> = Table::new("states.history");

/// The executions under way.
pub(crate) const RUNS: Table<ExecutionKey, Snapshot> = Table::new("states.run");

/// The executions that failed, as they fell: what a redrive goes on with.
pub(crate) const FALLEN: Table<ExecutionKey, Snapshot> = Table::new("states.fallen");

/// Map runs by machine, label and id.
pub(crate) const MAP_RUNS: Table<(Scope, String, String, String), MapRun> = Table::new("states.map_run");
