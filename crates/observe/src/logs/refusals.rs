//! The service's refusals, in AWS's words.

use updraft_api::Refusal;
use updraft_api::logs::errors;

pub(super) fn group_missing() -> Refusal {
    errors::RESOURCE_NOT_FOUND_EXCEPTION.refuse("The specified log group does not exist.")
}

pub(super) fn stream_missing() -> Refusal {
    errors::RESOURCE_NOT_FOUND_EXCEPTION.refuse("The specified log stream does not exist.")
}

pub(super) fn group_exists() -> Refusal {
    errors::RESOURCE_ALREADY_EXISTS_EXCEPTION.refuse("The specified log group already exists")
}

pub(super) fn stream_exists() -> Refusal {
    errors::RESOURCE_ALREADY_EXISTS_EXCEPTION.refuse("The specified log stream already exists")
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    errors::INVALID_PARAMETER_EXCEPTION.refuse(message)
}

pub(super) fn token_invalid() -> Refusal {
    invalid("The specified nextToken is invalid.")
}

pub(super) fn unsatisfied(value: &str, member: &str, constraint: &str) -> Refusal {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}
