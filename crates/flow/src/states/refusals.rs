//! The service's refusals, in AWS's words (recorded 2026-11; the API model has the codes).

use std::fmt::Display;

use updraft_api::Refusal;
use updraft_api::states::errors;

pub(super) fn invalid_arn(text: &str) -> Refusal {
    errors::INVALID_ARN.refuse(format!("Invalid Arn: 'Invalid ARN prefix: {text}'"))
}

pub(super) fn wrong_resource(text: &str, wanted: &str) -> Refusal {
    errors::INVALID_ARN
        .refuse(format!("Invalid Arn: 'Resource type not valid in this context: {wanted}' ({text})"))
}

pub(super) fn invalid_name(name: &str) -> Refusal {
    errors::INVALID_NAME.refuse(format!("Invalid Name: '{name}'"))
}

pub(super) fn machine_missing(arn: impl Display) -> Refusal {
    errors::STATE_MACHINE_DOES_NOT_EXIST.refuse(format!("State Machine Does Not Exist: '{arn}'"))
}

pub(super) fn machine_exists(arn: impl Display) -> Refusal {
    errors::STATE_MACHINE_ALREADY_EXISTS.refuse(format!("State Machine Already Exists: '{arn}'"))
}

pub(super) fn alias_missing(arn: impl Display) -> Refusal {
    errors::RESOURCE_NOT_FOUND
        .refuse(format!("Request references a resource that does not exist: '{arn}'"))
        .with("resourceName", arn.to_string())
}

pub(super) fn execution_missing(arn: impl Display) -> Refusal {
    errors::EXECUTION_DOES_NOT_EXIST.refuse(format!("Execution Does Not Exist: '{arn}'"))
}

pub(super) fn execution_exists(arn: impl Display) -> Refusal {
    errors::EXECUTION_ALREADY_EXISTS.refuse(format!("Execution Already Exists: '{arn}'"))
}

pub(super) fn invalid_input(message: impl Display) -> Refusal {
    errors::INVALID_EXECUTION_INPUT.refuse(format!("Invalid State Machine Execution Input: '{message}'"))
}

pub(super) fn invalid_output(message: impl Display) -> Refusal {
    errors::INVALID_OUTPUT.refuse(format!("Invalid Output: '{message}'"))
}

pub(super) fn invalid_definition(message: impl Display) -> Refusal {
    errors::INVALID_DEFINITION.refuse(format!("Invalid State Machine Definition: '{message}'"))
}

pub(super) fn activity_missing(arn: impl Display) -> Refusal {
    errors::ACTIVITY_DOES_NOT_EXIST.refuse(format!("Activity Does Not Exist: '{arn}'"))
}

pub(super) fn type_not_supported() -> Refusal {
    errors::STATE_MACHINE_TYPE_NOT_SUPPORTED
        .refuse("This operation is not supported by this type of state machine")
}

pub(super) fn invalid_token() -> Refusal {
    errors::INVALID_TOKEN.refuse("Invalid Token: 'Invalid token'")
}

pub(super) fn task_gone() -> Refusal {
    errors::TASK_TIMED_OUT.refuse("Task Timed Out: 'Provided task does not exist anymore'")
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    errors::VALIDATION_EXCEPTION.refuse(message)
}

pub(super) fn invalid_page_token() -> Refusal {
    errors::INVALID_TOKEN.refuse("Invalid Token: 'Invalid token'")
}

pub(super) fn not_redrivable(arn: impl Display, reason: impl Display) -> Refusal {
    errors::EXECUTION_NOT_REDRIVABLE.refuse(format!("Execution '{arn}' cannot be redriven: {reason}"))
}

pub(super) fn resource_missing(arn: impl Display) -> Refusal {
    errors::RESOURCE_NOT_FOUND
        .refuse(format!("Resource not found: '{arn}'"))
        .with("resourceName", arn.to_string())
}
