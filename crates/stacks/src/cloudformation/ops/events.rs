//! `DescribeStackEvents`: newest first.

use updraft_api::cloudformation::ops::DescribeStackEvents;
use updraft_api::cloudformation::{DescribeStackEventsInput, DescribeStackEventsOutput, StackEvent};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use super::on_stack;
use crate::cloudformation::model::{self, EVENTS};
use crate::cloudformation::{CloudFormation, refusals};

/// A page of events.
const EVENTS_MAX: usize = 100;

impl Query<DescribeStackEvents> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DescribeStackEventsInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:DescribeStackEvents", &input.stack_name)
    }

    fn query(&self, view: &View<'_>, input: DescribeStackEventsInput) -> Result<DescribeStackEventsOutput> {
        let scope = view.scope();
        let stack = model::find(view, scope, &input.stack_name)?
            .ok_or_else(|| refusals::no_stack_named(&input.stack_name))?;
        let wrong = || refusals::validation("The NextToken is not valid.");
        let after = input.next_token.map(|token| token.parse::<u64>().map_err(|_| wrong())).transpose()?;
        let after = after.map(|number| (scope.clone(), stack.id.clone(), number));
        let prefix = (scope.clone(), stack.id.clone());
        let page = EVENTS.page(view, &prefix, after.as_ref(), Direction::Reverse, EVENTS_MAX)?;
        let next_token =
            page.entries.last().filter(|_| page.more).map(|((_, _, number), _)| number.to_string());
        let events = page.entries.into_iter().map(|(_, event)| StackEvent {
            stack_id: stack.id.clone(),
            event_id: event.id,
            stack_name: stack.name.clone(),
            logical_resource_id: Some(event.logical_id),
            physical_resource_id: Some(event.physical_id),
            resource_type: Some(event.kind),
            timestamp: event.at,
            resource_status: Some(event.status.as_str().into()),
            resource_status_reason: event.reason,
            resource_properties: event.properties,
            client_request_token: event.token,
            ..Default::default()
        });
        Ok(DescribeStackEventsOutput { stack_events: Some(events.collect()), next_token })
    }
}
