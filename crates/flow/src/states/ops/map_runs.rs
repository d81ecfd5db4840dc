//! Map runs: what a distributed Map did.

use updraft_api::states as api;
use updraft_api::states::ops::{DescribeMapRun, ListMapRuns, UpdateMapRun};
use updraft_kernel::{Access, Cx, Direction, Handle, Query, Result, View};
use updraft_types::states::{ExecutionAt, MapRunAt, StateMachineAt};
use updraft_types::{Resource as _, Scope};

use crate::states::model::{EXECUTIONS, MAP_RUNS};
use crate::states::{States, names, refusals, show};

impl Query<DescribeMapRun> for States {
    fn access(&self, _scope: &Scope, input: &api::DescribeMapRunInput) -> Result<Vec<Access>> {
        names::access("states:DescribeMapRun", &input.map_run_arn)
    }

    fn query(&self, view: &View<'_>, input: api::DescribeMapRunInput) -> Result<api::DescribeMapRunOutput> {
        let key = names::map_run(&input.map_run_arn)?;
        let run = MAP_RUNS.get(view, &key)?;
        let run = run.ok_or_else(|| refusals::resource_missing(&input.map_run_arn))?;
        Ok(show::map_run(&key.0, &key.1, &key.2, &key.3, &run))
    }
}

impl Query<ListMapRuns> for States {
    fn access(&self, _scope: &Scope, input: &api::ListMapRunsInput) -> Result<Vec<Access>> {
        names::access("states:ListMapRuns", &input.execution_arn)
    }

    fn query(&self, view: &View<'_>, input: api::ListMapRunsInput) -> Result<api::ListMapRunsOutput> {
        let key = names::execution(&input.execution_arn)?;
        if !EXECUTIONS.contains(view, &key)? {
            return Err(refusals::execution_missing(&input.execution_arn).into());
        }
        let machine = (key.0.clone(), show::plain(&key.1).to_owned());
        let after: Option<(String, String)> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|(label, id)| (machine.0.clone(), machine.1.clone(), label, id));
        let limit = names::page_size(input.max_results);
        let page = MAP_RUNS.page(view, &machine, after.as_ref(), Direction::Forward, usize::MAX)?;
        let mut own = page.entries.into_iter().filter(|(_, run)| run.execution == key.2).collect::<Vec<_>>();
        let more = own.len() > limit;
        own.truncate(limit);
        let last = own.last().map(|((_, _, label, id), _)| names::page_token(&(label, id)));
        let map_runs = own.into_iter().map(|((scope, machine, label, id), run)| api::MapRunListItem {
            execution_arn: ExecutionAt(&machine, &run.execution).arn(&scope).to_string(),
            map_run_arn: MapRunAt(&machine, &format!("{label}:{id}")).arn(&scope).to_string(),
            state_machine_arn: StateMachineAt(&format!("{machine}/{label}")).arn(&scope).to_string(),
            start_date: run.started,
            stop_date: run.stopped,
        });
        Ok(api::ListMapRunsOutput { map_runs: map_runs.collect(), next_token: last.filter(|_| more) })
    }
}

impl Handle<UpdateMapRun> for States {
    fn access(&self, _scope: &Scope, input: &api::UpdateMapRunInput) -> Result<Vec<Access>> {
        names::access("states:UpdateMapRun", &input.map_run_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateMapRunInput) -> Result<api::UpdateMapRunOutput> {
        let key = names::map_run(&input.map_run_arn)?;
        let run = MAP_RUNS.get(cx, &key)?;
        let mut run = run.ok_or_else(|| refusals::resource_missing(&input.map_run_arn))?;
        if let Some(most) = input.max_concurrency {
            run.max_concurrency = u64::try_from(most).unwrap_or(0);
        }
        if let Some(count) = input.tolerated_failure_count {
            run.tolerated_count = u64::try_from(count).unwrap_or(0);
        }
        if let Some(percentage) = input.tolerated_failure_percentage {
            run.tolerated_percentage = percentage;
        }
        MAP_RUNS.put(cx, &key, &run)?;
        Ok(api::UpdateMapRunOutput {})
    }
}
