//! `ListPolicies`: shows managed policies, AWS's own and the account's.

use crate::iam::Iam;
use crate::iam::model::POLICIES;
use crate::iam::{managed, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListPolicies> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListPoliciesRequest) -> Result<Vec<Access>> {
        let _ = (scope, input);
        Ok(vec![Access::to_any("iam:ListPolicies")])
    }

    fn query(&self, view: &View<'_>, input: api::ListPoliciesRequest) -> Result<api::ListPoliciesResponse> {
        let account = view.scope().account;
        let scope = input.scope.as_ref().map_or("All", |scope| scope.as_str());
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let region = &view.scope().region;
        let mut shown: Vec<_> = Vec::new();
        if scope != "AWS" {
            shown.extend(POLICIES.all(view, &account)?.iter().map(|(_, record)| wire::policy(record)));
        }
        if scope != "Local" {
            shown.extend(managed::all().map(|policy| wire::aws_policy(policy, region)));
        }
        shown.retain(|policy| policy.path.as_deref().is_some_and(|path| path.starts_with(prefix)));
        if input.only_attached == Some(true) {
            shown.retain(|policy| policy.attachment_count.is_some_and(|count| count > 0));
        }
        if input.policy_usage_filter == Some(api::PolicyUsageType::PermissionsBoundary) {
            shown.retain(|policy| policy.permissions_boundary_usage_count.is_some_and(|count| count > 0));
        }
        shown.sort_by(|a, b| a.arn.cmp(&b.arn));
        // Lists leave tags and descriptions out ("ListPolicies", IAM API reference, read 2026-11).
        let keyed = shown.into_iter().map(|policy| {
            let key = policy.arn.clone().unwrap_or_default();
            (key, api::Policy { tags: None, description: None, ..policy })
        });
        let page = wire::paged(keyed, input.marker.as_deref(), input.max_items);
        Ok(api::ListPoliciesResponse {
            policies: Some(page.entries),
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
