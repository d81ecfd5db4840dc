//! Following logs: what each function's group has since the last look.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use updraft_api::logs;
use updraft_types::Timestamp;

use crate::client::CallError;
use crate::environment::{Environment, call_failed};
use crate::{Clock, Event, Outcome, Progress};

/// How often an engine and AWS are asked (FilterLogEvents: five requests a second and account).
const POLL_ENGINE: Duration = Duration::from_millis(300);
const POLL_AWS: Duration = Duration::from_secs(2);
/// How far behind an event may appear in a group.
const LATE: Duration = Duration::from_secs(10);
/// How many of the last events' ids are kept, so that none is told twice.
const IDS_MAX: usize = 10_000;

/// The functions of a stack with their log groups, by the functions' logical ids.
pub async fn log_groups(environment: &Environment) -> Outcome<BTreeMap<String, String>> {
    use updraft_api::cloudformation as cfn;
    let input = cfn::DescribeStackResourcesInput {
        stack_name: Some(environment.stack.clone()),
        ..Default::default()
    };
    let found =
        environment.client.call::<cfn::ops::DescribeStackResources>(input).await.map_err(call_failed)?;
    let functions = found
        .stack_resources
        .into_iter()
        .flatten()
        .filter(|resource| resource.resource_type == "AWS::Lambda::Function")
        .filter_map(|resource| Some((resource.logical_resource_id, resource.physical_resource_id?)));
    Ok(functions.map(|(id, name)| (id, format!("/aws/lambda/{name}"))).collect())
}

/// Follows groups of logs.
pub struct LogFollower<'a> {
    /// Where they are.
    pub environment: &'a Environment,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Whom it tells.
    pub progress: &'a dyn Progress,
    /// The groups, by what their lines are called.
    pub groups: BTreeMap<String, String>,
    /// Only events that match.
    pub pattern: Option<String>,
}

impl LogFollower<'_> {
    /// Tells what is in the groups since `since`; with `follow`, goes on until it is dropped.
    pub async fn run(&self, since: Timestamp, follow: bool) -> Outcome<()> {
        let mut told = Told::default();
        let mut from = since;
        loop {
            let now = self.clock.now();
            for (name, group) in &self.groups {
                let events = self.events(group, from).await.map_err(call_failed)?;
                for event in events {
                    self.tell(name, event, &mut told);
                }
            }
            if !follow {
                return Ok(());
            }
            from = Timestamp::from_millis(now.minus(LATE).millis().max(since.millis()));
            self.clock.wait(if self.environment.client.is_engine() { POLL_ENGINE } else { POLL_AWS }).await;
        }
    }

    fn tell(&self, name: &str, event: logs::FilteredLogEvent, told: &mut Told) {
        if told.is_new(event.event_id.unwrap_or_default()) {
            let line = event.message.unwrap_or_default().trim_end().to_owned();
            self.progress.event(Event::Log {
                function: name.to_owned(),
                at: event.timestamp.unwrap_or_default(),
                line,
            });
        }
    }

    async fn events(&self, group: &str, from: Timestamp) -> Result<Vec<logs::FilteredLogEvent>, CallError> {
        let mut events = Vec::new();
        let mut next_token = None;
        loop {
            let input = logs::FilterLogEventsRequest {
                log_group_name: Some(group.to_owned()),
                start_time: Some(from.millis()),
                filter_pattern: self.pattern.clone(),
                next_token,
                ..Default::default()
            };
            let page = match self.environment.client.call::<logs::ops::FilterLogEvents>(input).await {
                // A function that never ran has no group yet.
                Err(error) if error.is_not_found() || error.code() == Some("ResourceNotFoundException") => {
                    return Ok(events);
                }
                other => other?,
            };
            events.extend(page.events.unwrap_or_default());
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(events);
            }
        }
    }
}

/// The ids of the last events told.
#[derive(Default)]
struct Told {
    order: std::collections::VecDeque<String>,
    ids: BTreeSet<String>,
}

impl Told {
    fn is_new(&mut self, id: String) -> bool {
        if !id.is_empty() && !self.ids.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_once_and_memory_is_bounded() {
        let mut told = Told::default();
        assert!(told.is_new("a".into()));
        assert!(!told.is_new("a".into()));
        for i in 0..IDS_MAX {
            told.is_new(i.to_string());
        }
        assert_eq!(told.ids.len(), IDS_MAX);
        assert!(told.is_new("a".into()), "what is long past is forgotten");
    }
}
