//! A stack: its state, its change sets, its events.

use std::collections::BTreeMap;
use std::time::Duration;

use updraft_api::cloudformation::{self as cfn, ops};
use updraft_types::Timestamp;

use crate::client::{CallError, Client};
use crate::{Clock, Progress, Stage};

/// How often a stack is asked how it is: an engine answers at once, AWS limits DescribeStacks.
const POLL_ENGINE: Duration = Duration::from_millis(100);
const POLL_AWS: Duration = Duration::from_secs(3);
/// How long a stack may take; the longest that the AWS CLI's waiter waits.
const STACK_TIMEOUT: Duration = Duration::from_secs(3_600);
/// How long a change set may take to be made.
const CHANGE_SET_TIMEOUT: Duration = Duration::from_secs(600);

/// What a stack looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct StackState {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: String,
    /// Why, where it says so.
    pub reason: Option<String>,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// When it was made or last updated.
    pub changed_at: Timestamp,
}

impl StackState {
    fn read(stack: cfn::Stack) -> Self {
        let outputs = stack.outputs.into_iter().flatten();
        Self {
            id: stack.stack_id.unwrap_or_default(),
            status: stack.stack_status.as_str().to_owned(),
            reason: stack.stack_status_reason,
            outputs: outputs.filter_map(|output| Some((output.output_key?, output.output_value?))).collect(),
            changed_at: stack.last_updated_time.unwrap_or(stack.creation_time),
        }
    }

    /// Whether something is being done to it.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") && self.status != "REVIEW_IN_PROGRESS"
    }

    /// Whether it holds nothing and can only be deleted before it is made again ("Stack status codes"
    /// of the CloudFormation guide).
    #[must_use]
    pub fn is_husk(&self) -> bool {
        matches!(
            self.status.as_str(),
            "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED"
        )
    }

    /// Whether it never came to be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// Whether it is as it was last asked to be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE")
    }
}

/// Why a stack is not as it was to be.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// A resource failed; the first reasons, in order.
    #[error("stack {stack} ended in {status}")]
    Failed {
        /// Which.
        stack: String,
        /// Its status.
        status: String,
        /// What its events say.
        reasons: Vec<String>,
    },
    /// The change set could not be made.
    #[error("the change set for {stack} could not be made: {reason}")]
    ChangeSet {
        /// Which.
        stack: String,
        /// Why.
        reason: String,
    },
    /// It takes too long.
    #[error("stack {stack} has been in {status} for too long")]
    TimedOut {
        /// Which.
        stack: String,
        /// Its status.
        status: String,
    },
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A stack by its name.
pub struct Stack<'a> {
    pub client: &'a Client,
    pub clock: &'a dyn Clock,
    pub progress: &'a dyn Progress,
    pub name: String,
}

/// What a change set would do.
pub struct ChangeSet {
    pub id: String,
    pub changes: Vec<String>,
}

impl Stack<'_> {
    /// Its state; none when there is no such stack.
    pub async fn state(&self) -> Result<Option<StackState>, CallError> {
        let input = cfn::DescribeStacksInput { stack_name: Some(self.name.clone()), ..Default::default() };
        match self.client.call::<ops::DescribeStacks>(input).await {
            Ok(found) => Ok(found.stacks.into_iter().flatten().next().map(StackState::read)),
            // "Stack with id X does not exist", as a ValidationError.
            Err(error) if error.message().is_some_and(|text| text.contains("does not exist")) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until nothing is being done to it.
    pub async fn settled(&self) -> Result<Option<StackState>, StackError> {
        let began = self.clock.now();
        loop {
            let state = self.state().await?;
            match &state {
                Some(busy) if busy.is_busy() => {
                    if self.clock.now().since(began) > STACK_TIMEOUT {
                        let (stack, status) = (self.name.clone(), busy.status.clone());
                        return Err(StackError::TimedOut { stack, status });
                    }
                    self.clock.wait(self.poll()).await;
                }
                _ => return Ok(state),
            }
        }
    }

    /// Makes a change set; none when it would change nothing.
    pub async fn change_set(
        &self,
        input: cfn::CreateChangeSetInput,
    ) -> Result<Option<ChangeSet>, StackError> {
        let made = self.client.call::<ops::CreateChangeSet>(input).await?;
        let id = made.id.unwrap_or_default();
        let began = self.clock.now();
        loop {
            let input = cfn::DescribeChangeSetInput {
                change_set_name: id.clone(),
                stack_name: Some(self.name.clone()),
                ..Default::default()
            };
            let found = self.client.call::<ops::DescribeChangeSet>(input).await?;
            match found.status.as_ref().map(|status| status.as_str()).unwrap_or_default() {
                "CREATE_COMPLETE" => {
                    let changes = found.changes.into_iter().flatten().filter_map(describe_change).collect();
                    return Ok(Some(ChangeSet { id, changes }));
                }
                "FAILED" => {
                    let reason = found.status_reason.unwrap_or_default();
                    self.drop_change_set(&id).await?;
                    // The two texts by which CloudFormation says that nothing would change.
                    let nothing = ["didn't contain changes", "No updates are to be performed"];
                    if nothing.iter().any(|text| reason.contains(text)) {
                        return Ok(None);
                    }
                    return Err(StackError::ChangeSet { stack: self.name.clone(), reason });
                }
                status if self.clock.now().since(began) > CHANGE_SET_TIMEOUT => {
                    let (stack, status) = (self.name.clone(), status.to_owned());
                    return Err(StackError::TimedOut { stack, status });
                }
                _ => self.clock.wait(self.poll()).await,
            }
        }
    }

    async fn drop_change_set(&self, id: &str) -> Result<(), CallError> {
        let input =
            cfn::DeleteChangeSetInput { change_set_name: id.to_owned(), stack_name: Some(self.name.clone()) };
        self.client.call::<ops::DeleteChangeSet>(input).await.map(|_| ())
    }

    /// Does a change set, telling of each resource, until the stack rests.
    pub async fn execute(&self, change_set: &ChangeSet) -> Result<StackState, StackError> {
        let mut events = Events::after(self.events().await?);
        let input = cfn::ExecuteChangeSetInput {
            change_set_name: change_set.id.clone(),
            stack_name: Some(self.name.clone()),
            ..Default::default()
        };
        self.client.call::<ops::ExecuteChangeSet>(input).await?;
        let state = self.follow(&mut events).await?;
        match state {
            Some(state) if state.is_good() => Ok(state),
            other => Err(self.failed(other, events)),
        }
    }

    /// Deletes the stack, telling of each resource.
    pub async fn delete(&self) -> Result<(), StackError> {
        let Some(state) = self.state().await? else { return Ok(()) };
        let mut events = Events::after(self.events().await?);
        // By its id: a deleted stack is known by no other name.
        let by_id = Stack { name: state.id.clone(), ..*self };
        let input = cfn::DeleteStackInput { stack_name: state.id, ..Default::default() };
        self.client.call::<ops::DeleteStack>(input).await?;
        match by_id.follow(&mut events).await? {
            Some(state) if state.status != "DELETE_COMPLETE" => Err(self.failed(Some(state), events)),
            _ => Ok(()),
        }
    }

    async fn follow(&self, events: &mut Events) -> Result<Option<StackState>, StackError> {
        let began = self.clock.now();
        loop {
            // The state first: what happens between the two calls is told by the next round.
            let state = self.state().await?;
            for event in events.news(self.events().await?) {
                self.progress.note(Stage::Deploy, event);
            }
            match &state {
                Some(state) if state.is_busy() || state.is_empty() => {
                    if self.clock.now().since(began) > STACK_TIMEOUT {
                        let (stack, status) = (self.name.clone(), state.status.clone());
                        return Err(StackError::TimedOut { stack, status });
                    }
                }
                _ => return Ok(state),
            }
            self.clock.wait(self.poll()).await;
        }
    }

    async fn events(&self) -> Result<Vec<cfn::StackEvent>, CallError> {
        let input = cfn::DescribeStackEventsInput { stack_name: self.name.clone(), ..Default::default() };
        match self.client.call::<ops::DescribeStackEvents>(input).await {
            // The newest page is enough: it is asked for more often than it fills.
            Ok(page) => Ok(page.stack_events.unwrap_or_default()),
            Err(error) if error.message().is_some_and(|text| text.contains("does not exist")) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// The physical ids of the stack's resources, by logical id.
    pub async fn resources(&self) -> Result<BTreeMap<String, String>, CallError> {
        let mut resources = BTreeMap::new();
        let mut next_token = None;
        loop {
            let input = cfn::ListStackResourcesInput { stack_name: self.name.clone(), next_token };
            let page = self.client.call::<ops::ListStackResources>(input).await?;
            for resource in page.stack_resource_summaries.into_iter().flatten() {
                if let Some(id) = resource.physical_resource_id {
                    resources.insert(resource.logical_resource_id, id);
                }
            }
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(resources);
            }
        }
    }

    fn failed(&self, state: Option<StackState>, events: Events) -> StackError {
        let status = state.map_or_else(|| "nothing".to_owned(), |state| state.status);
        StackError::Failed { stack: self.name.clone(), status, reasons: events.failures }
    }

    fn poll(&self) -> Duration {
        if self.client.is_engine() { POLL_ENGINE } else { POLL_AWS }
    }
}

fn describe_change(change: cfn::Change) -> Option<String> {
    let change = change.resource_change?;
    let action = change.action?.as_str().to_lowercase();
    let replaced = change.replacement.is_some_and(|replacement| replacement.as_str() == "True");
    let replaced = if replaced { " (replaced)" } else { "" };
    Some(format!("{action} {}{replaced}", change.logical_resource_id?))
}

/// A stack's events, told once each.
struct Events {
    known: std::collections::BTreeSet<String>,
    failures: Vec<String>,
}

impl Events {
    fn after(events: Vec<cfn::StackEvent>) -> Self {
        let known = events.into_iter().map(|event| event.event_id).collect();
        Self { known, failures: Vec::new() }
    }

    /// The new events in the order of their happening, in words.
    fn news(&mut self, mut events: Vec<cfn::StackEvent>) -> Vec<String> {
        events.reverse();
        let mut news = Vec::new();
        for event in events {
            if !self.known.insert(event.event_id.clone()) {
                continue;
            }
            let status = event.resource_status.as_ref().map(|status| status.as_str()).unwrap_or_default();
            let name = event.logical_resource_id.unwrap_or_default();
            let kind = event.resource_type.unwrap_or_default();
            let reason = event.resource_status_reason.unwrap_or_default();
            let mut text = format!("{status} {name} ({kind})");
            if status.ends_with("FAILED") {
                text = format!("{text}: {reason}");
                // What was cancelled because another failed explains nothing.
                if !reason.contains("cancelled") {
                    self.failures.push(format!("{name} ({kind}): {reason}"));
                }
            }
            news.push(text);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, name: &str, status: &str, reason: &str) -> cfn::StackEvent {
        cfn::StackEvent {
            event_id: id.into(),
            logical_resource_id: Some(name.into()),
            resource_type: Some("AWS::X".into()),
            resource_status: Some(status.into()),
            resource_status_reason: Some(reason.into()),
            ..Default::default()
        }
    }

    #[test]
    fn each_event_is_told_once_in_order_and_failures_are_kept() {
        let mut events = Events::after(vec![event("0", "Old", "UPDATE_COMPLETE", "")]);
        let newest_first = vec![
            event("3", "B", "CREATE_FAILED", "Resource creation cancelled"),
            event("2", "A", "CREATE_FAILED", "no such role"),
            event("1", "A", "CREATE_IN_PROGRESS", ""),
            event("0", "Old", "UPDATE_COMPLETE", ""),
        ];
        let news = events.news(newest_first.clone());
        assert_eq!(news.len(), 3);
        assert_eq!(news[0], "CREATE_IN_PROGRESS A (AWS::X)");
        assert_eq!(events.failures, ["A (AWS::X): no such role"]);
        assert!(events.news(newest_first).is_empty());
    }
}
