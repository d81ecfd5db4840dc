//! Executions that an execution starts: `states:startExecution`, waited for or not.

use serde_json::{Map, Value, json};
use updraft_api::states::ops::StartExecution;
use updraft_api::states::{StartExecutionInput, StartExecutionOutput};
use updraft_kernel::{Error, Result};
use updraft_lang::asl::{Failure, Pattern, Service};
use updraft_types::{Arn, Timestamp};

use super::{Task, call, fault, services};
use crate::states::model::{Execution, ExecutionKey, Status};
use crate::states::{names, show};

/// Starts an execution; answers with what AWS's call answers, and its ARN.
pub(super) async fn start(task: &Task, service: &Service) -> std::result::Result<(Value, String), Failure> {
    let input = &task.start.input;
    let Some(machine) = input["StateMachineArn"].as_str() else {
        let message = "The field 'StateMachineArn' is required but was missing";
        return Err(Failure::new("States.Runtime", message));
    };
    // A name that the task alone would give: begun again after a crash, it finds what it began.
    let own = format!("{}-{}-{}", task.key.2, task.start.frame, task.start.attempt);
    let waited = service.pattern != Pattern::RequestResponse;
    let given = input["Name"].as_str().map(str::to_owned);
    let name = given.or_else(|| waited.then(|| name_for(&task.arn, &own)));
    let request = StartExecutionInput {
        state_machine_arn: machine.to_owned(),
        name,
        input: text(input.get("Input")),
        trace_header: input["TraceHeader"].as_str().map(str::to_owned),
    };
    let wanted = request.name.clone();
    let request_id = task.cx.ids().uuid();
    let answer = match task.cx.call::<StartExecution>(task.who().await, request).await {
        Ok(answer) => answer,
        Err(Error::Refused(refusal)) => {
            if task.submitted
                && refusal.code == "ExecutionAlreadyExists"
                && let Some(found) = before(machine, wanted)
            {
                return Ok((Value::Null, found));
            }
            return Err(services::refused(service, &refusal, &request_id));
        }
        Err(Error::Fault(error)) => return Err(fault(&error)),
    };
    Ok((told(task, &answer, &request_id), answer.execution_arn))
}

/// The ARN of what the same task began before a crash.
fn before(machine: &str, name: Option<String>) -> Option<String> {
    let (_, scope, machine, _) = names::machine(machine).ok()?;
    let arn = updraft_types::states::ExecutionAt(&machine, &name?);
    Some(updraft_types::Resource::arn(&arn, &scope).to_string())
}

/// A name that follows from who asks and is as long as a name may be.
fn name_for(arn: &Arn, own: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{arn}\n{own}").as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

/// The input as text: what is no text is written as JSON; `null` is the empty input.
fn text(input: Option<&Value>) -> Option<String> {
    match input? {
        Value::Null => None,
        Value::String(text) if serde_json::from_str::<Value>(text).is_ok() => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn told(task: &Task, answer: &StartExecutionOutput, request_id: &str) -> Value {
    let mut result = Map::new();
    result.insert("ExecutionArn".to_owned(), Value::String(answer.execution_arn.clone()));
    // As AWS writes it, which its length in the metadata shows.
    let started = scientific(answer.start_date);
    let body = format!(r#"{{"executionArn":"{}","startDate":{started}}}"#, answer.execution_arn);
    if let Some(info) = task.cx.operation("states", "StartExecution") {
        call::tell_metadata(task, info, &mut result, body.as_bytes(), request_id);
    }
    result.insert("StartDate".to_owned(), json!(answer.start_date.millis()));
    Value::Object(result)
}

/// Seconds as AWS writes them: `1.729589109466E9`.
fn scientific(at: Timestamp) -> String {
    let digits = at.millis().to_string();
    let (first, rest) = digits.split_at(1);
    format!("{first}.{}E9", rest.trim_end_matches('0'))
}

/// Starts an execution and waits for its end.
pub(super) async fn wait_for(task: &Task, service: &Service) -> std::result::Result<Value, Failure> {
    let (output, arn) = start(task, service).await?;
    if !task.submitted {
        task.submitted(output);
    }
    let described = ended(task, &arn).await;
    let (key, execution) = described.map_err(|error| fault(&error))?;
    let as_json = service.pattern == Pattern::Sync2;
    let mut description = show::as_task_result(&key, &arn, &execution, as_json);
    if execution.status == Status::Succeeded {
        return Ok(Value::Object(description));
    }
    // In a cause, data are text whatever the pattern (recorded).
    description.insert("Input".to_owned(), Value::String(execution.input.clone()));
    Err(Failure::new("States.TaskFailed", Value::Object(description).to_string()))
}

async fn ended(task: &Task, arn: &str) -> Result<(ExecutionKey, Execution)> {
    let key = names::execution(arn)?;
    // One in another account or region is looked up where it is.
    let cx = task.driver.context(&key.0)?;
    let execution = task.driver.ended(&cx, &key).await?;
    Ok((key, execution))
}
