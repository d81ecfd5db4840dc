//! `UpdateStateMachine`: what is given takes the place of what was; executions under way go on with
//! what they began with.

use updraft_api::states::ops::UpdateStateMachine;
use updraft_api::states::{self as api, errors};
use updraft_kernel::{Access, Cx, Fault, Handle, Result};
use updraft_types::Scope;

use super::create_state_machine::{encryption, existing, logging, pass_role, role};
use super::versions;
use crate::states::model::{MACHINES, REVISIONS};
use crate::states::{States, definitions, names, refusals};

impl Handle<UpdateStateMachine> for States {
    fn access(&self, _scope: &Scope, input: &api::UpdateStateMachineInput) -> Result<Vec<Access>> {
        let mut access = names::access("states:UpdateStateMachine", &input.state_machine_arn)?;
        if let Some(role) = &input.role_arn {
            access.extend(pass_role(role)?);
        }
        Ok(access)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateStateMachineInput,
    ) -> Result<api::UpdateStateMachineOutput> {
        let (_, scope, name, qualifier) = names::machine(&input.state_machine_arn)?;
        if qualifier.is_some() {
            return Err(refusals::wrong_resource(&input.state_machine_arn, "state machine").into());
        }
        let publish = input.publish.unwrap_or(false);
        if input.version_description.is_some() && !publish {
            return Err(refusals::invalid("Version description can only be set when publish is true").into());
        }
        let key = (scope.clone(), name.clone());
        let mut machine = existing(cx, &key)?;
        let changes = input.definition.is_some()
            || input.role_arn.is_some()
            || input.logging_configuration.is_some()
            || input.tracing_configuration.is_some()
            || input.encryption_configuration.is_some();
        if !changes {
            let message = "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration, or the EncryptionConfiguration must be specified";
            return Err(errors::MISSING_REQUIRED_PARAMETER.refuse(message).into());
        }
        let stored = REVISIONS.get(cx, &(scope.clone(), name.clone(), machine.revision.clone()))?;
        let mut revision = stored.ok_or_else(|| Fault::new(format!("find the revision of {name}")))?;
        if let Some(definition) = input.definition {
            definitions::check(&definition)?;
            revision.definition = definition;
        }
        if let Some(given) = &input.role_arn {
            revision.role = role(given)?;
        }
        if input.logging_configuration.is_some() {
            revision.logging = logging(input.logging_configuration)?;
        }
        if let Some(tracing) = input.tracing_configuration {
            revision.tracing = tracing.enabled.unwrap_or(false);
        }
        if input.encryption_configuration.is_some() {
            machine.encryption = encryption(input.encryption_configuration);
        }
        revision.updated = cx.now();
        revision.author = (*cx.info().caller).clone();
        let id = cx.ids().uuid();
        REVISIONS.put(cx, &(scope.clone(), name.clone(), id.clone()), &revision)?;
        machine.revision = id.clone();
        let mut version_arn = None;
        if publish {
            version_arn =
                Some(versions::publish(cx, &scope, &name, &mut machine, input.version_description)?.0);
        }
        MACHINES.put(cx, &key, &machine)?;
        Ok(api::UpdateStateMachineOutput {
            update_date: revision.updated,
            revision_id: Some(id),
            state_machine_version_arn: version_arn,
        })
    }
}
