//! `DetachRolePolicy`: detaches a managed policy from a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::refusals;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DetachRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::DetachRolePolicyRequest) -> Result<Vec<Access>> {
        let accesses = super::on_role(scope, "iam:DetachRolePolicy", &input.role_name)?;
        let with_policy = |access: Access| access.with("iam:PolicyARN", [input.policy_arn.clone()]);
        Ok(accesses.into_iter().map(with_policy).collect())
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DetachRolePolicyRequest,
    ) -> Result<api::DetachRolePolicyResponse> {
        let account = cx.scope().account;
        let arn = model::parse_policy_arn(&input.policy_arn)?;
        model::change_role(cx, account, &input.role_name, |role| {
            let before = role.attached.len();
            role.attached.retain(|attached| *attached != arn);
            if role.attached.len() == before {
                return Err(refusals::no_such_policy(arn.as_str()).into());
            }
            Ok(())
        })?;
        model::count_use(cx, &arn, |policy| policy.attachments = policy.attachments.saturating_sub(1))?;
        Ok(api::DetachRolePolicyResponse::default())
    }
}
