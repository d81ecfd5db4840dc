//! Lambda's errors with the texts AWS answers them with.
//!
//! Every body names `Type`: `User` for the caller's faults. Sources: the published model for codes
//! and statuses; texts as recorded by public test suites of Lambda's behaviour (read 2026-11).

use updraft_api::lambda::errors;
use updraft_api::{ErrorShape, Refusal};
use updraft_types::Arn;

fn user(shape: &ErrorShape, message: impl Into<String>) -> Refusal {
    shape.refuse(message).with("Type", "User")
}

pub(crate) fn invalid_parameter(message: impl Into<String>) -> Refusal {
    user(&errors::INVALID_PARAMETER_VALUE_EXCEPTION, message)
}

/// A member that breaks a constraint of its shape; the wire checks most of these before.
pub(crate) fn constraint(member: &str, value: &str, constraint: &str) -> Refusal {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    );
    Refusal::new("ValidationException", 400, message)
}

/// What this engine does not do yet, by name and with a way on.
pub(crate) fn unsupported(what: &str, hint: &str) -> Refusal {
    invalid_parameter(format!("{what} is not supported by this engine. {hint}"))
}

pub(crate) fn function_not_found(arn: &Arn) -> Refusal {
    user(&errors::RESOURCE_NOT_FOUND_EXCEPTION, format!("Function not found: {arn}"))
}

pub(crate) fn alias_not_found(arn: &Arn) -> Refusal {
    user(&errors::RESOURCE_NOT_FOUND_EXCEPTION, format!("Cannot find alias arn: {arn}"))
}

pub(crate) fn not_found(message: impl Into<String>) -> Refusal {
    user(&errors::RESOURCE_NOT_FOUND_EXCEPTION, message)
}

pub(crate) fn conflict(message: impl Into<String>) -> Refusal {
    user(&errors::RESOURCE_CONFLICT_EXCEPTION, message)
}

pub(crate) fn revision_mismatch(read_by: &str) -> Refusal {
    user(
        &errors::PRECONDITION_FAILED_EXCEPTION,
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {read_by} API to \
             retrieve the latest Revision Id"
        ),
    )
}

pub(crate) fn role_not_assumable() -> Refusal {
    invalid_parameter("The role defined for the function cannot be assumed by Lambda.")
}

pub(crate) fn bad_zip() -> Refusal {
    invalid_parameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
}

pub(crate) fn entity_too_large(message: impl Into<String>) -> Refusal {
    Refusal::new("RequestEntityTooLargeException", 413, message).with("Type", "User")
}

/// An event past the bound. The service answers with this code, not with the one its model lists.
pub(crate) fn request_too_large(bytes_max: u64) -> Refusal {
    entity_too_large(format!(
        "Request must be smaller than {bytes_max} bytes for the InvokeFunction operation"
    ))
}

pub(crate) fn invalid_content(message: impl Into<String>) -> Refusal {
    user(&errors::INVALID_REQUEST_CONTENT_EXCEPTION, message)
}

pub(crate) fn no_runtime(message: impl Into<String>) -> Refusal {
    user(&errors::INVALID_RUNTIME_EXCEPTION, message)
}

pub(crate) fn throttled(reason: ThrottleReason) -> Refusal {
    user(&errors::TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.").with("Reason", reason.as_str())
}

/// Which bound a throttled call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThrottleReason {
    /// The function's reserved concurrency.
    Reserved,
    /// The account's concurrency, or the machine's.
    Account,
}

impl ThrottleReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Self::Account => "ConcurrentInvocationLimitExceeded",
        }
    }
}
