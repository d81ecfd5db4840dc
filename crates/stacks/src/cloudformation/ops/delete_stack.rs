//! `DeleteStack`.

use updraft_api::cloudformation::ops::DeleteStack;
use updraft_api::cloudformation::{DeleteStackInput, DeleteStackResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::{on_stack, stacks};
use crate::cloudformation::{CloudFormation, model, refusals};

impl Handle<DeleteStack> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DeleteStackInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:DeleteStack", &input.stack_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteStackInput) -> Result<DeleteStackResponse> {
        let scope = cx.scope().clone();
        // Deleting what is not there succeeds, as on AWS.
        let Some(mut stack) = model::find(cx, &scope, &input.stack_name)? else {
            return Ok(DeleteStackResponse {});
        };
        if stack.status == "DELETE_COMPLETE" || stack.status == "DELETE_IN_PROGRESS" {
            return Ok(DeleteStackResponse {});
        }
        // What is being made may be deleted at once; what is being updated must be at rest.
        if stack.is_busy() && stack.status.starts_with("UPDATE") {
            let message =
                format!("Stack [{}] cannot be deleted while in status {}", stack.name, stack.status);
            return Err(refusals::validation(message).into());
        }
        if stack.termination_protection {
            let message =
                format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name);
            return Err(refusals::validation(message).into());
        }
        let used: Vec<_> = stack.outputs.iter().filter_map(|output| output.export.clone()).collect();
        if let Some(importer) = importer(cx, &scope, &stack.id, &used)? {
            let message =
                format!("Export {} cannot be deleted as it is in use by {importer}", used.join(", "));
            return Err(refusals::validation(message).into());
        }
        let retained = input.retain_resources.unwrap_or_default();
        if !retained.is_empty() && stack.status != "DELETE_FAILED" {
            let message = format!(
                "Invalid operation on stack [{}]. When specifying resources to retain, the stack must be in the \
                 DELETE_FAILED state. To delete this stack, first delete it without specifying resources to retain.",
                stack.id
            );
            return Err(refusals::validation(message).into());
        }
        for name in retained {
            if let Some(resource) = stack.resources.get_mut(&name) {
                resource.deletion_policy = Some("Retain".to_owned());
            }
        }
        stack.role_arn = stacks::role(input.role_arn)?.or(stack.role_arn);
        stack.caller = (*cx.info().caller).clone();
        stack.token = input.client_request_token;
        stacks::begin(cx, stack, "DELETE_IN_PROGRESS")?;
        Ok(DeleteStackResponse {})
    }
}

/// A stack that imports one of the exports.
fn importer(cx: &Cx<'_>, scope: &Scope, own: &str, exports: &[String]) -> Result<Option<String>> {
    if exports.is_empty() {
        return Ok(None);
    }
    let uses = |text: &str| {
        exports.iter().any(|name| text.contains("Fn::ImportValue") && text.contains(name.as_str()))
    };
    let others = model::STACKS.all(cx, scope)?.into_iter().map(|(_, stack)| stack);
    let mut living = others.filter(|stack| stack.id != own && stack.status != "DELETE_COMPLETE");
    Ok(living.find(|stack| uses(&stack.wanted.processed.to_string())).map(|stack| stack.name))
}
