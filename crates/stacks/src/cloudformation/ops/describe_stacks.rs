//! `DescribeStacks`.

use updraft_api::cloudformation::ops::DescribeStacks;
use updraft_api::cloudformation::{
    DescribeStacksInput, DescribeStacksOutput, Output, Parameter, Stack as Shown, StackDriftInformation, Tag,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_lang::cfn::{self, Template};
use updraft_types::Scope;

use super::on_stack;
use crate::cloudformation::model::{self, OnFailure, STACKS, Stack};
use crate::cloudformation::{CloudFormation, refusals};

/// A page of stacks.
const STACKS_MAX: usize = 100;

impl Query<DescribeStacks> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DescribeStacksInput) -> Result<Vec<Access>> {
        match &input.stack_name {
            Some(name) => on_stack(scope, "cloudformation:DescribeStacks", name),
            None => Ok(vec![Access::to_any("cloudformation:DescribeStacks")]),
        }
    }

    fn query(&self, view: &View<'_>, input: DescribeStacksInput) -> Result<DescribeStacksOutput> {
        let scope = view.scope();
        if let Some(name) = input.stack_name {
            let stack = model::find(view, scope, &name)?.ok_or_else(|| refusals::no_stack(&name))?;
            return Ok(DescribeStacksOutput { stacks: Some(vec![shown(stack)]), next_token: None });
        }
        let all = STACKS.all(view, scope)?.into_iter().map(|(_, stack)| stack);
        let after = input.next_token.unwrap_or_default();
        let mut living: Vec<Stack> =
            all.filter(|stack| stack.status != "DELETE_COMPLETE" && stack.id > after).collect();
        let more = living.len() > STACKS_MAX;
        living.truncate(STACKS_MAX);
        let next_token = living.last().filter(|_| more).map(|stack| stack.id.clone());
        Ok(DescribeStacksOutput { stacks: Some(living.into_iter().map(shown).collect()), next_token })
    }
}

fn shown(stack: Stack) -> Shown {
    let template = Template::read(&stack.wanted.processed).unwrap_or_default();
    let values = cfn::parameter_values(&template, &stack.wanted.parameters).unwrap_or_default();
    let parameters: Vec<_> = template
        .parameters
        .iter()
        .filter_map(|(name, declaration)| {
            let secret = declaration.get("NoEcho").is_some_and(|no| no == true || no == "true");
            let value = values.get(name)?;
            let text = value
                .as_array()
                .map(|items| items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(","));
            let text =
                text.or_else(|| value.as_str().map(str::to_owned)).unwrap_or_else(|| value.to_string());
            Some(Parameter {
                parameter_key: Some(name.clone()),
                parameter_value: Some(if secret { "****".to_owned() } else { text }),
                ..Default::default()
            })
        })
        .collect();
    let outputs: Vec<_> = stack
        .outputs
        .into_iter()
        .map(|output| Output {
            output_key: Some(output.key),
            output_value: Some(output.value),
            description: output.description,
            export_name: output.export,
        })
        .collect();
    let capabilities: Vec<_> = stack.wanted.capabilities.iter().map(|name| name.as_str().into()).collect();
    Shown {
        stack_id: Some(stack.id),
        stack_name: stack.name,
        change_set_id: stack.change_set_id,
        description: template.description,
        parameters: (!parameters.is_empty()).then_some(parameters),
        creation_time: stack.created,
        deletion_time: stack.deleted,
        last_updated_time: stack.updated,
        rollback_configuration: Some(Default::default()),
        stack_status: stack.status.as_str().into(),
        stack_status_reason: stack.reason,
        disable_rollback: Some(stack.on_failure == OnFailure::DoNothing),
        notification_ar_ns: Some(Vec::new()),
        capabilities: (!capabilities.is_empty()).then_some(capabilities),
        outputs: (!outputs.is_empty()).then_some(outputs),
        role_arn: stack.role_arn.map(|arn| arn.to_string()),
        tags: Some(stack.wanted.tags.into_iter().map(|(key, value)| Tag { key, value }).collect()),
        enable_termination_protection: Some(stack.termination_protection),
        drift_information: Some(StackDriftInformation {
            stack_drift_status: "NOT_CHECKED".into(),
            last_check_timestamp: None,
        }),
        ..Default::default()
    }
}
