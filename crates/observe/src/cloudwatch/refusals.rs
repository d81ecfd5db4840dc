//! The service's refusals, in AWS's words.

use updraft_api::Refusal;
use updraft_api::cloudwatch::errors;

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    errors::INVALID_PARAMETER_VALUE_EXCEPTION.refuse(message)
}

pub(super) fn invalid_value(value: impl std::fmt::Display, parameter: &str) -> Refusal {
    invalid(format!("The value {value} for parameter {parameter} is invalid."))
}

pub(super) fn too_many(parameter: &str, max: usize) -> Refusal {
    invalid(format!("The collection {parameter} must not have a size greater than {max}."))
}

pub(super) fn missing(parameter: &str) -> Refusal {
    errors::MISSING_REQUIRED_PARAMETER_EXCEPTION.refuse(format!("The parameter {parameter} is required."))
}

pub(super) fn combination(message: impl Into<String>) -> Refusal {
    errors::INVALID_PARAMETER_COMBINATION_EXCEPTION.refuse(message)
}

pub(super) fn token_invalid() -> Refusal {
    errors::INVALID_NEXT_TOKEN.refuse("Request parameter NextToken is invalid")
}

/// What `GetMetricData` answers to a query it cannot work out.
pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", 400, message)
}
