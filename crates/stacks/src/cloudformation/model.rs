//! What CloudFormation keeps of stacks, their resources, events and change sets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use updraft_kernel::{Caller, Cx, Fault, Read, Result, Table, json_record};
use updraft_types::{Arn, Scope, Timestamp};

use super::refusals;

/// A stack.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) deleted: Option<Timestamp>,
    /// What the stack is, or is becoming.
    pub(crate) wanted: Wanted,
    /// What it was before the operation under way; a rollback goes back to it.
    pub(crate) before: Option<Wanted>,
    pub(crate) outputs: Vec<OutputValue>,
    pub(crate) resources: BTreeMap<String, Resource>,
    /// Resources out of the stack that are still to be deleted, last first.
    #[serde(default)]
    pub(crate) leftovers: Vec<Resource>,
    pub(crate) caller: Caller,
    pub(crate) role_arn: Option<Arn>,
    pub(crate) on_failure: OnFailure,
    pub(crate) termination_protection: bool,
    pub(crate) change_set_id: Option<String>,
    /// Tells an operation from the next.
    pub(crate) operation: u64,
    /// The operation whose job is at work. An operation that takes a stack over from another, as a
    /// cancellation does, leaves it to the job under way, which knows what is half done.
    #[serde(default)]
    pub(crate) job: u64,
    #[serde(default)]
    pub(crate) token: Option<String>,
}

json_record!(Stack, 1);

/// What a stack is to be: everything an operation is asked with.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wanted {
    /// The template as it was sent.
    pub(crate) template: String,
    /// The template with its transforms carried out, as a value.
    pub(crate) processed: Value,
    /// The parameters as they were given.
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: Vec<String>,
}

/// What is done when an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum OnFailure {
    Rollback,
    Delete,
    DoNothing,
}

/// An output with its value.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct OutputValue {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Resource {
    pub(crate) logical_id: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) changed: Timestamp,
    /// The name it was made under, or is being made under.
    pub(crate) physical_id: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Its resolved properties, as they are now.
    pub(crate) properties: Map<String, Value>,
    pub(crate) deletion_policy: Option<String>,
    pub(crate) replace_policy: Option<String>,
    /// The resources of the stack it was made after; it is deleted before them.
    #[serde(default)]
    pub(crate) depends_on: BTreeSet<String>,
    /// As it was before the operation under way changed it.
    #[serde(default)]
    pub(crate) before: Option<Box<Resource>>,
    /// Made by the operation under way.
    #[serde(default)]
    pub(crate) fresh: bool,
}

/// An event of a stack.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) properties: Option<String>,
    pub(crate) token: Option<String>,
}

json_record!(Event, 1);

/// A change set.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stack_id: String,
    pub(crate) stack_name: String,
    pub(crate) created: Timestamp,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) execution: String,
    pub(crate) wanted: Wanted,
    pub(crate) changes: Vec<super::changes::Change>,
    pub(crate) role_arn: Option<Arn>,
    pub(crate) on_failure: OnFailure,
    pub(crate) caller: Caller,
}

json_record!(ChangeSet, 1);

/// Stacks by their id, deleted ones too.
pub(crate) const STACKS: Table<(Scope, String), Stack> = Table::new("cloudformation.stack");
/// The ids of living stacks by name.
pub(crate) const NAMES: Table<(Scope, String), Vec<u8>> = Table::new("cloudformation.name");
/// Events by stack id, in order.
pub(crate) const EVENTS: Table<(Scope, String, u64), Event> = Table::new("cloudformation.event");
/// How many events a stack has.
const EVENT_COUNTS: Table<(Scope, String), u64> = Table::new("cloudformation.event_count");
/// Change sets by stack id and name.
pub(crate) const CHANGE_SETS: Table<(Scope, String, String), ChangeSet> =
    Table::new("cloudformation.change_set");

/// The type that a stack's own events carry.
pub(crate) const STACK_KIND: &str = "AWS::CloudFormation::Stack";

impl Stack {
    /// Whether an operation is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }
}

/// A stack by name or id. A name finds a living stack only.
pub(crate) fn find(
    read: &(impl Read + ?Sized),
    scope: &Scope,
    name_or_id: &str,
) -> Result<Option<Stack>, Fault> {
    if name_or_id.parse::<Arn>().is_ok() {
        return STACKS.get(read, &(scope.clone(), name_or_id.to_owned()));
    }
    let id = NAMES.get(read, &(scope.clone(), name_or_id.to_owned()))?;
    let Some(id) = id.and_then(|id| String::from_utf8(id).ok()) else { return Ok(None) };
    STACKS.get(read, &(scope.clone(), id))
}

/// A stack that must be there.
pub(crate) fn need(read: &(impl Read + ?Sized), scope: &Scope, name: &str) -> Result<Stack> {
    Ok(find(read, scope, name)?.ok_or_else(|| refusals::no_stack_named(name))?)
}

/// Writes a stack.
pub(crate) fn put(cx: &mut Cx<'_>, scope: &Scope, stack: &Stack) -> Result<(), Fault> {
    let name = (scope.clone(), stack.name.clone());
    if stack.status == "DELETE_COMPLETE" {
        if NAMES.get(cx, &name)?.is_some_and(|id| id == stack.id.as_bytes()) {
            NAMES.delete(cx, &name);
        }
    } else {
        NAMES.put(cx, &name, &stack.id.clone().into_bytes())?;
    }
    STACKS.put(cx, &(scope.clone(), stack.id.clone()), stack)
}

/// Writes what was done to a stack's resources. Where another operation has taken the stack over
/// meanwhile, all else is as that one says; answers the stack as it is written.
pub(crate) fn put_progress(cx: &mut Cx<'_>, scope: &Scope, stack: &Stack) -> Result<Stack, Fault> {
    let stored = STACKS.get(cx, &(scope.clone(), stack.id.clone()))?;
    let written = match stored.filter(|stored| stored.operation != stack.operation) {
        Some(newer) => {
            Stack { resources: stack.resources.clone(), leftovers: stack.leftovers.clone(), ..newer }
        }
        None => stack.clone(),
    };
    put(cx, scope, &written)?;
    Ok(written)
}

/// Sets a stack's status, and tells it as an event.
pub(crate) fn set_status(
    cx: &mut Cx<'_>,
    scope: &Scope,
    stack: &mut Stack,
    status: &str,
    reason: Option<String>,
) -> Result<(), Fault> {
    stack.status = status.to_owned();
    stack.reason = reason.clone();
    let event = Event {
        id: String::new(),
        at: cx.now(),
        logical_id: stack.name.clone(),
        physical_id: stack.id.clone(),
        kind: STACK_KIND.to_owned(),
        status: status.to_owned(),
        reason,
        properties: None,
        token: stack.token.clone(),
    };
    tell(cx, scope, &stack.id, event)
}

/// Tells an event.
pub(crate) fn tell(cx: &mut Cx<'_>, scope: &Scope, stack_id: &str, mut event: Event) -> Result<(), Fault> {
    let place = (scope.clone(), stack_id.to_owned());
    let number = EVENT_COUNTS.get(cx, &place)?.unwrap_or(0);
    let stem = if event.kind == STACK_KIND {
        String::new()
    } else {
        format!("{}-{}-", event.logical_id, event.status)
    };
    event.id = format!("{stem}{}", cx.ids().uuid());
    EVENT_COUNTS.put(cx, &place, &(number + 1))?;
    EVENTS.put(cx, &(scope.clone(), stack_id.to_owned(), number), &event)
}

/// Every export of the scope: name, value, stack id.
pub(crate) fn exports(
    read: &(impl Read + ?Sized),
    scope: &Scope,
) -> Result<Vec<(String, String, String)>, Fault> {
    let mut all = Vec::new();
    for (_, stack) in STACKS.all(read, scope)? {
        if stack.status == "DELETE_COMPLETE" {
            continue;
        }
        for output in stack.outputs {
            if let Some(name) = output.export {
                all.push((name, output.value, stack.id.clone()));
            }
        }
    }
    all.sort();
    Ok(all)
}
