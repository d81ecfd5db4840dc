//! CloudFormation's errors, in its words.

use updraft_api::Refusal;

pub(crate) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", 400, message)
}

/// A stack that is not there. `DescribeStacks` words it with an id.
pub(crate) fn no_stack(name: &str) -> Refusal {
    validation(format!("Stack with id {name} does not exist"))
}

pub(crate) fn no_stack_named(name: &str) -> Refusal {
    validation(format!("Stack [{name}] does not exist"))
}

pub(crate) fn no_change_set(name: &str) -> Refusal {
    Refusal::new("ChangeSetNotFound", 404, format!("ChangeSet [{name}] does not exist"))
}

pub(crate) fn not_in_this_state(stack_id: &str, status: &str, verb: &str) -> Refusal {
    validation(format!("Stack:{stack_id} is in {status} state and can not be {verb}."))
}

pub(crate) fn insufficient_capabilities(missing: &[&str]) -> Refusal {
    Refusal::new(
        "InsufficientCapabilitiesException",
        400,
        format!("Requires capabilities : [{}]", missing.join(", ")),
    )
}

pub(crate) fn not_supported(feature: &str) -> Refusal {
    validation(format!("{feature} is not supported by this engine"))
}
