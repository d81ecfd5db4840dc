//! `AWS::IAM::Policy`: one document, inline in each of the roles it names.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::iam::{DeleteRolePolicyRequest, PutRolePolicyRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Provider, Resource, is_gone, text};

pub(crate) struct Policy;

impl Provider for Policy {
    fn properties(&self) -> &'static [&'static str] {
        &["PolicyDocument", "PolicyName", "Roles"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["PolicyDocument", "PolicyName", "Roles"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["PolicyName"]
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            for role in roles(properties) {
                put(calls, &role, properties).await?;
            }
            Ok(Made::named(name).with("Id", name))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let (old, new) = (roles(&resource.properties), roles(properties));
            for role in &new {
                put(calls, role, properties).await?;
            }
            for role in old.iter().filter(|role| !new.contains(role)) {
                take(calls, role, &resource.properties).await?;
            }
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for role in roles(&resource.properties) {
                take(calls, &role, &resource.properties).await?;
            }
            Ok(())
        })
    }
}

async fn put(calls: &Calls, role: &str, properties: &Map<String, Value>) -> Result<()> {
    let document = properties.get("PolicyDocument").cloned().unwrap_or_default();
    let input = PutRolePolicyRequest {
        role_name: role.to_owned(),
        policy_name: text(properties, "PolicyName").to_owned(),
        policy_document: document.as_str().map_or_else(|| document.to_string(), str::to_owned),
    };
    calls.call::<ops::PutRolePolicy>(input).await?;
    Ok(())
}

/// Takes the policy from a role, which may have gone before.
async fn take(calls: &Calls, role: &str, properties: &Map<String, Value>) -> Result<()> {
    let policy_name = text(properties, "PolicyName").to_owned();
    let input = DeleteRolePolicyRequest { role_name: role.to_owned(), policy_name };
    match calls.call::<ops::DeleteRolePolicy>(input).await {
        Err(error) if error.refusal().is_some_and(is_gone) => Ok(()),
        other => other.map(drop),
    }
}

fn roles(properties: &Map<String, Value>) -> Vec<String> {
    let roles = properties.get("Roles").and_then(Value::as_array).into_iter().flatten();
    roles.filter_map(Value::as_str).map(str::to_owned).collect()
}
