//! `StartExecution`: an execution of a machine, a version or an alias.
//!
//! ```text
//! aws stepfunctions start-execution --state-machine-arn … --name order-7 --input '{"id": 7}'
//! ```

use updraft_api::states as api;
use updraft_api::states::ops::StartExecution;
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::Scope;

use crate::states::model::MachineType;
use crate::states::start::{self, Target, Wish};
use crate::states::{States, names};

impl Serve<StartExecution> for States {
    fn access(&self, _scope: &Scope, input: &api::StartExecutionInput) -> Result<Vec<Access>> {
        names::access("states:StartExecution", &input.state_machine_arn)
    }

    async fn serve(&self, cx: ServeCx, input: api::StartExecutionInput) -> Result<api::StartExecutionOutput> {
        let drawn = cx.ids().fraction();
        let target = cx.view(|view| Target::find(view, &input.state_machine_arn, drawn))?;
        let wish =
            Wish { name: input.name, input: input.input, trace_header: input.trace_header, child_of: None };
        match target.kind {
            MachineType::Standard => {
                let begun = start::standard(&self.driver, &cx, target, wish).await?;
                Ok(api::StartExecutionOutput {
                    execution_arn: begun.arn.to_string(),
                    start_date: begun.started,
                })
            }
            MachineType::Express => {
                let (live, actions) = start::express(&self.driver, &cx, &target, &wish)?;
                let answer = api::StartExecutionOutput {
                    execution_arn: live.arn.to_string(),
                    start_date: live.execution.started,
                };
                live.set_off(actions);
                Ok(answer)
            }
        }
    }
}
