//! `AttachRolePolicy`: attaches a managed policy to a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::refusals::{self, ATTACHED_POLICIES_MAX};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::AttachRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::AttachRolePolicyRequest) -> Result<Vec<Access>> {
        let accesses = super::on_role(scope, "iam:AttachRolePolicy", &input.role_name)?;
        let with_policy = |access: Access| access.with("iam:PolicyARN", [input.policy_arn.clone()]);
        Ok(accesses.into_iter().map(with_policy).collect())
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::AttachRolePolicyRequest,
    ) -> Result<api::AttachRolePolicyResponse> {
        let account = cx.scope().account;
        let arn = model::check_attachable(cx, account, &input.policy_arn)?;
        let mut added = false;
        model::change_role(cx, account, &input.role_name, |role| {
            added = !role.attached.contains(&arn);
            if added && role.attached.len() >= ATTACHED_POLICIES_MAX {
                return Err(refusals::quota("PoliciesPerRole", ATTACHED_POLICIES_MAX).into());
            }
            if added {
                role.attached.push(arn.clone());
            }
            Ok(())
        })?;
        if added {
            model::count_use(cx, &arn, |policy| policy.attachments += 1)?;
        }
        Ok(api::AttachRolePolicyResponse::default())
    }
}
