//! Versions: a revision that stays, under a number.

use updraft_api::states::ops::{
    DeleteStateMachineVersion, ListStateMachineVersions, PublishStateMachineVersion,
};
use updraft_api::states::{self as api, errors};
use updraft_kernel::{Access, Cx, Direction, Handle, Query, Result, View};
use updraft_types::states::QualifiedAt;
use updraft_types::{Resource as _, Scope, Timestamp};

use super::create_state_machine::existing;
use crate::states::model::{ALIASES, MACHINES, Machine, VERSIONS, Version};
use crate::states::{States, names, refusals};

/// The most versions of a machine ("Step Functions service quotas": 1,000).
const VERSIONS_MAX: usize = 1_000;

/// Publishes the revision in force; one that is published already keeps its number.
pub(super) fn publish(
    cx: &mut Cx<'_>,
    scope: &Scope,
    name: &str,
    machine: &mut Machine,
    description: Option<String>,
) -> Result<(String, Timestamp)> {
    let arn = |number: u64| QualifiedAt(name, &number.to_string()).arn(scope).to_string();
    let newest = VERSIONS.page(cx, &(scope.clone(), name.to_owned()), None, Direction::Reverse, 1)?;
    if let Some((key, version)) = newest.entries.first()
        && version.revision == machine.revision
    {
        return Ok((arn(key.2), version.created));
    }
    let count = VERSIONS.all(cx, &(scope.clone(), name.to_owned()))?.len();
    if count >= VERSIONS_MAX {
        let message = format!("A state machine has {VERSIONS_MAX} versions at most");
        return Err(errors::SERVICE_QUOTA_EXCEEDED_EXCEPTION.refuse(message).into());
    }
    let number = machine.next_version;
    machine.next_version += 1;
    let version = Version { revision: machine.revision.clone(), description, created: cx.now() };
    VERSIONS.put(cx, &(scope.clone(), name.to_owned(), number), &version)?;
    Ok((arn(number), version.created))
}

impl Handle<PublishStateMachineVersion> for States {
    fn access(&self, _scope: &Scope, input: &api::PublishStateMachineVersionInput) -> Result<Vec<Access>> {
        names::access("states:PublishStateMachineVersion", &input.state_machine_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::PublishStateMachineVersionInput,
    ) -> Result<api::PublishStateMachineVersionOutput> {
        let (_, scope, name, qualifier) = names::machine(&input.state_machine_arn)?;
        if qualifier.is_some() {
            return Err(refusals::wrong_resource(&input.state_machine_arn, "state machine").into());
        }
        let key = (scope.clone(), name.clone());
        let mut machine = existing(cx, &key)?;
        if let Some(wanted) = &input.revision_id {
            let initial = wanted == "INITIAL" && machine.revision == machine.first_revision;
            if !initial && *wanted != machine.revision {
                let message = format!(
                    "Failed to publish the State Machine version for revision {wanted}. The current State Machine revision is {}.",
                    machine.revision
                );
                return Err(errors::CONFLICT_EXCEPTION.refuse(message).into());
            }
        }
        let (arn, created) = publish(cx, &scope, &name, &mut machine, input.description)?;
        MACHINES.put(cx, &key, &machine)?;
        Ok(api::PublishStateMachineVersionOutput { creation_date: created, state_machine_version_arn: arn })
    }
}

impl Handle<DeleteStateMachineVersion> for States {
    fn access(&self, _scope: &Scope, input: &api::DeleteStateMachineVersionInput) -> Result<Vec<Access>> {
        names::access("states:DeleteStateMachineVersion", &input.state_machine_version_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteStateMachineVersionInput,
    ) -> Result<api::DeleteStateMachineVersionOutput> {
        let (scope, name, number) = names::version(&input.state_machine_version_arn)?;
        let aliases = ALIASES.all(cx, &(scope.clone(), name.clone()))?;
        let using: Vec<String> = aliases
            .into_iter()
            .filter(|(_, alias)| alias.routing.iter().any(|(version, _)| *version == number))
            .map(|((_, _, alias), _)| alias)
            .collect();
        if !using.is_empty() {
            let message = format!(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [{}]",
                using.join(", ")
            );
            return Err(errors::CONFLICT_EXCEPTION.refuse(message).into());
        }
        VERSIONS.delete(cx, &(scope, name, number));
        Ok(api::DeleteStateMachineVersionOutput {})
    }
}

impl Query<ListStateMachineVersions> for States {
    fn access(&self, _scope: &Scope, input: &api::ListStateMachineVersionsInput) -> Result<Vec<Access>> {
        names::access("states:ListStateMachineVersions", &input.state_machine_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListStateMachineVersionsInput,
    ) -> Result<api::ListStateMachineVersionsOutput> {
        let (arn, scope, name, _) = names::machine(&input.state_machine_arn)?;
        if !MACHINES.contains(view, &(scope.clone(), name.clone()))? {
            return Err(refusals::machine_missing(&arn).into());
        }
        let after: Option<u64> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|number| (scope.clone(), name.clone(), number));
        let limit = names::page_size(input.max_results);
        // The newest first.
        let page = VERSIONS.page(view, &(scope, name), after.as_ref(), Direction::Reverse, limit)?;
        let last = page.entries.last().map(|(key, _)| names::page_token(&key.2));
        let versions = page.entries.into_iter().map(|((scope, name, number), version)| {
            api::StateMachineVersionListItem {
                state_machine_version_arn: QualifiedAt(&name, &number.to_string()).arn(&scope).to_string(),
                creation_date: version.created,
            }
        });
        Ok(api::ListStateMachineVersionsOutput {
            state_machine_versions: versions.collect(),
            next_token: last.filter(|_| page.more),
        })
    }
}
