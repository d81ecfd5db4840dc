//! `CreateStack`, `UpdateStack` and `CancelUpdateStack`.

use updraft_api::Refusal;
use updraft_api::cloudformation::ops::{CancelUpdateStack, CreateStack, UpdateStack};
use updraft_api::cloudformation::{
    CancelUpdateStackInput, CancelUpdateStackResponse, CreateStackInput, CreateStackOutput, UpdateStackInput,
    UpdateStackOutput,
};
use updraft_kernel::{Access, Caller, Cx, Handle, Result, Serve, ServeCx};
use updraft_types::cloudformation::StackAt;
use updraft_types::{Arn, Resource as _, Scope};

use super::on_stack;
use crate::cloudformation::model::{self, NAMES, OnFailure, Stack, Wanted};
use crate::cloudformation::run::RunStack;
use crate::cloudformation::{CloudFormation, prepare, refusals};

impl Serve<CreateStack> for CloudFormation {
    fn access(&self, scope: &Scope, input: &CreateStackInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:CreateStack", &input.stack_name)
    }

    async fn serve(&self, cx: ServeCx, input: CreateStackInput) -> Result<CreateStackOutput> {
        let text = prepare::template_text(&cx, input.template_body, input.template_url, None).await?;
        let parameters = prepare::parameters(input.parameters, None)?;
        let tags = prepare::tags(input.tags)?;
        let capabilities = names(input.capabilities);
        let prepared = prepare::prepare(text, parameters, tags, capabilities, cx.scope(), false)?;
        let on_failure = match (input.on_failure.as_ref().map(|o| o.as_str()), input.disable_rollback) {
            (Some(_), Some(true)) => {
                let message =
                    "Invalid set of parameters. Specify either OnFailure or DisableRollback, but not both.";
                return Err(refusals::validation(message).into());
            }
            (Some("DO_NOTHING"), _) | (None, Some(true)) => OnFailure::DoNothing,
            (Some("DELETE"), _) => OnFailure::Delete,
            _ => OnFailure::Rollback,
        };
        let role_arn = role(input.role_arn)?;
        let caller = (*cx.info().caller).clone();
        let name = input.stack_name;
        let protection = input.enable_termination_protection.unwrap_or(false);
        let token = input.client_request_token;
        let id = cx
            .transact(move |cx| {
                if let Some(there) = model::find(cx, &cx.scope().clone(), &name)?
                    && there.status != "REVIEW_IN_PROGRESS"
                {
                    let message = format!("Stack [{name}] already exists");
                    return Err(Refusal::new("AlreadyExistsException", 400, message).into());
                }
                let mut stack = new_stack(cx, &name, caller);
                stack.wanted = prepared.wanted;
                stack.role_arn = role_arn;
                stack.on_failure = on_failure;
                stack.termination_protection = protection;
                stack.token = token;
                begin(cx, stack, "CREATE_IN_PROGRESS")
            })
            .await?;
        Ok(CreateStackOutput { stack_id: Some(id), ..Default::default() })
    }
}

impl Serve<UpdateStack> for CloudFormation {
    fn access(&self, scope: &Scope, input: &UpdateStackInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:UpdateStack", &input.stack_name)
    }

    async fn serve(&self, cx: ServeCx, input: UpdateStackInput) -> Result<UpdateStackOutput> {
        let stack = cx.view(|view| model::need(view, cx.scope(), &input.stack_name))?;
        may_update(&stack)?;
        let previous = (input.use_previous_template == Some(true)).then_some(&stack);
        let text = prepare::template_text(&cx, input.template_body, input.template_url, previous).await?;
        let parameters = prepare::parameters(input.parameters, Some(&stack))?;
        let tags = match input.tags {
            None => stack.wanted.tags.clone(),
            tags => prepare::tags(tags)?,
        };
        let prepared =
            prepare::prepare(text, parameters, tags, names(input.capabilities), cx.scope(), false)?;
        if is_same(&cx, &stack, &prepared)? {
            return Err(refusals::validation("No updates are to be performed.").into());
        }
        let role_arn = role(input.role_arn)?;
        let caller = (*cx.info().caller).clone();
        let on_failure =
            if input.disable_rollback == Some(true) { OnFailure::DoNothing } else { OnFailure::Rollback };
        let (id, operation, token) = (stack.id.clone(), stack.operation, input.client_request_token);
        let started = id.clone();
        cx.transact(move |cx| {
            let scope = cx.scope().clone();
            let mut stack = model::need(cx, &scope, &started)?;
            may_update(&stack)?;
            if stack.operation != operation {
                return Err(refusals::not_in_this_state(&stack.id, &stack.status, "updated").into());
            }
            stack.role_arn = role_arn.or(stack.role_arn);
            stack.caller = caller;
            stack.on_failure = on_failure;
            stack.token = token;
            update(cx, stack, prepared.wanted)
        })
        .await?;
        Ok(UpdateStackOutput { stack_id: Some(id), ..Default::default() })
    }
}

impl Handle<CancelUpdateStack> for CloudFormation {
    fn access(&self, scope: &Scope, input: &CancelUpdateStackInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:CancelUpdateStack", &input.stack_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: CancelUpdateStackInput) -> Result<CancelUpdateStackResponse> {
        let scope = cx.scope().clone();
        let mut stack = model::need(cx, &scope, &input.stack_name)?;
        if stack.status != "UPDATE_IN_PROGRESS" {
            let message = "CancelUpdateStack cannot be called from current stack status";
            return Err(refusals::validation(message).into());
        }
        // The job under way finds its operation taken over, and rolls back when what it began has ended.
        stack.operation += 1;
        model::set_status(
            cx,
            &scope,
            &mut stack,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            Some("User Initiated".to_owned()),
        )?;
        model::put(cx, &scope, &stack)?;
        Ok(CancelUpdateStackResponse {})
    }
}

/// A stack before anything is known of it but its name.
pub(super) fn new_stack(cx: &Cx<'_>, name: &str, caller: Caller) -> Stack {
    let uuid = cx.ids().uuid();
    Stack {
        name: name.to_owned(),
        id: StackAt { name, uuid: &uuid }.arn(cx.scope()).to_string(),
        status: String::new(),
        reason: None,
        created: cx.now(),
        updated: None,
        deleted: None,
        wanted: Wanted::default(),
        before: None,
        outputs: Vec::new(),
        resources: Default::default(),
        leftovers: Vec::new(),
        caller,
        role_arn: None,
        on_failure: OnFailure::Rollback,
        termination_protection: false,
        change_set_id: None,
        operation: 0,
        job: 0,
        token: None,
    }
}

/// Begins an operation: its status, its first event and its job, unless one is under way that goes on
/// with this. Answers the stack's id.
pub(super) fn begin(cx: &mut Cx<'_>, mut stack: Stack, status: &str) -> Result<String> {
    let scope = cx.scope().clone();
    let taken_over = stack.is_busy();
    stack.operation += 1;
    model::set_status(cx, &scope, &mut stack, status, Some("User Initiated".to_owned()))?;
    if !taken_over {
        stack.job = stack.operation;
        let at = cx.now();
        cx.schedule(at, &RunStack { stack_id: stack.id.clone(), operation: stack.operation })?;
    }
    model::put(cx, &scope, &stack)?;
    debug_assert!(NAMES.contains(cx, &(scope, stack.name.clone()))?, "a stack at work is found by its name");
    Ok(stack.id)
}

/// Begins an update.
pub(super) fn update(cx: &mut Cx<'_>, mut stack: Stack, wanted: Wanted) -> Result<String> {
    stack.before = Some(std::mem::replace(&mut stack.wanted, wanted));
    begin(cx, stack, "UPDATE_IN_PROGRESS")
}

/// Refuses an update of a stack that cannot be updated now.
pub(super) fn may_update(stack: &Stack) -> Result<(), Refusal> {
    let ready =
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED"];
    if ready.contains(&stack.status.as_str()) {
        return Ok(());
    }
    Err(refusals::not_in_this_state(&stack.id, &stack.status, "updated"))
}

/// Whether carrying a template out would change nothing.
pub(super) fn is_same(cx: &ServeCx, stack: &Stack, prepared: &prepare::Prepared) -> Result<bool> {
    let changes = super::change_sets::changes_of(cx, Some(stack), prepared)?;
    let outputs = |wanted: &Wanted| wanted.processed.get("Outputs").cloned();
    Ok(changes.is_empty()
        && stack.wanted.tags == prepared.wanted.tags
        && outputs(&stack.wanted) == outputs(&prepared.wanted)
        && !matches!(stack.status.as_str(), "UPDATE_FAILED" | "CREATE_FAILED"))
}

pub(super) fn names(capabilities: Option<Vec<updraft_api::cloudformation::Capability>>) -> Vec<String> {
    capabilities.into_iter().flatten().map(|capability| capability.as_str().to_owned()).collect()
}

pub(super) fn role(arn: Option<String>) -> Result<Option<Arn>, Refusal> {
    arn.map(|arn| {
        arn.parse().map_err(|_| refusals::validation(format!("Role {arn} is invalid or cannot be assumed")))
    })
    .transpose()
}
