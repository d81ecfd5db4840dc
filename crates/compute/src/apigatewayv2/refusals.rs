//! API Gateway's errors. Source for codes and statuses: the published model; for texts: public
//! recordings of API Gateway's answers (read 2026-11).

use updraft_api::Refusal;
use updraft_api::apigatewayv2::errors;
use updraft_types::Scope;

pub(crate) fn bad_request(message: impl Into<String>) -> Refusal {
    errors::BAD_REQUEST_EXCEPTION.refuse(message)
}

pub(crate) fn conflict(message: impl Into<String>) -> Refusal {
    errors::CONFLICT_EXCEPTION.refuse(message)
}

pub(crate) fn api_not_found(scope: &Scope, id: &str) -> Refusal {
    let message = format!("Invalid API identifier specified {}:{id}", scope.account);
    errors::NOT_FOUND_EXCEPTION.refuse(message)
}

pub(crate) fn not_found(kind: &str, id: &str) -> Refusal {
    errors::NOT_FOUND_EXCEPTION.refuse(format!("Invalid {kind} identifier specified {id}"))
}

/// What this engine does not do yet, by name and with a way on.
pub(crate) fn unsupported(what: &str, hint: &str) -> Refusal {
    bad_request(format!("{what} is not supported by this engine. {hint}"))
}
