//! `GetRolePolicy`: shows an inline policy of a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::refusals;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::GetRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::GetRolePolicyRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:GetRolePolicy", &input.role_name)
    }

    fn query(&self, view: &View<'_>, input: api::GetRolePolicyRequest) -> Result<api::GetRolePolicyResponse> {
        let account = view.scope().account;
        let role = model::role_named(view, account, &input.role_name)?;
        let Some(document) = role.inline.get(&input.policy_name) else {
            return Err(refusals::no_such_role_policy(&input.policy_name).into());
        };
        Ok(api::GetRolePolicyResponse {
            role_name: role.name.to_string(),
            policy_document: wire::percent_encoded(document),
            policy_name: input.policy_name,
        })
    }
}
