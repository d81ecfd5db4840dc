//! Taking an environment away.

use super::run::stack_failed;
use super::stack::Stack;
use crate::environment::{Environment, call_failed};
use crate::{Clock, Outcome, Progress};

/// Deletes the stack, then the packages and records; how many objects these were.
pub async fn destroy(
    environment: &Environment,
    clock: &dyn Clock,
    progress: &dyn Progress,
) -> Outcome<usize> {
    let stack = Stack { client: &environment.client, clock, progress, name: environment.stack.clone() };
    stack.settled().await.map_err(stack_failed)?;
    stack.delete().await.map_err(stack_failed)?;
    // The bucket last: until the stack is gone, its functions' code may be asked for.
    environment.bucket.destroy().await.map_err(call_failed)
}
