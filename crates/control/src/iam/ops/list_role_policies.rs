//! `ListRolePolicies`: names the inline policies of a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListRolePolicies> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListRolePoliciesRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:ListRolePolicies", &input.role_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListRolePoliciesRequest,
    ) -> Result<api::ListRolePoliciesResponse> {
        let account = view.scope().account;
        let role = model::role_named(view, account, &input.role_name)?;
        let names = role.inline.into_keys().map(|name| (name.clone(), name));
        let page = wire::paged(names, input.marker.as_deref(), input.max_items);
        Ok(api::ListRolePoliciesResponse {
            policy_names: page.entries,
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
