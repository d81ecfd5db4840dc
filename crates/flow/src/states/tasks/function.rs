//! Functions: by their ARN, and through the `lambda:invoke` integration.

use serde_json::{Map, Value, json};
use updraft_api::lambda::ops::Invoke;
use updraft_api::lambda::{InvocationRequest, InvocationResponse};
use updraft_kernel::Error;
use updraft_lang::asl::{Failure, Pattern, Service};
use updraft_types::Arn;

use super::{Task, fault, services};

/// Invokes the function of a Task's ARN.
pub(super) async fn invoke(task: &Task, arn: &Arn) -> Result<Value, Failure> {
    let request = InvocationRequest {
        function_name: arn.to_string(),
        payload: Some(task.start.input.to_string().into_bytes().into()),
        ..InvocationRequest::default()
    };
    let answer = call(task, request).await?;
    payload(&answer)
}

/// The `lambda:invoke` integration: the function's answer with its circumstances.
pub(super) async fn integrated(task: &Task) -> Result<Value, Failure> {
    let input = &task.start.input;
    let text = |name: &str| input[name].as_str().map(str::to_owned);
    let Some(function_name) = text("FunctionName") else {
        return Err(Failure::new("States.Runtime", "The field 'FunctionName' is required but was missing"));
    };
    let body = input.get("Payload").map(|payload| payload.to_string().into_bytes().into());
    let request = InvocationRequest {
        function_name,
        payload: body,
        qualifier: text("Qualifier"),
        invocation_type: text("InvocationType").map(|name| name.as_str().into()),
        client_context: text("ClientContext"),
        log_type: text("LogType").map(|name| name.as_str().into()),
        ..InvocationRequest::default()
    };
    let answer = call(task, request).await?;
    let length = answer.payload.as_ref().map_or(0, |payload| payload.len()).to_string();
    let output = payload(&answer)?;
    let request_id = task.cx.ids().uuid();
    let version = answer.executed_version.clone().unwrap_or_else(|| "$LATEST".to_owned());
    let headers = [
        ("X-Amz-Executed-Version", version.clone()),
        ("x-amzn-Remapped-Content-Length", "0".to_owned()),
        ("Connection", "keep-alive".to_owned()),
        ("x-amzn-RequestId", request_id.clone()),
        ("Content-Length", length),
        ("Date", task.cx.now().http_date()),
        ("X-Amzn-Trace-Id", format!("root=1-{}-{};sampled=0", task.cx.ids().hex(8), task.cx.ids().hex(24))),
        ("Content-Type", "application/json".to_owned()),
    ];
    let mut result = Map::new();
    result.insert("ExecutedVersion".to_owned(), Value::String(version));
    result.insert("Payload".to_owned(), output);
    add_metadata(&mut result, &headers, &request_id);
    result.insert("StatusCode".to_owned(), json!(answer.status_code.unwrap_or(200)));
    Ok(Value::Object(result))
}

/// What the optimised integrations tell of the HTTP answer.
pub(super) fn add_metadata(result: &mut Map<String, Value>, headers: &[(&str, String)], request_id: &str) {
    let all: Map<_, _> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
    let one: Map<_, _> = headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let http = json!({ "AllHttpHeaders": all, "HttpHeaders": one, "HttpStatusCode": 200 });
    result.insert("SdkHttpMetadata".to_owned(), http);
    result.insert("SdkResponseMetadata".to_owned(), json!({ "RequestId": request_id }));
}

async fn call(task: &Task, request: InvocationRequest) -> Result<InvocationResponse, Failure> {
    let lambda = Service {
        service: "lambda".to_owned(),
        action: "invoke".to_owned(),
        sdk: false,
        pattern: Pattern::RequestResponse,
    };
    match task.cx.call::<Invoke>(task.who().await, request).await {
        Ok(answer) => Ok(answer),
        Err(Error::Refused(mut refusal)) => {
            // AWS names the version that it looked for (recorded).
            let missing = refusal.message.strip_prefix("Function not found: ").map(str::parse::<Arn>);
            if let Some(Ok(arn)) = missing
                && arn.resource().split(':').count() == 2
            {
                refusal.message.push_str(":$LATEST");
            }
            Err(services::refused(&lambda, &refusal, &task.cx.ids().uuid()))
        }
        Err(Error::Fault(error)) => Err(fault(&error)),
    }
}

/// The function's answer, or its error.
fn payload(answer: &InvocationResponse) -> Result<Value, Failure> {
    let bytes = answer.payload.clone().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if answer.function_error.is_none() {
        return Ok(serde_json::from_str(&text).unwrap_or(Value::Object(Map::new())));
    }
    let told: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    match told["errorType"].as_str() {
        Some(name) => Err(Failure::new(name, text)),
        None => Err(Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {text}"
            ),
        )),
    }
}
