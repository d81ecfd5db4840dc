//! `AWS::IAM::Role`.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::iam::ops;
use updraft_api::iam::{
    AttachRolePolicyRequest, DeleteRolePolicyRequest, DeleteRoleRequest, DetachRolePolicyRequest,
    GetRoleRequest, ListAttachedRolePoliciesRequest, ListRolePoliciesRequest, PutRolePolicyRequest, Tag,
    TagRoleRequest, UntagRoleRequest, UpdateAssumeRolePolicyRequest, UpdateRoleRequest,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, pick, tag_map, tags_gone};
use crate::cloudformation::input;

pub(crate) struct Role;

impl Provider for Role {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["AssumeRolePolicyDocument"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["Path", "RoleName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("RoleName"), length_max: 64, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let own = [
                "AssumeRolePolicyDocument",
                "Description",
                "MaxSessionDuration",
                "Path",
                "PermissionsBoundary",
                "Tags",
            ];
            let mut wanted = pick(properties, &own);
            wanted.insert("RoleName".to_owned(), Value::from(name));
            or_there(calls.with::<ops::CreateRole>(wanted).await, again)?;
            policies(calls, name, &Map::new(), properties).await?;
            let role = calls.call::<ops::GetRole>(GetRoleRequest { role_name: name.to_owned() }).await?.role;
            Ok(Made::named(name).with("Arn", role.arn).with("RoleId", role.role_id))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let name = &resource.physical_id;
            let old = &resource.properties;
            let changed = |property: &str| old.get(property) != properties.get(property);
            if changed("AssumeRolePolicyDocument") {
                let document = properties.get("AssumeRolePolicyDocument").cloned().unwrap_or_default();
                let input = UpdateAssumeRolePolicyRequest {
                    role_name: name.clone(),
                    policy_document: document_text(&document),
                };
                calls.call::<ops::UpdateAssumeRolePolicy>(input).await?;
            }
            if changed("Description") || changed("MaxSessionDuration") {
                let mut wanted = pick(properties, &["Description", "MaxSessionDuration"]);
                wanted.insert("RoleName".to_owned(), Value::from(name.as_str()));
                let input: UpdateRoleRequest = input::read(&wanted)?;
                calls.call::<ops::UpdateRole>(input).await?;
            }
            policies(calls, name, old, properties).await?;
            let gone = tags_gone(old, properties);
            if !gone.is_empty() {
                calls
                    .call::<ops::UntagRole>(UntagRoleRequest { role_name: name.clone(), tag_keys: gone })
                    .await?;
            }
            let tags = tag_map(properties);
            if tags != tag_map(old) && !tags.is_empty() {
                let tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
                calls.call::<ops::TagRole>(TagRoleRequest { role_name: name.clone(), tags }).await?;
            }
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let name = &resource.physical_id;
            // Whatever hangs on the role goes first, also what was put there since.
            let input = ListAttachedRolePoliciesRequest { role_name: name.clone(), ..Default::default() };
            let attached = calls.call::<ops::ListAttachedRolePolicies>(input).await?.attached_policies;
            for policy_arn in attached.into_iter().flatten().filter_map(|policy| policy.policy_arn) {
                let input = DetachRolePolicyRequest { role_name: name.clone(), policy_arn };
                calls.call::<ops::DetachRolePolicy>(input).await?;
            }
            let input = ListRolePoliciesRequest { role_name: name.clone(), ..Default::default() };
            for policy_name in calls.call::<ops::ListRolePolicies>(input).await?.policy_names {
                let input = DeleteRolePolicyRequest { role_name: name.clone(), policy_name };
                calls.call::<ops::DeleteRolePolicy>(input).await?;
            }
            calls.call::<ops::DeleteRole>(DeleteRoleRequest { role_name: name.clone() }).await?;
            Ok(())
        })
    }
}

fn document_text(document: &Value) -> String {
    document.as_str().map_or_else(|| document.to_string(), str::to_owned)
}

/// Brings the role's policies from the old properties to the new.
async fn policies(
    calls: &Calls,
    name: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Result<()> {
    let (had, wanted) = (managed(old), managed(new));
    for policy_arn in wanted.difference(&had) {
        let input = AttachRolePolicyRequest { role_name: name.to_owned(), policy_arn: policy_arn.clone() };
        calls.call::<ops::AttachRolePolicy>(input).await?;
    }
    for policy_arn in had.difference(&wanted) {
        let input = DetachRolePolicyRequest { role_name: name.to_owned(), policy_arn: policy_arn.clone() };
        calls.call::<ops::DetachRolePolicy>(input).await?;
    }
    let (had, wanted) = (inline(old), inline(new));
    for (policy_name, policy_document) in &wanted {
        if had.get(policy_name) != Some(policy_document) {
            let input = PutRolePolicyRequest {
                role_name: name.to_owned(),
                policy_name: policy_name.clone(),
                policy_document: policy_document.clone(),
            };
            calls.call::<ops::PutRolePolicy>(input).await?;
        }
    }
    for policy_name in had.into_keys().filter(|policy_name| !wanted.contains_key(policy_name)) {
        let input = DeleteRolePolicyRequest { role_name: name.to_owned(), policy_name };
        calls.call::<ops::DeleteRolePolicy>(input).await?;
    }
    Ok(())
}

fn managed(properties: &Map<String, Value>) -> BTreeSet<String> {
    let arns = properties.get("ManagedPolicyArns").and_then(Value::as_array).into_iter().flatten();
    arns.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn inline(properties: &Map<String, Value>) -> BTreeMap<String, String> {
    let policies = properties.get("Policies").and_then(Value::as_array).into_iter().flatten();
    policies
        .filter_map(|policy| {
            Some((policy["PolicyName"].as_str()?.to_owned(), document_text(&policy["PolicyDocument"])))
        })
        .collect()
}
