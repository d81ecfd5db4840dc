//! `DeleteStateMachine`: the machine with its versions, aliases, executions and their history. One
//! that is not there is no error.

use std::ops::ControlFlow;

use updraft_api::states as api;
use updraft_api::states::ops::DeleteStateMachine;
use updraft_kernel::{Access, Cx, Direction, Result, Serve, ServeCx};
use updraft_lang::asl::{Failure, Input};
use updraft_types::Scope;

use crate::states::model::{
    ALIASES, BY_START, EXECUTIONS, ExecutionKey, FALLEN, HISTORY, MACHINES, MachineKey, REVISIONS, RUNS,
    VERSIONS,
};
use crate::states::{States, names};

impl Serve<DeleteStateMachine> for States {
    fn access(&self, _scope: &Scope, input: &api::DeleteStateMachineInput) -> Result<Vec<Access>> {
        names::access("states:DeleteStateMachine", &input.state_machine_arn)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: api::DeleteStateMachineInput,
    ) -> Result<api::DeleteStateMachineOutput> {
        let (_, scope, name, _) = names::machine(&input.state_machine_arn)?;
        let key = (scope, name);
        let gone = key.clone();
        // First the machine: nothing begins any more. Then what is under way ends.
        cx.transact(move |cx| {
            MACHINES.delete(cx, &gone);
            Ok(())
        })
        .await?;
        for execution in under_way(&cx, &key)? {
            let stop = Input::Stop(Failure::of(None, None));
            self.driver.deliver(&execution, stop, None).await;
        }
        cx.transact(move |cx| remove(cx, &key)).await?;
        Ok(api::DeleteStateMachineOutput {})
    }
}

fn under_way(cx: &ServeCx, key: &MachineKey) -> Result<Vec<ExecutionKey>> {
    let mut found = Vec::new();
    cx.view(|view| {
        RUNS.visit(view, &RUNS.range(key, None, Direction::Forward), |key, _| {
            found.push(key);
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// Removes everything of a machine.
fn remove(cx: &mut Cx<'_>, key: &MachineKey) -> Result<()> {
    for (key, _) in VERSIONS.all(cx, key)? {
        VERSIONS.delete(cx, &key);
    }
    for (key, _) in ALIASES.all(cx, key)? {
        ALIASES.delete(cx, &key);
    }
    for (key, _) in REVISIONS.all(cx, key)? {
        REVISIONS.delete(cx, &key);
    }
    for (key, _) in BY_START.all(cx, key)? {
        BY_START.delete(cx, &key);
        let execution = (key.0, key.1, key.3);
        EXECUTIONS.delete(cx, &execution);
        FALLEN.delete(cx, &execution);
        RUNS.delete(cx, &execution);
        for (key, _) in HISTORY.all(cx, &execution)? {
            HISTORY.delete(cx, &key);
        }
    }
    Ok(())
}
