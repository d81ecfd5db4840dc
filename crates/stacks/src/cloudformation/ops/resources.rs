//! `DescribeStackResource`, `DescribeStackResources` and `ListStackResources`.

use updraft_api::cloudformation::ops::{DescribeStackResource, DescribeStackResources, ListStackResources};
use updraft_api::cloudformation::{
    DescribeStackResourceInput, DescribeStackResourceOutput, DescribeStackResourcesInput,
    DescribeStackResourcesOutput, ListStackResourcesInput, ListStackResourcesOutput, StackResource,
    StackResourceDetail, StackResourceDriftInformation, StackResourceDriftInformationSummary,
    StackResourceSummary,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::on_stack;
use crate::cloudformation::model::{self, STACKS, Stack};
use crate::cloudformation::{CloudFormation, refusals};

/// `DescribeStackResources` shows at most so many (API reference).
const RESOURCES_MAX: usize = 100;

impl Query<DescribeStackResource> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DescribeStackResourceInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:DescribeStackResource", &input.stack_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: DescribeStackResourceInput,
    ) -> Result<DescribeStackResourceOutput> {
        let stack = model::find(view, view.scope(), &input.stack_name)?;
        let stack = stack
            .ok_or_else(|| refusals::validation(format!("Stack '{}' does not exist", input.stack_name)))?;
        let id = input.logical_resource_id;
        let resource = stack.resources.get(&id).cloned().ok_or_else(|| {
            refusals::validation(format!("Resource {id} does not exist for stack {}", stack.name))
        })?;
        let metadata = stack.wanted.processed["Resources"][&id].get("Metadata").map(ToString::to_string);
        let detail = StackResourceDetail {
            stack_name: Some(stack.name),
            stack_id: Some(stack.id),
            logical_resource_id: id,
            physical_resource_id: Some(resource.physical_id),
            resource_type: resource.kind,
            last_updated_timestamp: resource.changed,
            resource_status: resource.status.as_str().into(),
            resource_status_reason: resource.reason,
            metadata,
            drift_information: Some(not_checked()),
            ..Default::default()
        };
        Ok(DescribeStackResourceOutput { stack_resource_detail: Some(detail) })
    }
}

fn not_checked() -> StackResourceDriftInformation {
    StackResourceDriftInformation {
        stack_resource_drift_status: "NOT_CHECKED".into(),
        last_check_timestamp: None,
    }
}

impl Query<DescribeStackResources> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DescribeStackResourcesInput) -> Result<Vec<Access>> {
        match &input.stack_name {
            Some(name) => on_stack(scope, "cloudformation:DescribeStackResources", name),
            None => Ok(vec![Access::to_any("cloudformation:DescribeStackResources")]),
        }
    }

    fn query(
        &self,
        view: &View<'_>,
        input: DescribeStackResourcesInput,
    ) -> Result<DescribeStackResourcesOutput> {
        let stack = match (input.stack_name, input.physical_resource_id) {
            (Some(name), None) => model::need(view, view.scope(), &name)?,
            (None, Some(id)) => owner(view, &id)?,
            _ => {
                let message = "Exactly one of StackName and PhysicalResourceId must be specified.";
                return Err(refusals::validation(message).into());
            }
        };
        let asked = |id: &String| input.logical_resource_id.as_ref().is_none_or(|wanted| wanted == id);
        let resources = stack.resources.iter().filter(|(id, _)| asked(id)).take(RESOURCES_MAX);
        let resources = resources.map(|(id, resource)| StackResource {
            stack_name: Some(stack.name.clone()),
            stack_id: Some(stack.id.clone()),
            logical_resource_id: id.clone(),
            physical_resource_id: Some(resource.physical_id.clone()),
            resource_type: resource.kind.clone(),
            timestamp: resource.changed,
            resource_status: resource.status.as_str().into(),
            resource_status_reason: resource.reason.clone(),
            drift_information: Some(not_checked()),
            ..Default::default()
        });
        Ok(DescribeStackResourcesOutput { stack_resources: Some(resources.collect()) })
    }
}

/// The stack that has a resource of that physical id.
fn owner(view: &View<'_>, physical_id: &str) -> Result<Stack> {
    let all = STACKS.all(view, view.scope())?.into_iter().map(|(_, stack)| stack);
    let mut living = all.filter(|stack| stack.status != "DELETE_COMPLETE");
    let owns = |stack: &Stack| stack.resources.values().any(|resource| resource.physical_id == physical_id);
    let missing = || refusals::validation(format!("Stack for {physical_id} does not exist"));
    Ok(living.find(owns).ok_or_else(missing)?)
}

impl Query<ListStackResources> for CloudFormation {
    fn access(&self, scope: &Scope, input: &ListStackResourcesInput) -> Result<Vec<Access>> {
        on_stack(scope, "cloudformation:ListStackResources", &input.stack_name)
    }

    fn query(&self, view: &View<'_>, input: ListStackResourcesInput) -> Result<ListStackResourcesOutput> {
        let stack = model::find(view, view.scope(), &input.stack_name)?;
        let stack = stack.ok_or_else(|| refusals::no_stack(&input.stack_name))?;
        let after = input.next_token.unwrap_or_default();
        let mut left = stack.resources.into_iter().filter(|(id, _)| *id > after);
        let page: Vec<_> = left.by_ref().take(RESOURCES_MAX).collect();
        let next_token = page.last().filter(|_| left.next().is_some()).map(|(id, _)| id.clone());
        let summaries = page.into_iter().map(|(id, resource)| StackResourceSummary {
            logical_resource_id: id,
            physical_resource_id: Some(resource.physical_id),
            resource_type: resource.kind,
            last_updated_timestamp: resource.changed,
            resource_status: resource.status.as_str().into(),
            resource_status_reason: resource.reason,
            drift_information: Some(StackResourceDriftInformationSummary {
                stack_resource_drift_status: "NOT_CHECKED".into(),
                last_check_timestamp: None,
            }),
            ..Default::default()
        });
        Ok(ListStackResourcesOutput { stack_resource_summaries: Some(summaries.collect()), next_token })
    }
}
