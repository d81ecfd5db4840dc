//! `DescribeChangeSet`.

use updraft_api::cloudformation::ops::DescribeChangeSet;
use updraft_api::cloudformation::{
    Change as Shown, DescribeChangeSetInput, DescribeChangeSetOutput, Parameter, ResourceChange,
    ResourceChangeDetail, ResourceTargetDefinition, Tag,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::change_sets::{find, on_change_set};
use crate::cloudformation::CloudFormation;
use crate::cloudformation::changes::{Action, Change};

impl Query<DescribeChangeSet> for CloudFormation {
    fn access(&self, scope: &Scope, input: &DescribeChangeSetInput) -> Result<Vec<Access>> {
        on_change_set(
            scope,
            "cloudformation:DescribeChangeSet",
            &input.change_set_name,
            input.stack_name.as_deref(),
        )
    }

    fn query(&self, view: &View<'_>, input: DescribeChangeSetInput) -> Result<DescribeChangeSetOutput> {
        let change_set = find(view, view.scope(), &input.change_set_name, input.stack_name.as_deref())?;
        let wanted = change_set.wanted;
        let parameters: Vec<_> = wanted
            .parameters
            .into_iter()
            .map(|(key, value)| Parameter {
                parameter_key: Some(key),
                parameter_value: Some(value),
                ..Default::default()
            })
            .collect();
        let tags: Vec<_> = wanted.tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
        Ok(DescribeChangeSetOutput {
            change_set_name: Some(change_set.name),
            change_set_id: Some(change_set.id),
            stack_id: Some(change_set.stack_id),
            stack_name: Some(change_set.stack_name),
            description: change_set.description,
            parameters: (!parameters.is_empty()).then_some(parameters),
            creation_time: Some(change_set.created),
            execution_status: Some(change_set.execution.as_str().into()),
            status: Some(change_set.status.as_str().into()),
            status_reason: change_set.reason,
            notification_ar_ns: Some(Vec::new()),
            rollback_configuration: Some(Default::default()),
            capabilities: Some(wanted.capabilities.iter().map(|name| name.as_str().into()).collect()),
            tags: (!tags.is_empty()).then_some(tags),
            changes: Some(change_set.changes.into_iter().map(shown).collect()),
            include_nested_stacks: Some(false),
            ..Default::default()
        })
    }
}

fn shown(change: Change) -> Shown {
    let details = change.properties.iter().map(|(name, anew)| ResourceChangeDetail {
        target: Some(ResourceTargetDefinition {
            attribute: Some("Properties".into()),
            name: Some(name.clone()),
            requires_recreation: Some(if *anew { "Always" } else { "Never" }.into()),
            ..Default::default()
        }),
        evaluation: Some("Static".into()),
        change_source: Some("DirectModification".into()),
        ..Default::default()
    });
    let modified = change.action == Action::Modify;
    let action = match change.action {
        Action::Add => "Add",
        Action::Modify => "Modify",
        Action::Remove => "Remove",
    };
    Shown {
        r#type: Some("Resource".into()),
        resource_change: Some(ResourceChange {
            action: Some(action.into()),
            logical_resource_id: Some(change.logical_id),
            physical_resource_id: change.physical_id,
            resource_type: Some(change.kind),
            replacement: modified.then(|| if change.replaced { "True" } else { "False" }.into()),
            scope: Some(if modified { vec!["Properties".into()] } else { Vec::new() }),
            details: Some(details.collect()),
            ..Default::default()
        }),
        ..Default::default()
    }
}
