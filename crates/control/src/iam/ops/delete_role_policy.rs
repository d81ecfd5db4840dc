//! `DeleteRolePolicy`: removes an inline policy of a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::refusals;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DeleteRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::DeleteRolePolicyRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:DeleteRolePolicy", &input.role_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteRolePolicyRequest,
    ) -> Result<api::DeleteRolePolicyResponse> {
        let account = cx.scope().account;
        model::change_role(cx, account, &input.role_name, |role| {
            let removed = role.inline.remove(&input.policy_name);
            removed.map(drop).ok_or_else(|| refusals::no_such_role_policy(&input.policy_name).into())
        })?;
        Ok(api::DeleteRolePolicyResponse::default())
    }
}
