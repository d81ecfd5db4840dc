//! `DescribeStateMachine` and `DescribeStateMachineForExecution`.

use updraft_api::states as api;
use updraft_api::states::ops::{DescribeStateMachine, DescribeStateMachineForExecution};
use updraft_kernel::{Access, Fault, Query, Read, Result, View};
use updraft_types::states::{MapRunAt, QualifiedAt, StateMachineAt};
use updraft_types::{Resource as _, Scope};

use crate::states::model::{EXECUTIONS, MACHINES, REVISIONS, Revision, VERSIONS};
use crate::states::{States, names, refusals, show};

fn revision(read: &(impl Read + ?Sized), scope: &Scope, name: &str, id: &str) -> Result<Revision> {
    let found = REVISIONS.get(read, &(scope.clone(), name.to_owned(), id.to_owned()))?;
    Ok(found.ok_or_else(|| Fault::new(format!("find revision {id} of {name}")))?)
}

impl Query<DescribeStateMachine> for States {
    fn access(&self, _scope: &Scope, input: &api::DescribeStateMachineInput) -> Result<Vec<Access>> {
        names::access("states:DescribeStateMachine", &input.state_machine_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeStateMachineInput,
    ) -> Result<api::DescribeStateMachineOutput> {
        let (arn, scope, name, qualifier) = names::machine(&input.state_machine_arn)?;
        let missing = || refusals::machine_missing(&arn);
        let machine = MACHINES.get(view, &(scope.clone(), name.clone()))?.ok_or_else(missing)?;
        let mut shown = match qualifier.as_deref().map(str::parse::<u64>) {
            None => {
                let record = revision(view, &scope, &name, &machine.revision)?;
                show::machine(&scope, &name, &machine, &machine.revision, &record)
            }
            Some(Ok(number)) => {
                let version =
                    VERSIONS.get(view, &(scope.clone(), name.clone(), number))?.ok_or_else(missing)?;
                let record = revision(view, &scope, &name, &version.revision)?;
                let shown = show::machine(&scope, &name, &machine, &version.revision, &record);
                api::DescribeStateMachineOutput {
                    state_machine_arn: QualifiedAt(&name, &number.to_string()).arn(&scope).to_string(),
                    creation_date: version.created,
                    description: version.description,
                    ..shown
                }
            }
            Some(Err(_)) => return Err(missing().into()),
        };
        if input.included_data == Some(api::IncludedData::MetadataOnly) {
            shown.definition = String::new();
        }
        Ok(shown)
    }
}

impl Query<DescribeStateMachineForExecution> for States {
    fn access(
        &self,
        _scope: &Scope,
        input: &api::DescribeStateMachineForExecutionInput,
    ) -> Result<Vec<Access>> {
        names::access("states:DescribeStateMachineForExecution", &input.execution_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeStateMachineForExecutionInput,
    ) -> Result<api::DescribeStateMachineForExecutionOutput> {
        let key = names::execution(&input.execution_arn)?;
        let missing = || refusals::execution_missing(&input.execution_arn);
        let execution = EXECUTIONS.get(view, &key)?.ok_or_else(missing)?;
        let name = show::plain(&key.1).to_owned();
        let machine = MACHINES.get(view, &(key.0.clone(), name.clone()))?.ok_or_else(missing)?;
        let record = revision(view, &key.0, &name, &execution.revision)?;
        let shown = show::machine(&key.0, &name, &machine, &execution.revision, &record);
        let child = execution.child_of.as_ref();
        Ok(api::DescribeStateMachineForExecutionOutput {
            state_machine_arn: StateMachineAt(&key.1).arn(&key.0).to_string(),
            name: key.1.clone(),
            definition: shown.definition,
            role_arn: shown.role_arn,
            update_date: record.updated,
            logging_configuration: shown.logging_configuration,
            tracing_configuration: shown.tracing_configuration,
            map_run_arn: child.map(|child| {
                MapRunAt(&name, &format!("{}:{}", child.label, child.run)).arn(&key.0).to_string()
            }),
            label: child.map(|child| child.label.clone()),
            revision_id: shown.revision_id,
            encryption_configuration: shown.encryption_configuration,
            ..api::DescribeStateMachineForExecutionOutput::default()
        })
    }
}
