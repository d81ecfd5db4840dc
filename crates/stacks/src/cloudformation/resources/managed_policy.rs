//! `AWS::IAM::ManagedPolicy`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::iam::ops;
use updraft_api::iam::{
    AttachRolePolicyRequest, CreatePolicyVersionRequest, DeletePolicyRequest, DeletePolicyVersionRequest,
    DetachRolePolicyRequest, ListPolicyVersionsRequest,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, is_gone, pick};

pub(crate) struct ManagedPolicy;

impl Provider for ManagedPolicy {
    fn properties(&self) -> &'static [&'static str] {
        &["Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["Description", "ManagedPolicyName", "Path"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("ManagedPolicyName"), length_max: 128, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut wanted = pick(properties, &["Description", "Path", "PolicyDocument"]);
            wanted.insert("PolicyName".to_owned(), Value::from(name));
            let policy = calls.with::<ops::CreatePolicy>(wanted).await?.policy.unwrap_or_default();
            let arn = policy.arn.unwrap_or_default();
            for role_name in roles(properties) {
                let input = AttachRolePolicyRequest { role_name, policy_arn: arn.clone() };
                calls.call::<ops::AttachRolePolicy>(input).await?;
            }
            Ok(Made::named(arn.clone()).with("PolicyArn", arn))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let policy_arn = resource.physical_id.clone();
            if resource.properties.get("PolicyDocument") != properties.get("PolicyDocument") {
                forget_versions(calls, &policy_arn).await?;
                let document = properties.get("PolicyDocument").cloned().unwrap_or_default();
                let input = CreatePolicyVersionRequest {
                    policy_arn: policy_arn.clone(),
                    policy_document: document.as_str().map_or_else(|| document.to_string(), str::to_owned),
                    set_as_default: Some(true),
                };
                calls.call::<ops::CreatePolicyVersion>(input).await?;
            }
            let (old, new) = (roles(&resource.properties), roles(properties));
            for role_name in new.iter().filter(|role| !old.contains(role)) {
                let input =
                    AttachRolePolicyRequest { role_name: role_name.clone(), policy_arn: policy_arn.clone() };
                calls.call::<ops::AttachRolePolicy>(input).await?;
            }
            for role_name in old.iter().filter(|role| !new.contains(role)) {
                let input =
                    DetachRolePolicyRequest { role_name: role_name.clone(), policy_arn: policy_arn.clone() };
                calls.call::<ops::DetachRolePolicy>(input).await?;
            }
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let policy_arn = resource.physical_id.clone();
            for role_name in roles(&resource.properties) {
                let input = DetachRolePolicyRequest { role_name, policy_arn: policy_arn.clone() };
                match calls.call::<ops::DetachRolePolicy>(input).await {
                    // The role may have gone before.
                    Err(error) if error.refusal().is_some_and(is_gone) => {}
                    other => {
                        other?;
                    }
                }
            }
            forget_versions(calls, &policy_arn).await?;
            calls.call::<ops::DeletePolicy>(DeletePolicyRequest { policy_arn }).await?;
            Ok(())
        })
    }
}

/// A policy has at most five versions, and goes only without any but the default.
async fn forget_versions(calls: &Calls, policy_arn: &str) -> Result<()> {
    let input = ListPolicyVersionsRequest { policy_arn: policy_arn.to_owned(), ..Default::default() };
    let versions = calls.call::<ops::ListPolicyVersions>(input).await?.versions;
    for version in versions.into_iter().flatten().filter(|version| version.is_default_version != Some(true)) {
        let version_id = version.version_id.unwrap_or_default();
        let input = DeletePolicyVersionRequest { policy_arn: policy_arn.to_owned(), version_id };
        calls.call::<ops::DeletePolicyVersion>(input).await?;
    }
    Ok(())
}

fn roles(properties: &Map<String, Value>) -> Vec<String> {
    let roles = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
    roles.filter_map(Value::as_str).map(str::to_owned).collect()
}
