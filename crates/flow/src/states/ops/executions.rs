//! `DescribeExecution` and `ListExecutions`.

use std::ops::ControlFlow;

use updraft_api::states as api;
use updraft_api::states::ops::{DescribeExecution, ListExecutions};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::{Arn, Scope, Timestamp};

use crate::states::model::{BY_START, EXECUTIONS, MACHINES, MachineType};
use crate::states::{States, names, refusals, show};

impl Query<DescribeExecution> for States {
    fn access(&self, _scope: &Scope, input: &api::DescribeExecutionInput) -> Result<Vec<Access>> {
        names::access("states:DescribeExecution", &input.execution_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeExecutionInput,
    ) -> Result<api::DescribeExecutionOutput> {
        let key = names::execution(&input.execution_arn)?;
        let found = EXECUTIONS.get(view, &key)?;
        let execution = found.ok_or_else(|| refusals::execution_missing(&input.execution_arn))?;
        let mut shown = show::execution(&key, &execution);
        if input.included_data == Some(api::IncludedData::MetadataOnly) {
            let excluded = || Some(api::CloudWatchEventsExecutionDataDetails { included: Some(false) });
            shown.input = None;
            shown.output = None;
            shown.input_details = excluded();
            shown.output_details = excluded();
        }
        Ok(shown)
    }
}

impl Query<ListExecutions> for States {
    fn access(&self, _scope: &Scope, input: &api::ListExecutionsInput) -> Result<Vec<Access>> {
        let arn = input.state_machine_arn.as_deref().or(input.map_run_arn.as_deref());
        names::access("states:ListExecutions", arn.unwrap_or_default())
    }

    fn query(&self, view: &View<'_>, input: api::ListExecutionsInput) -> Result<api::ListExecutionsOutput> {
        let wanted = Wanted::of(view, &input)?;
        let limit = names::page_size(input.max_results);
        let place = (wanted.scope.clone(), wanted.machine.clone());
        let after: Option<(Timestamp, String)> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|(at, name)| (place.0.clone(), place.1.clone(), at, name));
        let (mut found, mut more, mut failed) = (Vec::new(), false, None);
        // The newest first.
        BY_START.visit(view, &BY_START.range(&place, after.as_ref(), Direction::Reverse), |key, ()| {
            let execution = match EXECUTIONS.get(view, &(key.0.clone(), key.1.clone(), key.3.clone())) {
                Ok(Some(execution)) => execution,
                Ok(None) => return ControlFlow::Continue(()),
                Err(fault) => {
                    failed = Some(fault);
                    return ControlFlow::Break(());
                }
            };
            if !wanted.includes(&execution) {
                return ControlFlow::Continue(());
            }
            if found.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            found.push(((key.0, key.1, key.3), execution));
            ControlFlow::Continue(())
        })?;
        if let Some(fault) = failed {
            return Err(fault.into());
        }
        let last = found.last().map(|(key, execution)| names::page_token(&(execution.started, &key.2)));
        Ok(api::ListExecutionsOutput {
            executions: found.iter().map(|(key, execution)| show::listed(key, execution)).collect(),
            next_token: last.filter(|_| more),
        })
    }
}

/// Which executions are asked for.
struct Wanted {
    scope: Scope,
    machine: String,
    run: Option<String>,
    qualifier: Option<String>,
    status: Option<String>,
    redriven: Option<bool>,
}

impl Wanted {
    fn of(view: &View<'_>, input: &api::ListExecutionsInput) -> Result<Self> {
        let status = input.status_filter.as_ref().map(|status| status.as_str().to_owned());
        let redriven = input.redrive_filter.as_ref().map(|filter| filter.as_str() == "REDRIVEN");
        match (&input.state_machine_arn, &input.map_run_arn) {
            (Some(text), None) => {
                let (arn, scope, machine, qualifier): (Arn, _, _, _) = names::machine(text)?;
                let record = MACHINES.get(view, &(scope.clone(), machine.clone()))?;
                let record = record.ok_or_else(|| refusals::machine_missing(&arn))?;
                if record.kind == MachineType::Express {
                    return Err(refusals::type_not_supported().into());
                }
                Ok(Self { scope, machine, run: None, qualifier, status, redriven })
            }
            (None, Some(text)) => {
                let (scope, machine, label, id) = names::map_run(text)?;
                let machine = format!("{machine}/{label}");
                Ok(Self { scope, machine, run: Some(id), qualifier: None, status, redriven })
            }
            _ => {
                let message = "Must provide a State Machine ARN or Map Run ARN";
                Err(refusals::invalid(message).into())
            }
        }
    }

    fn includes(&self, execution: &crate::states::model::Execution) -> bool {
        let qualified = self.qualifier.as_ref().is_none_or(|wanted| {
            execution.alias.as_ref() == Some(wanted)
                || execution.version.is_some_and(|number| number.to_string() == *wanted)
        });
        qualified
            && self.status.as_deref().is_none_or(|status| status == execution.status.as_str())
            && self.redriven.is_none_or(|wanted| wanted == (execution.redrives > 0))
            && self.run.as_ref().is_none_or(|run| execution.child_of.as_ref().is_some_and(|c| c.run == *run))
    }
}
