//! What workers send back: `SendTaskSuccess`, `SendTaskFailure`, `SendTaskHeartbeat`; and what they
//! ask for: `GetActivityTask`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use updraft_api::states as api;
use updraft_api::states::ops::{GetActivityTask, SendTaskFailure, SendTaskHeartbeat, SendTaskSuccess};
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_lang::asl::{Failure, Input, read_json};
use updraft_types::Scope;
use updraft_types::states::Named;

use crate::states::model::{ACTIVITIES, ExecutionKey};
use crate::states::{States, names, refusals};

/// How long `GetActivityTask` waits for a task (API reference, read 2026-11).
const POLL: Duration = Duration::from_secs(60);

/// Where a token belongs: the execution, the frame, the attempt.
fn place(token: &str) -> Result<(ExecutionKey, u32, u64)> {
    let read = || {
        let plain = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
        let mut lines = plain.split('\n');
        let arn: updraft_types::Arn = lines.next()?.parse().ok()?;
        let (frame, attempt) = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
        match Named::of(&arn)? {
            Named::Execution(machine, name) => Some(((arn.scope()?, machine, name), frame, attempt)),
            Named::Express(machine, name, id) => {
                Some(((arn.scope()?, machine, format!("{name}:{id}")), frame, attempt))
            }
            _ => None,
        }
    };
    Ok(read().ok_or_else(refusals::invalid_token)?)
}

/// Tokens speak for themselves: whoever has one may use it, if the action is allowed at all.
fn by_token(action: &'static str) -> Result<Vec<Access>> {
    Ok(vec![Access::to_any(action)])
}

impl States {
    async fn hand_in(&self, token: String, input: impl FnOnce(u32, u64) -> Input) -> Result<()> {
        let (key, frame, attempt) = place(&token)?;
        let taken = self.driver.deliver(&key, input(frame, attempt), Some(token)).await;
        if taken { Ok(()) } else { Err(refusals::task_gone().into()) }
    }
}

impl Serve<SendTaskSuccess> for States {
    fn access(&self, _scope: &Scope, _input: &api::SendTaskSuccessInput) -> Result<Vec<Access>> {
        by_token("states:SendTaskSuccess")
    }

    async fn serve(
        &self,
        _cx: ServeCx,
        input: api::SendTaskSuccessInput,
    ) -> Result<api::SendTaskSuccessOutput> {
        let output = read_json(&input.output).map_err(|error| refusals::invalid_output(error.message))?;
        self.hand_in(input.task_token, |frame, attempt| Input::Succeeded { frame, attempt, output }).await?;
        Ok(api::SendTaskSuccessOutput {})
    }
}

impl Serve<SendTaskFailure> for States {
    fn access(&self, _scope: &Scope, _input: &api::SendTaskFailureInput) -> Result<Vec<Access>> {
        by_token("states:SendTaskFailure")
    }

    async fn serve(
        &self,
        _cx: ServeCx,
        input: api::SendTaskFailureInput,
    ) -> Result<api::SendTaskFailureOutput> {
        let failure = Failure::of(input.error, input.cause);
        self.hand_in(input.task_token, |frame, attempt| Input::Failed { frame, attempt, failure }).await?;
        Ok(api::SendTaskFailureOutput {})
    }
}

impl Serve<SendTaskHeartbeat> for States {
    fn access(&self, _scope: &Scope, _input: &api::SendTaskHeartbeatInput) -> Result<Vec<Access>> {
        by_token("states:SendTaskHeartbeat")
    }

    async fn serve(
        &self,
        _cx: ServeCx,
        input: api::SendTaskHeartbeatInput,
    ) -> Result<api::SendTaskHeartbeatOutput> {
        self.hand_in(input.task_token, |frame, attempt| Input::Heartbeat { frame, attempt }).await?;
        Ok(api::SendTaskHeartbeatOutput {})
    }
}

impl Serve<GetActivityTask> for States {
    fn access(&self, _scope: &Scope, input: &api::GetActivityTaskInput) -> Result<Vec<Access>> {
        names::access("states:GetActivityTask", &input.activity_arn)
    }

    async fn serve(
        &self,
        cx: ServeCx,
        input: api::GetActivityTaskInput,
    ) -> Result<api::GetActivityTaskOutput> {
        let key = names::activity(&input.activity_arn)?;
        if !cx.view(|view| ACTIVITIES.contains(view, &key))? {
            return Err(refusals::activity_missing(&input.activity_arn).into());
        }
        let arn = input.activity_arn.parse().map_err(|_| refusals::invalid_arn(&input.activity_arn))?;
        let until = cx.now().plus(POLL);
        loop {
            let offer = tokio::select! {
                offer = self.driver.activities.take(&arn) => offer,
                () = cx.sleep_until(until) => return Ok(api::GetActivityTaskOutput::default()),
            };
            let token = offer.start.token.clone().unwrap_or_default();
            let taken = Input::Taken {
                frame: offer.start.frame,
                attempt: offer.start.attempt,
                worker: input.worker_name.clone(),
            };
            // One whose execution has ended in between is passed over.
            if self.driver.deliver(&offer.key, taken, Some(token.clone())).await {
                return Ok(api::GetActivityTaskOutput {
                    task_token: Some(token),
                    input: Some(offer.start.input.to_string()),
                });
            }
        }
    }
}
