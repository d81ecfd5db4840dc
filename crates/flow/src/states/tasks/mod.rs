//! What tasks are: calls through the door as the machine's role, child executions, distributed maps,
//! and work that is left for whoever asks for it.

mod activities;
mod call;
mod convert;
mod distributed;
mod function;
mod items;
mod nested;
mod services;

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use updraft_api::iam::GetRoleRequest;
use updraft_api::iam::ops::GetRole;
use updraft_kernel::{As, AuthMode, Caller, Error, Principal, ServeCx};
use updraft_lang::asl::{Failure, Input, TaskKind, TaskStart};
use updraft_types::Arn;

use super::driver::{Driver, Message};
use super::model::{ChildOf, ExecutionKey, Revision};

pub(crate) use activities::Activities;
pub(crate) use services::{mock_shape, validate_mock};

/// A task on its way.
pub(crate) struct Task {
    pub driver: Arc<Driver>,
    pub cx: ServeCx,
    pub key: ExecutionKey,
    pub arn: Arn,
    pub machine: String,
    pub revision: Arc<Revision>,
    pub revision_id: String,
    pub child_of: Option<ChildOf>,
    pub start: TaskStart,
    /// Whether its call was answered before the engine last ended.
    pub submitted: bool,
    pub sender: mpsc::UnboundedSender<Message>,
}

/// How a task goes on once its call was answered.
pub(super) enum Progress {
    /// It is done.
    Done(Value),
    /// It waits for its token.
    Waiting,
}

impl Task {
    /// Carries the task out and tells the execution.
    pub async fn run(self) {
        let (frame, attempt) = (self.start.frame, self.start.attempt);
        let result = match &self.start.kind {
            TaskKind::Function(arn) => function::invoke(&self, arn).await.map(Progress::Done),
            TaskKind::Service(service) => call::service(&self, service).await,
            TaskKind::Read(work) => items::read(&self, work).await.map(Progress::Done),
            TaskKind::Map(work) => distributed::carry_out(&self, work).await.map(Progress::Done),
            TaskKind::Activity(_) => Ok(Progress::Waiting),
        };
        match result {
            Ok(Progress::Done(output)) => self.tell(Input::Succeeded { frame, attempt, output }),
            Ok(Progress::Waiting) => {}
            Err(failure) => self.tell(Input::Failed { frame, attempt, failure }),
        }
    }

    pub(super) fn tell(&self, input: Input) {
        // An execution that has ended does not want to know.
        let _ = self.sender.send(input.into());
    }

    /// Tells that the call was answered and the task goes on.
    pub(super) fn submitted(&self, output: Value) {
        let (frame, attempt) = (self.start.frame, self.start.attempt);
        self.tell(Input::Submitted { frame, attempt, output });
    }

    /// As whom the task calls: the role that the state names, or the machine's.
    pub(super) async fn who(&self) -> As {
        let role = self.start.role.as_deref().unwrap_or(&self.revision.role);
        as_role(&self.cx, role, &self.revision.author, &self.session()).await
    }

    fn session(&self) -> String {
        self.cx.ids().text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 32)
    }
}

/// As whom a machine's calls are made: its role. AWS does not take a machine whose role is not there.
/// In development, where every caller outside is the account's root, one written by the root whose
/// role nobody has made calls as the root: so a definition runs before its roles are set up.
pub(crate) async fn as_role(cx: &ServeCx, role: &str, author: &Caller, session: &str) -> As {
    let Ok(arn) = role.parse::<Arn>() else { return As::Principal(author.clone()) };
    let development = cx.auth_mode() == AuthMode::Development && author.principal == Principal::Root;
    if development && !role_exists(cx, &arn).await {
        tracing::debug!(role = %arn, "the role does not exist: its machine calls as the account's root");
        return As::Principal(author.clone());
    }
    As::Role { role: arn, session: session.to_owned(), service: "states.amazonaws.com" }
}

async fn role_exists(cx: &ServeCx, role: &Arn) -> bool {
    let Some(account) = role.account() else { return false };
    let name = role.resource().rsplit('/').next().unwrap_or_default().to_owned();
    let root = As::Principal(Caller::root(account));
    match cx.call::<GetRole>(root, GetRoleRequest { role_name: name }).await {
        Ok(_) => true,
        Err(Error::Refused(refusal)) => refusal.code != "NoSuchEntity",
        Err(Error::Fault(_)) => true,
    }
}

/// The failure of a call that our own engine could not carry out.
pub(super) fn fault(error: &dyn std::error::Error) -> Failure {
    tracing::error!(%error, "a task's call failed inside");
    Failure::new("States.TaskFailed", "An internal error occurred; the engine's log tells of it.")
}
