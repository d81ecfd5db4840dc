//! `ListStacks`: deleted ones too, as AWS keeps them for 90 days.

use updraft_api::cloudformation::ops::ListStacks;
use updraft_api::cloudformation::{
    ListStacksInput, ListStacksOutput, StackDriftInformationSummary, StackSummary,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::cloudformation::CloudFormation;
use crate::cloudformation::model::STACKS;

/// A page of stacks.
const STACKS_MAX: usize = 100;

impl Query<ListStacks> for CloudFormation {
    fn access(&self, _scope: &Scope, _input: &ListStacksInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudformation:ListStacks")])
    }

    fn query(&self, view: &View<'_>, input: ListStacksInput) -> Result<ListStacksOutput> {
        let wanted: Vec<String> = input
            .stack_status_filter
            .into_iter()
            .flatten()
            .map(|status| status.as_str().to_owned())
            .collect();
        let after = input.next_token.unwrap_or_default();
        let all = STACKS.all(view, view.scope())?.into_iter().map(|(_, stack)| stack);
        let mut asked: Vec<_> = all
            .filter(|stack| stack.id > after && (wanted.is_empty() || wanted.contains(&stack.status)))
            .collect();
        let more = asked.len() > STACKS_MAX;
        asked.truncate(STACKS_MAX);
        let next_token = asked.last().filter(|_| more).map(|stack| stack.id.clone());
        let summaries = asked.into_iter().map(|stack| StackSummary {
            stack_id: Some(stack.id),
            stack_name: stack.name,
            template_description: stack.wanted.processed["Description"].as_str().map(str::to_owned),
            creation_time: stack.created,
            last_updated_time: stack.updated,
            deletion_time: stack.deleted,
            stack_status: stack.status.as_str().into(),
            stack_status_reason: stack.reason,
            drift_information: Some(StackDriftInformationSummary {
                stack_drift_status: "NOT_CHECKED".into(),
                last_check_timestamp: None,
            }),
            ..Default::default()
        });
        Ok(ListStacksOutput { stack_summaries: Some(summaries.collect()), next_token })
    }
}
