//! `StopExecution`: an execution under way ends as `ABORTED`; one that has ended stays as it is.

use updraft_api::states as api;
use updraft_api::states::ops::StopExecution;
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_lang::asl::{Failure, Input};
use updraft_types::Scope;

use crate::states::model::EXECUTIONS;
use crate::states::{States, names, refusals};

impl Serve<StopExecution> for States {
    fn access(&self, _scope: &Scope, input: &api::StopExecutionInput) -> Result<Vec<Access>> {
        names::access("states:StopExecution", &input.execution_arn)
    }

    async fn serve(&self, cx: ServeCx, input: api::StopExecutionInput) -> Result<api::StopExecutionOutput> {
        let key = names::execution(&input.execution_arn)?;
        let find = || cx.view(|view| EXECUTIONS.get(view, &key));
        let missing = || refusals::execution_missing(&input.execution_arn);
        find()?.ok_or_else(missing)?;
        let stop = Input::Stop(Failure::of(input.error.clone(), input.cause.clone()));
        self.driver.deliver(&key, stop, None).await;
        let execution = find()?.ok_or_else(missing)?;
        Ok(api::StopExecutionOutput { stop_date: execution.stopped.unwrap_or_else(|| cx.now()) })
    }
}
