//! `CreateStateMachine`: a machine by a name that is not taken; the same one again is no error.

use std::collections::BTreeMap;

use updraft_api::states::ops::CreateStateMachine;
use updraft_api::states::{self as api, errors};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::states::{QualifiedAt, StateMachineAt};
use updraft_types::{Arn, Resource as _, Scope};

use crate::states::model::{Logging, MACHINES, Machine, MachineType, REVISIONS, Revision, VERSIONS, Version};
use crate::states::{States, definitions, names, refusals};

impl Handle<CreateStateMachine> for States {
    fn access(&self, scope: &Scope, input: &api::CreateStateMachineInput) -> Result<Vec<Access>> {
        let arn = StateMachineAt(&input.name).arn(scope);
        let mut access = vec![Access::to("states:CreateStateMachine", arn.clone()).to_make()];
        access.extend(pass_role(&input.role_arn)?);
        if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            access.push(Access::to("states:TagResource", arn).to_make());
        }
        Ok(access)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::CreateStateMachineInput,
    ) -> Result<api::CreateStateMachineOutput> {
        names::check(&input.name)?;
        let publish = input.publish.unwrap_or(false);
        if input.version_description.is_some() && !publish {
            return Err(refusals::invalid("Version description can only be set when publish is true").into());
        }
        let kind = match &input.r#type {
            Some(api::StateMachineType::Express) => MachineType::Express,
            _ => MachineType::Standard,
        };
        let revision = Revision {
            role: role(&input.role_arn)?,
            logging: logging(input.logging_configuration)?,
            tracing: input.tracing_configuration.and_then(|tracing| tracing.enabled).unwrap_or(false),
            updated: cx.now(),
            author: (*cx.info().caller).clone(),
            definition: input.definition,
        };
        definitions::check(&revision.definition)?;
        let scope = cx.scope().clone();
        let (name, tags) = (input.name, tags(input.tags));
        let arn = StateMachineAt(&name).arn(&scope);
        let key = (scope.clone(), name.clone());
        if let Some(before) = MACHINES.get(cx, &key)? {
            return again(cx, &arn, &name, &before, kind, &revision, publish);
        }
        let id = cx.ids().uuid();
        let machine = Machine {
            kind,
            created: cx.now(),
            revision: id.clone(),
            first_revision: id.clone(),
            encryption: encryption(input.encryption_configuration),
            next_version: 1 + u64::from(publish),
            tags,
        };
        MACHINES.put(cx, &key, &machine)?;
        REVISIONS.put(cx, &(scope.clone(), name.clone(), id.clone()), &revision)?;
        let mut version_arn = None;
        if publish {
            let version =
                Version { revision: id, description: input.version_description, created: machine.created };
            VERSIONS.put(cx, &(scope.clone(), name.clone(), 1), &version)?;
            version_arn = Some(QualifiedAt(&name, "1").arn(&scope).to_string());
        }
        Ok(api::CreateStateMachineOutput {
            state_machine_arn: arn.to_string(),
            creation_date: machine.created,
            state_machine_version_arn: version_arn,
        })
    }
}

/// A machine that is there already: the same request is answered as the first time
/// ("CreateStateMachine is an idempotent API", API reference).
fn again(
    cx: &Cx<'_>,
    arn: &Arn,
    name: &str,
    before: &Machine,
    kind: MachineType,
    revision: &Revision,
    publish: bool,
) -> Result<api::CreateStateMachineOutput> {
    let scope = cx.scope();
    let stored = REVISIONS.get(cx, &(scope.clone(), name.to_owned(), before.revision.clone()))?;
    // The role and the tags are not compared (the same page).
    let same = stored.is_some_and(|stored| {
        stored.definition == revision.definition
            && stored.logging == revision.logging
            && stored.tracing == revision.tracing
    });
    if !same || before.kind != kind {
        return Err(refusals::machine_exists(arn).into());
    }
    let newest = publish.then(|| (before.next_version - 1).max(1).to_string());
    Ok(api::CreateStateMachineOutput {
        state_machine_arn: arn.to_string(),
        creation_date: before.created,
        state_machine_version_arn: newest.map(|number| QualifiedAt(name, &number).arn(scope).to_string()),
    })
}

/// The right to give a machine its role.
pub(super) fn pass_role(text: &str) -> Result<Option<Access>> {
    let passed_to = ["states.amazonaws.com".to_owned()];
    let role = text.parse::<Arn>().ok();
    Ok(role.map(|role| Access::to("iam:PassRole", role).with("iam:PassedToService", passed_to)))
}

/// A role's ARN.
pub(super) fn role(text: &str) -> Result<String> {
    let arn: Option<Arn> = text.parse().ok();
    let sound = arn.is_some_and(|arn| arn.service() == "iam" && arn.resource().starts_with("role/"));
    if sound {
        Ok(text.to_owned())
    } else {
        Err(errors::INVALID_ARN.refuse(format!("Invalid Role Arn: '{text}'")).into())
    }
}

/// A logging configuration.
pub(super) fn logging(given: Option<api::LoggingConfiguration>) -> Result<Logging> {
    let Some(given) = given else { return Ok(Logging::default()) };
    let invalid = |message: &str| {
        let message = format!("Invalid Logging Configuration: {message}");
        errors::INVALID_LOGGING_CONFIGURATION.refuse(message)
    };
    let level = given.level.map_or("OFF".to_owned(), |level| level.as_str().to_owned());
    let groups = given.destinations.map(|destinations| {
        destinations
            .into_iter()
            .filter_map(|destination| destination.cloud_watch_logs_log_group?.log_group_arn)
            .collect::<Vec<_>>()
    });
    let count = groups.as_ref().map_or(0, Vec::len);
    if count > 1 || (level != "OFF" && count != 1) {
        return Err(invalid("Must specify exactly one Log Destination.").into());
    }
    Ok(Logging { level, include_execution_data: given.include_execution_data.unwrap_or(false), groups })
}

/// An encryption configuration.
pub(super) fn encryption(
    given: Option<api::EncryptionConfiguration>,
) -> Option<(Option<String>, Option<i32>, String)> {
    let given = given?;
    let kind = given.r#type.as_str().to_owned();
    Some((given.kms_key_id, given.kms_data_key_reuse_period_seconds, kind))
}

/// Tags by key.
pub(super) fn tags(given: Option<Vec<api::Tag>>) -> BTreeMap<String, String> {
    let pairs = given.unwrap_or_default().into_iter();
    pairs.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

/// The machine of that name, or AWS's refusal.
pub(super) fn existing(cx: &Cx<'_>, key: &(Scope, String)) -> Result<Machine> {
    let found = MACHINES.get(cx, key)?;
    Ok(found.ok_or_else(|| refusals::machine_missing(StateMachineAt(&key.1).arn(&key.0)))?)
}
