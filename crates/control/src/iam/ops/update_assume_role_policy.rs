//! `UpdateAssumeRolePolicy`: changes who may assume a role.

use crate::iam::Iam;
use crate::iam::model;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UpdateAssumeRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::UpdateAssumeRolePolicyRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:UpdateAssumeRolePolicy", &input.role_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateAssumeRolePolicyRequest,
    ) -> Result<api::UpdateAssumeRolePolicyResponse> {
        let account = cx.scope().account;
        super::check_trust(&input.policy_document)?;
        model::change_role(cx, account, &input.role_name, |role| {
            role.trust = input.policy_document;
            Ok(())
        })?;
        Ok(api::UpdateAssumeRolePolicyResponse::default())
    }
}
