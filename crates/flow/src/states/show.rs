//! Records in the API's shapes.

use serde_json::{Map, Value, json};
use updraft_api::states as api;
use updraft_types::states::{ExecutionAt, MapRunAt, QualifiedAt, StateMachineAt};
use updraft_types::{Resource as _, Scope};

use super::model::{Execution, ExecutionKey, Logging, Machine, MapRun, Revision, Status};

/// A logging configuration; AWS shows `OFF` where none was given.
pub(super) fn logging(logging: &Logging) -> api::LoggingConfiguration {
    let destination = |group: &String| api::LogDestination {
        cloud_watch_logs_log_group: Some(api::CloudWatchLogsLogGroup { log_group_arn: Some(group.clone()) }),
    };
    api::LoggingConfiguration {
        level: Some(logging.level.as_str().into()),
        include_execution_data: Some(logging.include_execution_data),
        destinations: logging.groups.as_ref().map(|groups| groups.iter().map(destination).collect()),
    }
}

/// A state machine, as `DescribeStateMachine` has it.
pub(super) fn machine(
    scope: &Scope,
    name: &str,
    machine: &Machine,
    revision_id: &str,
    revision: &Revision,
) -> api::DescribeStateMachineOutput {
    api::DescribeStateMachineOutput {
        state_machine_arn: StateMachineAt(name).arn(scope).to_string(),
        name: name.to_owned(),
        status: Some(api::StateMachineStatus::Active),
        definition: revision.definition.clone(),
        role_arn: revision.role.clone(),
        r#type: machine.kind.as_str().into(),
        creation_date: machine.created,
        logging_configuration: Some(logging(&revision.logging)),
        tracing_configuration: Some(api::TracingConfiguration { enabled: Some(revision.tracing) }),
        revision_id: (machine.first_revision != revision_id).then(|| revision_id.to_owned()),
        encryption_configuration: encryption(machine.encryption.as_ref()),
        ..api::DescribeStateMachineOutput::default()
    }
}

/// An encryption configuration, where one was given.
pub(super) fn encryption(
    given: Option<&(Option<String>, Option<i32>, String)>,
) -> Option<api::EncryptionConfiguration> {
    let (kms_key_id, period, kind) = given?;
    Some(api::EncryptionConfiguration {
        kms_key_id: kms_key_id.clone(),
        kms_data_key_reuse_period_seconds: *period,
        r#type: kind.as_str().into(),
    })
}

/// The machine's name in an execution's key, without the label of a map run.
pub(super) fn plain(machine: &str) -> &str {
    machine.split('/').next().unwrap_or_default()
}

/// Whether an execution can be redriven, and why not.
pub(super) fn redrivable(execution: &Execution) -> (&'static str, Option<String>) {
    match execution.status {
        Status::Failed | Status::TimedOut | Status::Aborted if execution.child_of.is_none() => {
            ("REDRIVABLE", None)
        }
        Status::Failed | Status::TimedOut | Status::Aborted => ("REDRIVABLE_BY_MAP_RUN", None),
        status => {
            ("NOT_REDRIVABLE", Some(format!("Execution is {} and cannot be redriven", status.as_str())))
        }
    }
}

/// An execution, as `DescribeExecution` has it.
pub(super) fn execution(key: &ExecutionKey, execution: &Execution) -> api::DescribeExecutionOutput {
    let (scope, machine, name) = key;
    let included = || Some(api::CloudWatchEventsExecutionDataDetails { included: Some(true) });
    let (redrive_status, redrive_status_reason) = redrivable(execution);
    let qualified = |qualifier: &str| QualifiedAt(plain(machine), qualifier).arn(scope).to_string();
    api::DescribeExecutionOutput {
        execution_arn: ExecutionAt(machine, name).arn(scope).to_string(),
        state_machine_arn: StateMachineAt(machine).arn(scope).to_string(),
        name: Some(name.clone()),
        status: execution.status.as_str().into(),
        start_date: execution.started,
        stop_date: execution.stopped,
        input: Some(execution.input.clone()),
        input_details: included(),
        output: execution.output.clone(),
        output_details: execution.output.as_ref().and_then(|_| included()),
        trace_header: execution.trace_header.clone(),
        map_run_arn: map_run_arn(scope, machine, execution),
        error: execution.error.clone(),
        cause: execution.cause.clone(),
        state_machine_version_arn: execution.version.map(|number| qualified(&number.to_string())),
        state_machine_alias_arn: execution.alias.as_deref().map(qualified),
        redrive_count: i32::try_from(execution.redrives).ok(),
        redrive_date: execution.redriven,
        redrive_status: Some(redrive_status.into()),
        redrive_status_reason,
    }
}

fn map_run_arn(scope: &Scope, machine: &str, execution: &Execution) -> Option<String> {
    let child = execution.child_of.as_ref()?;
    let id = format!("{}:{}", child.label, child.run);
    Some(MapRunAt(plain(machine), &id).arn(scope).to_string())
}

/// An execution, as `ListExecutions` has it.
pub(super) fn listed(key: &ExecutionKey, one: &Execution) -> api::ExecutionListItem {
    let shown = execution(key, one);
    api::ExecutionListItem {
        execution_arn: shown.execution_arn,
        state_machine_arn: shown.state_machine_arn,
        name: key.2.clone(),
        status: shown.status,
        start_date: shown.start_date,
        stop_date: shown.stop_date,
        map_run_arn: shown.map_run_arn,
        item_count: None,
        state_machine_version_arn: shown.state_machine_version_arn,
        state_machine_alias_arn: shown.state_machine_alias_arn,
        redrive_count: shown.redrive_count,
        redrive_date: shown.redrive_date,
    }
}

/// An ended execution, as `startExecution.sync` gives it; with `as_json`, data are JSON and not text.
pub(super) fn as_task_result(
    key: &ExecutionKey,
    arn: &str,
    execution: &Execution,
    as_json: bool,
) -> Map<String, Value> {
    let data = |text: &str| {
        if as_json {
            serde_json::from_str(text).unwrap_or(Value::Null)
        } else {
            Value::String(text.to_owned())
        }
    };
    let mut result = Map::new();
    let mut set = |name: &str, value: Value| result.insert(name.to_owned(), value);
    if let Some(cause) = &execution.cause {
        set("Cause", Value::String(cause.clone()));
    }
    if let Some(error) = &execution.error {
        set("Error", Value::String(error.clone()));
    }
    set("ExecutionArn", Value::String(arn.to_owned()));
    set("Input", data(&execution.input));
    set("InputDetails", json!({ "Included": true }));
    set("Name", Value::String(key.2.clone()));
    if let Some(output) = &execution.output {
        set("Output", data(output));
        set("OutputDetails", json!({ "Included": true }));
    }
    let (status, reason) = redrivable(execution);
    set("RedriveCount", json!(execution.redrives));
    set("RedriveStatus", Value::String(status.to_owned()));
    if let Some(reason) = reason {
        set("RedriveStatusReason", Value::String(reason));
    }
    set("StartDate", json!(execution.started.millis()));
    set("StateMachineArn", Value::String(StateMachineAt(&key.1).arn(&key.0).to_string()));
    set("Status", Value::String(execution.status.as_str().to_owned()));
    set("StopDate", json!(execution.stopped.map(updraft_types::Timestamp::millis)));
    result
}

/// A map run, as `DescribeMapRun` has it.
pub(super) fn map_run(
    scope: &Scope,
    machine: &str,
    label: &str,
    id: &str,
    run: &MapRun,
) -> api::DescribeMapRunOutput {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let pending = run.total.saturating_sub(run.succeeded + run.failed + run.running);
    let aborted = if run.status == Status::Running { 0 } else { pending };
    let pending = if run.status == Status::Running { pending } else { 0 };
    api::DescribeMapRunOutput {
        map_run_arn: MapRunAt(machine, &format!("{label}:{id}")).arn(scope).to_string(),
        execution_arn: ExecutionAt(machine, &run.execution).arn(scope).to_string(),
        status: run.status.as_str().into(),
        start_date: run.started,
        stop_date: run.stopped,
        max_concurrency: i32::try_from(run.max_concurrency).unwrap_or(i32::MAX),
        tolerated_failure_percentage: run.tolerated_percentage,
        tolerated_failure_count: number(run.tolerated_count),
        item_counts: api::MapRunItemCounts {
            pending: number(pending),
            running: number(run.running),
            succeeded: number(run.succeeded),
            failed: number(run.failed),
            timed_out: 0,
            aborted: number(aborted),
            total: number(run.total),
            results_written: number(run.results_written),
            failures_not_redrivable: Some(0),
            pending_redrive: Some(0),
        },
        execution_counts: api::MapRunExecutionCounts {
            pending: number(pending),
            running: number(run.running),
            succeeded: number(run.succeeded),
            failed: number(run.failed),
            timed_out: 0,
            aborted: number(aborted),
            total: number(run.total),
            results_written: number(run.results_written),
            failures_not_redrivable: Some(0),
            pending_redrive: Some(0),
        },
        redrive_count: i32::try_from(run.redrives).ok(),
        redrive_date: None,
    }
}
