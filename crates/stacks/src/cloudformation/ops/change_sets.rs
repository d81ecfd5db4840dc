//! `CreateChangeSet`, `ExecuteChangeSet`, `DeleteChangeSet` and `ListChangeSets`.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_api::cloudformation::ops::{CreateChangeSet, DeleteChangeSet, ExecuteChangeSet, ListChangeSets};
use updraft_api::cloudformation::{
    ChangeSetSummary, CreateChangeSetInput, CreateChangeSetOutput, DeleteChangeSetInput,
    DeleteChangeSetOutput, ExecuteChangeSetInput, ExecuteChangeSetOutput, ListChangeSetsInput,
    ListChangeSetsOutput,
};
use updraft_kernel::{Access, Cx, Fault, Handle, Query, Read, Result, Serve, ServeCx, View};
use updraft_types::cloudformation::{ChangeSetAt, is_name};
use updraft_types::{Arn, Resource as _, Scope};

use super::{on_stack, stacks};
use crate::cloudformation::changes::{self, Change};
use crate::cloudformation::model::{self, CHANGE_SETS, ChangeSet, OnFailure, Stack};
use crate::cloudformation::{CloudFormation, prepare, refusals};

/// What a change set that changes nothing says.
const NOTHING: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

impl Serve<CreateChangeSet> for CloudFormation {
    fn access(&self, scope: &Scope, input: &CreateChangeSetInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:CreateChangeSet", &input.stack_name)
    }

    async fn serve(&self, cx: ServeCx, input: CreateChangeSetInput) -> Result<CreateChangeSetOutput> {
        if !is_name(&input.change_set_name) {
            let message = format!(
                "1 validation error detected: Value '{}' at 'changeSetName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                input.change_set_name
            );
            return Err(refusals::validation(message).into());
        }
        let kind = input.change_set_type.as_ref().map_or("UPDATE", |kind| kind.as_str()).to_owned();
        if kind == "IMPORT" || input.resources_to_import.is_some() {
            return Err(refusals::not_supported("importing resources").into());
        }
        let there = cx.view(|view| model::find(view, cx.scope(), &input.stack_name))?;
        let stack = match (kind.as_str(), there) {
            ("CREATE", Some(stack)) if stack.status != "REVIEW_IN_PROGRESS" => {
                let message = format!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                    stack.name, input.change_set_name
                );
                return Err(refusals::validation(message).into());
            }
            ("CREATE", there) => there,
            (_, None) => return Err(refusals::no_stack_named(&input.stack_name).into()),
            (_, Some(stack)) => {
                stacks::may_update(&stack)?;
                Some(stack)
            }
        };
        let existing = stack.as_ref().filter(|stack| stack.status != "REVIEW_IN_PROGRESS");
        let previous = existing.filter(|_| input.use_previous_template == Some(true));
        let text = prepare::template_text(&cx, input.template_body, input.template_url, previous).await?;
        let parameters = prepare::parameters(input.parameters, existing)?;
        let tags = match (input.tags, existing) {
            (None, Some(stack)) => stack.wanted.tags.clone(),
            (tags, _) => prepare::tags(tags)?,
        };
        let capabilities = stacks::names(input.capabilities);
        let prepared = prepare::prepare(text, parameters, tags, capabilities, cx.scope(), true)?;
        let changes = changes_of(&cx, existing, &prepared)?;
        let same = match existing {
            Some(stack) => stacks::is_same(&cx, stack, &prepared)?,
            None => false,
        };
        let role_arn = stacks::role(input.role_arn)?;
        let on_failure = match input.on_stack_failure.as_ref().map(|on| on.as_str()) {
            Some("DO_NOTHING") => OnFailure::DoNothing,
            Some("DELETE") => OnFailure::Delete,
            _ => OnFailure::Rollback,
        };
        let caller = (*cx.info().caller).clone();
        let (stack_name, name, description) = (input.stack_name, input.change_set_name, input.description);
        cx.transact(move |cx| {
            let scope = cx.scope().clone();
            let stack = match model::find(cx, &scope, &stack_name)? {
                Some(stack) => stack,
                None => {
                    let mut stack = stacks::new_stack(cx, &stack_name, caller.clone());
                    let reason = Some("User Initiated".to_owned());
                    model::set_status(cx, &scope, &mut stack, "REVIEW_IN_PROGRESS", reason)?;
                    model::put(cx, &scope, &stack)?;
                    stack
                }
            };
            let place = (scope.clone(), stack.id.clone(), name.clone());
            if CHANGE_SETS.contains(cx, &place)? {
                let message = format!("ChangeSet {name} already exists");
                return Err(Refusal::new("AlreadyExistsException", 400, message).into());
            }
            let uuid = cx.ids().uuid();
            let (status, execution) =
                if same { ("FAILED", "UNAVAILABLE") } else { ("CREATE_COMPLETE", "AVAILABLE") };
            let change_set = ChangeSet {
                id: ChangeSetAt { name: &name, uuid: &uuid }.arn(&scope).to_string(),
                name: name.clone(),
                stack_id: stack.id.clone(),
                stack_name: stack.name.clone(),
                created: cx.now(),
                description,
                status: status.to_owned(),
                reason: same.then(|| NOTHING.to_owned()),
                execution: execution.to_owned(),
                wanted: prepared.wanted,
                changes,
                role_arn,
                on_failure,
                caller,
            };
            CHANGE_SETS.put(cx, &place, &change_set)?;
            Ok(CreateChangeSetOutput { id: Some(change_set.id), stack_id: Some(stack.id) })
        })
        .await
    }
}

/// What carrying out a prepared template would change.
pub(super) fn changes_of(
    cx: &ServeCx,
    stack: Option<&Stack>,
    prepared: &prepare::Prepared,
) -> Result<Vec<Change>> {
    let exports = cx.view(|view| model::exports(view, cx.scope()))?;
    let exports: BTreeMap<_, _> = exports.into_iter().map(|(name, value, _)| (name, value)).collect();
    Ok(changes::compute(stack, &prepared.template, &prepared.wanted, cx.scope(), &exports)?)
}

/// A change set by its id, or by its name and its stack's.
pub(super) fn find(
    read: &(impl Read + ?Sized),
    scope: &Scope,
    name_or_id: &str,
    stack_name: Option<&str>,
) -> Result<ChangeSet> {
    let missing = || refusals::no_change_set(name_or_id);
    if name_or_id.parse::<Arn>().is_ok() {
        let all = CHANGE_SETS.all(read, scope)?;
        let found =
            all.into_iter().map(|(_, change_set)| change_set).find(|change_set| change_set.id == name_or_id);
        return Ok(found.ok_or_else(missing)?);
    }
    let Some(stack_name) = stack_name else {
        let message = "StackName must be specified if ChangeSetName is not specified as an ARN.";
        return Err(refusals::validation(message).into());
    };
    let stack = model::need(read, scope, stack_name)?;
    Ok(CHANGE_SETS.get(read, &(scope.clone(), stack.id, name_or_id.to_owned()))?.ok_or_else(missing)?)
}

/// What IAM must allow for an operation on a change set: the action on its stack.
pub(super) fn on_change_set(
    scope: &Scope,
    action: &'static str,
    name_or_id: &str,
    stack_name: Option<&str>,
) -> Result<Vec<Access>> {
    match (name_or_id.parse::<Arn>(), stack_name) {
        (_, Some(stack)) => on_stack(scope, action, stack),
        (Ok(arn), None) => Ok(vec![Access::to(action, arn)]),
        (Err(_), None) => {
            let message = "StackName must be specified if ChangeSetName is not specified as an ARN.";
            Err(refusals::validation(message).into())
        }
    }
}

impl Handle<ExecuteChangeSet> for CloudFormation {
    fn access(&self, scope: &Scope, input: &ExecuteChangeSetInput) -> Result<Vec<Access>> {
        on_change_set(
            scope,
            "cloudformation:ExecuteChangeSet",
            &input.change_set_name,
            input.stack_name.as_deref(),
        )
    }

    fn handle(&self, cx: &mut Cx<'_>, input: ExecuteChangeSetInput) -> Result<ExecuteChangeSetOutput> {
        let scope = cx.scope().clone();
        let mut change_set = find(cx, &scope, &input.change_set_name, input.stack_name.as_deref())?;
        if change_set.execution != "AVAILABLE" {
            let message = format!(
                "ChangeSet [{}] cannot be executed in its current status of [{}]",
                change_set.id, change_set.status
            );
            return Err(Refusal::new("InvalidChangeSetStatus", 400, message).into());
        }
        let mut stack = model::need(cx, &scope, &change_set.stack_id)?;
        change_set.execution = "EXECUTE_IN_PROGRESS".to_owned();
        CHANGE_SETS.put(cx, &(scope.clone(), stack.id.clone(), change_set.name.clone()), &change_set)?;
        stack.change_set_id = Some(change_set.id);
        stack.role_arn = change_set.role_arn.or(stack.role_arn);
        stack.caller = (*cx.info().caller).clone();
        stack.on_failure =
            if input.disable_rollback == Some(true) { OnFailure::DoNothing } else { change_set.on_failure };
        stack.token = input.client_request_token;
        if stack.status == "REVIEW_IN_PROGRESS" {
            stack.wanted = change_set.wanted;
            stacks::begin(cx, stack, "CREATE_IN_PROGRESS")?;
        } else {
            stacks::may_update(&stack)?;
            stacks::update(cx, stack, change_set.wanted)?;
        }
        Ok(ExecuteChangeSetOutput {})
    }
}

/// Ends the execution of a stack's change set with the stack's own operation; the others are
/// obsolete then.
pub(in super::super) fn finish_change_set(
    cx: &mut Cx<'_>,
    scope: &Scope,
    stack: &Stack,
) -> Result<(), Fault> {
    if stack.is_busy() {
        return Ok(());
    }
    let succeeded = matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
    for (place, mut change_set) in CHANGE_SETS.all(cx, &(scope.clone(), stack.id.clone()))? {
        let execution = match change_set.execution.as_str() {
            "EXECUTE_IN_PROGRESS" if succeeded => "EXECUTE_COMPLETE",
            "EXECUTE_IN_PROGRESS" => "EXECUTE_FAILED",
            "AVAILABLE" => "OBSOLETE",
            _ => continue,
        };
        change_set.execution = execution.to_owned();
        CHANGE_SETS.put(cx, &place, &change_set)?;
    }
    Ok(())
}

impl Handle<DeleteChangeSet> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DeleteChangeSetInput) -> Result<Vec<Access>> {
        on_change_set(
            scope,
            "cloudformation:DeleteChangeSet",
            &input.change_set_name,
            input.stack_name.as_deref(),
        )
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteChangeSetInput) -> Result<DeleteChangeSetOutput> {
        let scope = cx.scope().clone();
        let found = find(cx, &scope, &input.change_set_name, input.stack_name.as_deref());
        let change_set = match found {
            Ok(change_set) => change_set,
            // Deleting what is not there succeeds, as long as its stack is.
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == "ChangeSetNotFound") => {
                return Ok(DeleteChangeSetOutput {});
            }
            Err(error) => return Err(error),
        };
        if change_set.execution == "EXECUTE_IN_PROGRESS" {
            let message = format!("ChangeSet [{}] cannot be deleted while it is executed", change_set.id);
            return Err(Refusal::new("InvalidChangeSetStatus", 400, message).into());
        }
        CHANGE_SETS.delete(cx, &(scope, change_set.stack_id, change_set.name));
        Ok(DeleteChangeSetOutput {})
    }
}

impl Query<ListChangeSets> for CloudFormation {
    fn access(&self, scope: &Scope, input: &ListChangeSetsInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:ListChangeSets", &input.stack_name)
    }

    fn query(&self, view: &View<'_>, input: ListChangeSetsInput) -> Result<ListChangeSetsOutput> {
        let stack = model::need(view, view.scope(), &input.stack_name)?;
        let all = CHANGE_SETS.all(view, &(view.scope().clone(), stack.id))?;
        let summaries = all.into_iter().map(|(_, change_set)| ChangeSetSummary {
            stack_id: Some(change_set.stack_id),
            stack_name: Some(change_set.stack_name),
            change_set_id: Some(change_set.id),
            change_set_name: Some(change_set.name),
            execution_status: Some(change_set.execution.as_str().into()),
            status: Some(change_set.status.as_str().into()),
            status_reason: change_set.reason,
            creation_time: Some(change_set.created),
            description: change_set.description,
            include_nested_stacks: Some(false),
            ..Default::default()
        });
        Ok(ListChangeSetsOutput { summaries: Some(summaries.collect()), next_token: None })
    }
}
