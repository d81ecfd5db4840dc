//! Who an execution is, in the words of its context object and its events.

use serde_json::{Map, Value, json};
use updraft_kernel::Ids;
use updraft_lang::Entropy;
use updraft_lang::asl::{Identity, iso_millis};
use updraft_types::states::{MapRunAt, QualifiedAt, StateMachineAt};
use updraft_types::{Arn, Resource as _, Scope};

use super::model::{Execution, Revision};

/// The engine's chance, lent to the language.
pub(crate) struct Chance<'a> {
    pub ids: &'a dyn Ids,
    pub now: i64,
}

impl Entropy for Chance<'_> {
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.ids.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn now_millis(&self) -> i64 {
        self.now
    }
}

/// The identity of an execution; `machine` is the machine's plain name.
pub(crate) fn identity(
    scope: &Scope,
    machine: &str,
    arn: &Arn,
    name: &str,
    execution: &Execution,
    input: Value,
    revision: &Revision,
) -> Identity {
    let machine_arn = StateMachineAt(machine).arn(scope);
    let mut started = Map::new();
    started.insert("roleArn".to_owned(), Value::String(revision.role.clone()));
    if let Some(alias) = &execution.alias {
        let arn = QualifiedAt(machine, alias).arn(scope).to_string();
        started.insert("stateMachineAliasArn".to_owned(), Value::String(arn));
    }
    if let Some(version) = execution.version {
        let arn = QualifiedAt(machine, &version.to_string()).arn(scope).to_string();
        started.insert("stateMachineVersionArn".to_owned(), Value::String(arn));
    }
    // What stands before the label and the id in the ARN of each of its map runs.
    let map_runs = MapRunAt(machine, "").arn(scope).to_string();
    Identity {
        execution: json!({
            "Id": arn.as_str(),
            "Input": input,
            "Name": name,
            "RoleArn": revision.role,
            "StartTime": iso_millis(execution.started.millis()),
            "RedriveCount": execution.redrives,
        }),
        machine: json!({ "Id": machine_arn.as_str(), "Name": machine }),
        started,
        region: scope.region.to_string(),
        map_runs,
        reference: arn.to_string(),
        context: None,
    }
}
