//! Integrations: any operation that the engine has, called as the machine's role.

use base64::Engine as _;
use serde_json::{Map, Value, json};
use updraft_api::{OperationInfo, Protocol, wire};
use updraft_kernel::Error;
use updraft_lang::asl::{Failure, Pattern, Service};

use super::{Progress, Task, convert, fault, function, nested, services};

/// Carries out an integration's task.
pub(super) async fn service(task: &Task, service: &Service) -> Result<Progress, Failure> {
    let waits = service.pattern == Pattern::WaitForTaskToken;
    if waits && task.submitted {
        return Ok(Progress::Waiting);
    }
    let output = match (service.sdk, service.service.as_str(), service.pattern) {
        (false, "lambda", _) => function::integrated(task).await?,
        (false, "states", Pattern::Sync | Pattern::Sync2) => {
            return nested::wait_for(task, service).await.map(Progress::Done);
        }
        (false, "states", _) => nested::start(task, service).await?.0,
        _ => operation(task, service).await?,
    };
    if waits {
        task.submitted(output);
        return Ok(Progress::Waiting);
    }
    Ok(Progress::Done(output))
}

async fn operation(task: &Task, service: &Service) -> Result<Value, Failure> {
    let Some(info) = services::operation(&task.cx, service) else {
        let message = format!(
            "The engine does not have {}:{}; `docs/reference/operations.md` lists what it has",
            service.resource_type(),
            service.action
        );
        return Err(Failure::new("States.Runtime", message));
    };
    let parameters = with_checksum(service, &task.start.input);
    let input = convert::into_members(&parameters, info.input, service.sdk)
        .map_err(|message| Failure::new("States.Runtime", message))?;
    let request_id = task.cx.ids().uuid();
    let called = task.cx.call_named(task.who().await, task.key.0.clone(), info, input).await;
    let mut members = match called {
        Ok(members) => members,
        Err(Error::Refused(refusal)) => return Err(services::refused(service, &refusal, &request_id)),
        Err(Error::Fault(error)) => return Err(fault(&error)),
    };
    convert::collect_streams(&mut members)
        .await
        .map_err(|message| Failure::new("States.TaskFailed", message))?;
    let mut result = convert::from_members(&members, info.output, service.sdk);
    if !service.sdk {
        let body = wire::write_json(&members, info.output);
        tell_metadata(task, info, &mut result, &body, &request_id);
    }
    failed_entries(service, &result)?;
    Ok(Value::Object(result))
}

/// The SDK sends the CRC-32 of a body with it, unless the caller sends another checksum, and that it is
/// text (recorded).
fn with_checksum(service: &Service, parameters: &Value) -> Value {
    let mut parameters = parameters.clone();
    if let ("s3", "putObject", Value::Object(members)) =
        (service.service.as_str(), service.action.as_str(), &mut parameters)
        && let Some(body) = members.get("Body")
        && !members.keys().any(|name| name.starts_with("Checksum"))
    {
        let text = body.to_string();
        let sum = crc32fast::hash(text.as_bytes());
        let sum = base64::engine::general_purpose::STANDARD.encode(sum.to_be_bytes());
        members.insert("ChecksumCRC32".to_owned(), Value::String(sum));
        members.entry("ContentType").or_insert_with(|| Value::from("text/plain; charset=UTF-8"));
    }
    parameters
}

/// `events:putEvents` fails when any entry does.
fn failed_entries(service: &Service, result: &Map<String, Value>) -> Result<(), Failure> {
    let failed = result.get("FailedEntryCount").and_then(Value::as_i64).unwrap_or(0);
    if service.sdk || service.service != "events" || failed == 0 {
        return Ok(());
    }
    let cause = json!({ "Entries": result.get("Entries"), "FailedEntryCount": failed });
    Err(Failure::new("EventBridge.FailedEntry", cause.to_string()))
}

/// What an optimised integration's result tells of the HTTP answer; the spelling is each service's
/// own (recorded).
pub(super) fn tell_metadata(
    task: &Task,
    info: &OperationInfo,
    result: &mut Map<String, Value>,
    body: &[u8],
    request_id: &str,
) {
    let content_type = match info.service.protocols.first() {
        Some(Protocol::Json10) => "application/x-amz-json-1.0",
        Some(Protocol::Json11) => "application/x-amz-json-1.1",
        Some(Protocol::Query | Protocol::RestXml) => "text/xml",
        _ => "application/json",
    };
    let date = task.cx.now().http_date();
    let mut headers = vec![
        ("x-amzn-RequestId", request_id.to_owned()),
        ("Content-Length", body.len().to_string()),
        ("Date", date),
        ("Content-Type", content_type.to_owned()),
    ];
    if info.service.name == "dynamodb" {
        headers.insert(0, ("Server", "Server".to_owned()));
        headers.insert(1, ("Connection", "keep-alive".to_owned()));
        headers.insert(3, ("x-amz-crc32", crc32fast::hash(body).to_string()));
    } else {
        headers.insert(1, ("connection", "keep-alive".to_owned()));
    }
    function::add_metadata(result, &headers, request_id);
}
