//! The operations of CloudFormation.

mod change_sets;
mod delete_stack;
mod describe_change_set;
mod describe_stacks;
mod events;
mod exports;
mod list_stacks;
mod resources;
mod stacks;
mod templates;

pub(super) use change_sets::finish_change_set;

use updraft_kernel::{Access, Result};
use updraft_types::cloudformation::StackAt;
use updraft_types::{Arn, Resource as _, Scope};

/// What IAM must allow for an operation on a stack, named or by its id.
fn on_stack(scope: &Scope, action: &'static str, name_or_id: &str) -> Result<Vec<Access>> {
    if let Ok(arn) = name_or_id.parse::<Arn>() {
        return Ok(vec![Access::to(action, arn)]);
    }
    if !updraft_types::cloudformation::is_name(name_or_id) {
        let message = format!(
            "1 validation error detected: Value '{name_or_id}' at 'stackName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        );
        return Err(super::refusals::validation(message).into());
    }
    Ok(vec![Access::to(action, StackAt { name: name_or_id, uuid: "*" }.arn(scope))])
}
