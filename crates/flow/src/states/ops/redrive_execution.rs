//! `RedriveExecution`: a failed execution goes on with the state that failed.

use updraft_api::states as api;
use updraft_api::states::ops::RedriveExecution;
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_lang::asl::Input;
use updraft_types::Scope;

use crate::states::model::{EXECUTIONS, FALLEN, RUNS, Snapshot, Status};
use crate::states::{States, driver, names, refusals, show};

/// For so long after its end an execution can be redriven ("Restarting state machine executions with
/// redrive", read 2026-11): 14 days.
const REDRIVABLE_SECS_MAX: u64 = 14 * 24 * 3_600;

impl Serve<RedriveExecution> for States {
    fn access(&self, _scope: &Scope, input: &api::RedriveExecutionInput) -> Result<Vec<Access>> {
        names::access("states:RedriveExecution", &input.execution_arn)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: api::RedriveExecutionInput,
    ) -> Result<api::RedriveExecutionOutput> {
        let key = names::execution(&input.execution_arn)?;
        let (execution, fallen) =
            cx.view(|view| -> Result<_> { Ok((EXECUTIONS.get(view, &key)?, FALLEN.get(view, &key)?)) })?;
        let execution = execution.ok_or_else(|| refusals::execution_missing(&input.execution_arn))?;
        if let ("NOT_REDRIVABLE" | "REDRIVABLE_BY_MAP_RUN", reason) = show::redrivable(&execution) {
            let reason = reason.unwrap_or_else(|| "it is redriven with its map run".to_owned());
            return Err(refusals::not_redrivable(&input.execution_arn, reason).into());
        }
        let ended = execution.stopped.unwrap_or(execution.started);
        let Some(Snapshot(run)) = fallen.filter(|_| cx.now().since(ended).as_secs() <= REDRIVABLE_SECS_MAX)
        else {
            let reason = "Execution has exceeded the redrivable period";
            return Err(refusals::not_redrivable(&input.execution_arn, reason).into());
        };
        let mut live = self.driver.load(&key, run)?;
        let now = cx.now();
        live.execution.status = Status::Running;
        live.execution.stopped = None;
        live.execution.error = None;
        live.execution.cause = None;
        live.execution.redrives += 1;
        live.execution.redriven = Some(now);
        let count = live.execution.redrives;
        let (events, actions) = live.step(Input::Redrive(count));
        live.note_ending();
        let (record, run, place) = (live.execution.clone(), live.run.clone(), key.clone());
        let arn = input.execution_arn.clone();
        cx.transact(move |cx| {
            // Of two at once, one finds that the other has begun.
            if RUNS.contains(cx, &place)? {
                return Err(
                    refusals::not_redrivable(&arn, "Execution is RUNNING and cannot be redriven").into()
                );
            }
            FALLEN.delete(cx, &place);
            EXECUTIONS.put(cx, &place, &record)?;
            driver::write(cx, &place, &record, &run, events, false)
        })
        .await?;
        if live.run.ending().is_none() {
            live.set_off(actions);
        }
        Ok(api::RedriveExecutionOutput { redrive_date: now })
    }
}
