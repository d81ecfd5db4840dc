//! `ListAttachedRolePolicies`: names the managed policies on a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListAttachedRolePolicies> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListAttachedRolePoliciesRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:ListAttachedRolePolicies", &input.role_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListAttachedRolePoliciesRequest,
    ) -> Result<api::ListAttachedRolePoliciesResponse> {
        let account = view.scope().account;
        let role = model::role_named(view, account, &input.role_name)?;
        let prefix = format!("policy{}", input.path_prefix.as_deref().unwrap_or("/"));
        let mut attached = role.attached;
        attached.retain(|arn| arn.resource().starts_with(&prefix));
        attached.sort();
        let shown = attached.into_iter().map(|arn| {
            let name = arn.resource().rsplit('/').next().map(str::to_owned);
            let policy = api::AttachedPolicy { policy_name: name, policy_arn: Some(arn.to_string()) };
            (arn.to_string(), policy)
        });
        let page = wire::paged(shown, input.marker.as_deref(), input.max_items);
        Ok(api::ListAttachedRolePoliciesResponse {
            attached_policies: Some(page.entries),
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
