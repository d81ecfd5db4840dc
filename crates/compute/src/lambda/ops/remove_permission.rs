//! `RemovePermission`: a statement goes from the resource policy.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::add_permission::{expect_revision, policy_key};
use crate::lambda::store::{POLICIES, Target};
use crate::lambda::{Lambda, access, policy, refusals};

impl Handle<api::ops::RemovePermission> for Lambda {
    fn access(&self, scope: &Scope, input: &api::RemovePermissionRequest) -> Result<Vec<Access>> {
        access("lambda:RemovePermission", scope, &input.function_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::RemovePermissionRequest,
    ) -> Result<api::RemovePermissionResponse> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        let key = policy_key(cx, &target)?;
        let mut policy = POLICIES
            .get(cx, &key)?
            .ok_or_else(|| refusals::not_found("No policy is associated with the given resource."))?;
        expect_revision(&policy, input.revision_id.as_deref())?;
        let before = policy.statements.len();
        policy.statements.retain(|statement| !policy::has_id(statement, &input.statement_id));
        if policy.statements.len() == before {
            return Err(refusals::not_found(format!(
                "Statement {} is not found in resource policy.",
                input.statement_id
            ))
            .into());
        }
        if policy.statements.is_empty() {
            POLICIES.delete(cx, &key);
        } else {
            policy.revision_id = cx.ids().uuid();
            POLICIES.put(cx, &key, &policy)?;
        }
        Ok(api::RemovePermissionResponse {})
    }
}
