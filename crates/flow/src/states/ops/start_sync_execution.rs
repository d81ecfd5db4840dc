//! `StartSyncExecution`: an Express execution, and how it ended.

use updraft_api::states as api;
use updraft_api::states::ops::StartSyncExecution;
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::states::StateMachineAt;
use updraft_types::{Resource as _, Scope};

use crate::states::model::{MachineType, Status};
use crate::states::start::{self, Target, Wish};
use crate::states::{States, names, refusals};

/// Durations are billed in steps of so many milliseconds, memory in steps of so many mebibytes
/// ("AWS Step Functions pricing", read 2026-11).
const BILLED_MILLIS_STEP: u128 = 100;
const BILLED_MEMORY_MIB: i64 = 64;

impl Serve<StartSyncExecution> for States {
    fn access(&self, _scope: &Scope, input: &api::StartSyncExecutionInput) -> Result<Vec<Access>> {
        names::access("states:StartSyncExecution", &input.state_machine_arn)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: api::StartSyncExecutionInput,
    ) -> Result<api::StartSyncExecutionOutput> {
        let drawn = cx.ids().fraction();
        let target = cx.view(|view| Target::find(view, &input.state_machine_arn, drawn))?;
        if target.kind != MachineType::Express {
            return Err(refusals::type_not_supported().into());
        }
        let wish =
            Wish { name: input.name, input: input.input, trace_header: input.trace_header, child_of: None };
        let (live, actions) = start::express(&self.driver, &cx, &target, &wish)?;
        let arn = live.arn.clone();
        let name = live.key.2.split(':').next().unwrap_or_default().to_owned();
        let (execution, _) = live.into_end(actions).await?;
        let stopped = execution.stopped.unwrap_or_else(|| cx.now());
        let millis = stopped.since(execution.started).as_millis().max(1);
        let billed = millis.div_ceil(BILLED_MILLIS_STEP) * BILLED_MILLIS_STEP;
        let status = match execution.status {
            Status::Succeeded => "SUCCEEDED",
            Status::TimedOut => "TIMED_OUT",
            _ => "FAILED",
        };
        let included = || Some(api::CloudWatchEventsExecutionDataDetails { included: Some(true) });
        Ok(api::StartSyncExecutionOutput {
            execution_arn: arn.to_string(),
            state_machine_arn: Some(StateMachineAt(&target.machine).arn(&target.scope).to_string()),
            name: Some(name),
            start_date: execution.started,
            stop_date: stopped,
            status: status.into(),
            error: execution.error,
            cause: execution.cause,
            input: Some(execution.input),
            input_details: included(),
            output: execution.output,
            output_details: included(),
            trace_header: execution.trace_header,
            billing_details: Some(api::BillingDetails {
                billed_memory_used_in_mb: Some(BILLED_MEMORY_MIB),
                billed_duration_in_milliseconds: i64::try_from(billed).ok(),
            }),
        })
    }
}
