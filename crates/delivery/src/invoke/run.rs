//! Doing an invocation.

use base64::Engine as _;
use bytes::Bytes;
use updraft_api::cloudformation as cfn;
use updraft_api::lambda;

use crate::environment::{Environment, call_failed};
use crate::{ExitCode, Outcome, Problem};

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    /// The version that ran.
    pub version: Option<String>,
    /// `Handled` or `Unhandled` when it failed.
    pub error: Option<String>,
    /// What it returned.
    pub payload: Bytes,
    /// The last 4 KB of its log.
    pub log: String,
}

/// Invokes a function with an event.
pub async fn invoke(
    environment: &Environment,
    name: &str,
    qualifier: Option<String>,
    event: Bytes,
) -> Outcome<Invocation> {
    let function = physical_name(environment, name).await?;
    let input = lambda::InvocationRequest {
        function_name: function.clone(),
        qualifier,
        payload: Some(event),
        log_type: Some("Tail".into()),
        ..Default::default()
    };
    let answer = match environment.client.call::<lambda::ops::Invoke>(input).await {
        Err(error) if error.is_not_found() => {
            return Err(Problem::new(ExitCode::Failure, format!("there is no function `{name}`"))
                .hint(format!("the functions of {} are those of its template", environment.stack)));
        }
        other => other.map_err(call_failed)?,
    };
    let log = answer.log_result.unwrap_or_default();
    let log = base64::engine::general_purpose::STANDARD.decode(log).unwrap_or_default();
    Ok(Invocation {
        function,
        version: answer.executed_version,
        error: answer.function_error,
        payload: answer.payload.unwrap_or_default(),
        log: String::from_utf8_lossy(&log).into_owned(),
    })
}

/// The name of a function that the stack knows by its logical id; any other name is taken as it is.
pub(crate) async fn physical_name(environment: &Environment, name: &str) -> Outcome<String> {
    let input = cfn::DescribeStackResourcesInput {
        stack_name: Some(environment.stack.clone()),
        logical_resource_id: Some(name.to_owned()),
        ..Default::default()
    };
    match environment.client.call::<cfn::ops::DescribeStackResources>(input).await {
        Ok(found) => {
            let resource = found.stack_resources.into_iter().flatten().next();
            Ok(resource.and_then(|resource| resource.physical_resource_id).unwrap_or_else(|| name.to_owned()))
        }
        Err(error) if error.code() == Some("ValidationError") => Ok(name.to_owned()),
        Err(error) => Err(call_failed(error)),
    }
}
