//! The services that integrations call: what Step Functions calls them, and how it names their errors.

use serde_json::Value;
use updraft_api::shape::{Shape, StructShape};
use updraft_api::{OperationInfo, Refusal};
use updraft_kernel::ServeCx;
use updraft_lang::asl::{Failure, Service};

use super::convert::pascal;

/// A service by the names it goes by.
pub(super) struct Names {
    /// In a resource of the SDK integrations.
    sdk: &'static str,
    /// Ours.
    pub ours: &'static str,
    /// In the errors of the SDK integrations.
    client: &'static str,
    /// In the errors of the optimised integrations.
    error: &'static str,
    /// In the causes of those.
    long: &'static str,
}

const fn names(
    sdk: &'static str,
    ours: &'static str,
    client: &'static str,
    error: &'static str,
    long: &'static str,
) -> Names {
    Names { sdk, ours, client, error, long }
}

/// The services by name; the optimised integrations use `ours`.
const SERVICES: &[Names] = &[
    names("dynamodb", "dynamodb", "DynamoDb", "DynamoDB", "AmazonDynamoDBv2"),
    names("s3", "s3", "S3", "S3", "Amazon S3"),
    names("lambda", "lambda", "Lambda", "Lambda", "AWSLambda"),
    names("sfn", "states", "Sfn", "StepFunctions", "AWSStepFunctions"),
    names("iam", "iam", "Iam", "Iam", "AmazonIdentityManagement"),
    names("sts", "sts", "Sts", "Sts", "AWSSecurityTokenService"),
    names("cloudwatch", "cloudwatch", "CloudWatch", "CloudWatch", "AmazonCloudWatch"),
    names("cloudwatchlogs", "logs", "CloudWatchLogs", "CloudWatchLogs", "AWSLogs"),
    names("cloudformation", "cloudformation", "CloudFormation", "CloudFormation", "AmazonCloudFormation"),
    names("apigatewayv2", "apigatewayv2", "ApiGatewayV2", "ApiGatewayV2", "AmazonApiGatewayV2"),
    names("sqs", "sqs", "Sqs", "SQS", "AmazonSQS"),
    names("sns", "sns", "Sns", "SNS", "AmazonSNS"),
    names("eventbridge", "events", "EventBridge", "EventBridge", "AmazonEventBridge"),
];

/// The names of an integration's service.
pub(super) fn of(service: &Service) -> Option<&'static Names> {
    SERVICES.iter().find(|names| (if service.sdk { names.sdk } else { names.ours }) == service.service)
}

/// The operation an integration calls, if the engine has it.
pub(super) fn operation(cx: &ServeCx, service: &Service) -> Option<&'static OperationInfo> {
    let names = of(service)?;
    let info = cx.service(names.ours)?;
    // The SDK spells acronyms as words (`describeDbInstances`).
    let found = info.operations.iter().find(|one| one.name.eq_ignore_ascii_case(&service.action))?;
    cx.operation(names.ours, found.name)
}

/// The failure that a refused call is to an execution.
pub(super) fn refused(service: &Service, refusal: &Refusal, request_id: &str) -> Failure {
    let Some(names) = of(service) else { return Failure::new(refusal.code.to_string(), &refusal.message) };
    let code = &*refusal.code;
    let exception = if code.ends_with("Exception") || code.ends_with("Error") && !service.sdk {
        code.to_owned()
    } else {
        format!("{}Exception", pascal(code))
    };
    if service.sdk {
        let cause = format!(
            "{} (Service: {}, Status Code: {}, Request ID: {request_id})",
            refusal.message, names.client, refusal.status
        );
        return Failure::new(format!("{}.{exception}", names.client), cause);
    }
    let cause = format!(
        "{} (Service: {}; Status Code: {}; Error Code: {code}; Request ID: {request_id}; Proxy: null)",
        refusal.message, names.long, refusal.status
    );
    Failure::new(format!("{}.{exception}", names.error), cause)
}

/// The shape of the answer that a mocked integration gives, where the engine knows it.
pub(crate) fn mock_shape(cx: &ServeCx, service: &Service) -> Option<&'static StructShape> {
    operation(cx, service).map(|operation| operation.output)
}

/// Checks a mocked answer as `TestState` does: members by their names in Step Functions, their types
/// and bounds; with `strict`, those that must be there. AWS's words were recorded (2026-11).
pub(crate) fn validate_mock(
    value: &Value,
    shape: &'static StructShape,
    sdk: bool,
    strict: bool,
) -> std::result::Result<(), String> {
    let Value::Object(given) = value else { return Ok(()) };
    for member in shape.members {
        let name = super::convert::member_name(member.name, sdk);
        match given.get(&name) {
            Some(value) => check(value, member.shape, &name, sdk, strict)?,
            None if strict && member.required => return Err(format!("Required field '{name}' is missing")),
            None => {}
        }
    }
    Ok(())
}

fn check(
    value: &Value,
    shape: &'static Shape,
    name: &str,
    sdk: bool,
    strict: bool,
) -> std::result::Result<(), String> {
    let bounded = |number: f64, min: Option<i64>, max: Option<i64>| {
        if min.is_some_and(|min| number < min as f64) {
            return Err(format!("Field '{name}' is less than the minimum value"));
        }
        if max.is_some_and(|max| number > max as f64) {
            return Err(format!("Field '{name}' exceeds the maximum value"));
        }
        Ok(())
    };
    let sized = |length: usize, min: Option<i64>, max: Option<i64>| {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        if min.is_some_and(|min| length < min) {
            return Err(format!("Field '{name}' is smaller than the minimum length"));
        }
        if max.is_some_and(|max| length > max) {
            return Err(format!("Field '{name}' exceeds the maximum length"));
        }
        Ok(())
    };
    match shape {
        // A function's payload is whatever it returns.
        Shape::Blob(_) | Shape::Stream if name == "Payload" => Ok(()),
        Shape::String(wanted) => {
            let Some(text) = value.as_str() else { return Err(format!("Field '{name}' must be a string")) };
            if !wanted.values.is_empty() && !wanted.values.contains(&text) {
                return Err(format!("Field '{name}' is not an expected value"));
            }
            sized(text.chars().count(), wanted.length.min, wanted.length.max)
        }
        Shape::Blob(range) => match value.as_str() {
            Some(text) => sized(text.len(), range.min, range.max),
            None => Err(format!("Field '{name}' must be a string")),
        },
        Shape::Stream | Shape::Timestamp(_) => {
            if value.is_string() {
                Ok(())
            } else {
                Err(format!("Field '{name}' must be a string"))
            }
        }
        Shape::Integer(range) | Shape::Long(range) | Shape::Double(range) => match value.as_f64() {
            Some(number) => bounded(number, range.min, range.max),
            None => Err(format!("Field '{name}' must be a number")),
        },
        Shape::Boolean => {
            if value.is_boolean() {
                Ok(())
            } else {
                Err(format!("Field '{name}' must be a boolean"))
            }
        }
        Shape::List(list) => match value.as_array() {
            Some(items) => items.iter().try_for_each(|item| check(item, list.member, name, sdk, strict)),
            None => Err(format!("Field '{name}' must be an array")),
        },
        Shape::Map(map) => match value.as_object() {
            Some(members) => members.values().try_for_each(|item| check(item, map.value, name, sdk, strict)),
            None => Err(format!("Field '{name}' must be an object")),
        },
        Shape::Structure(shape) => match value.as_object() {
            Some(_) => validate_mock(value, shape, sdk, strict),
            None => Err(format!("Field '{name}' must be an object")),
        },
    }
}
