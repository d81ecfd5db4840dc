//! DynamoDB's refusals, in its words.
//!
//! The texts are the service's; the tests of architect/dynalite and getmoto/moto record them.

use serde_json::{Value as Json, json};
use updraft_api::Refusal;
use updraft_api::dynamodb::errors;
use updraft_lang::dynamodb::Item;

use super::values::wire_json;

/// A `ValidationException`, which the model does not list.
pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", 400, message)
}

/// A `ValidationException` about parameters.
pub(super) fn invalid(message: impl std::fmt::Display) -> Refusal {
    validation(format!("One or more parameter values were invalid: {message}"))
}

/// What the data operations say of a table that is not there.
pub(super) fn no_such_resource() -> Refusal {
    errors::RESOURCE_NOT_FOUND_EXCEPTION.refuse("Requested resource not found")
}

/// What the operations on tables say of one that is not there.
pub(super) fn no_such_table(name: &str) -> Refusal {
    errors::RESOURCE_NOT_FOUND_EXCEPTION
        .refuse(format!("Requested resource not found: Table: {name} not found"))
}

/// A key that is not the table's.
pub(super) fn key_mismatch() -> Refusal {
    validation("The provided key element does not match the schema")
}

/// A condition that did not hold, with the item where the caller asked for it.
pub(super) fn condition_failed(item: Option<&Item>) -> Refusal {
    let refusal = errors::CONDITIONAL_CHECK_FAILED_EXCEPTION.refuse(CONDITION_FAILED);
    match item {
        Some(item) => refusal.with("Item", wire_json(item)),
        None => refusal,
    }
}

pub(super) const CONDITION_FAILED: &str = "The conditional request failed";

/// Why one part of a transaction did not hold.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    pub code: &'static str,
    pub message: String,
    pub item: Option<Item>,
}

/// A transaction that was cancelled, with a reason for each of its parts.
pub(super) fn cancelled(reasons: &[Option<Reason>]) -> Refusal {
    let code = |reason: &Option<Reason>| reason.as_ref().map_or("None", |reason| reason.code);
    let codes: Vec<_> = reasons.iter().map(code).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let shown: Vec<Json> = reasons
        .iter()
        .map(|reason| match reason {
            None => json!({ "Code": "None" }),
            Some(Reason { code, message, item: None }) => json!({ "Code": code, "Message": message }),
            Some(Reason { code, message, item: Some(item) }) => {
                json!({ "Code": code, "Message": message, "Item": wire_json(item) })
            }
        })
        .collect();
    errors::TRANSACTION_CANCELED_EXCEPTION.refuse(message).with("CancellationReasons", shown)
}

/// Refuses parameters of before 2014. With an expression beside them DynamoDB refuses them itself;
/// alone they are not done here, and the refusal says what to use.
pub(super) fn refuse_legacy(
    legacy: &[(&'static str, bool, &'static str)],
    expressions: &[(&'static str, bool)],
) -> Result<(), Refusal> {
    let given: Vec<_> = legacy.iter().filter(|(_, given, _)| *given).collect();
    let Some((name, _, instead)) = given.first() else { return Ok(()) };
    let used: Vec<_> = expressions.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if used.is_empty() {
        return Err(validation(format!(
            "The legacy parameter {name} is not supported by this engine; use {instead} instead"
        )));
    }
    let names: Vec<_> = given.iter().map(|(name, _, _)| *name).collect();
    Err(validation(format!(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
        names.join(", "),
        used.join(", ")
    )))
}
