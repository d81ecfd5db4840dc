//! `ListPolicyVersions`: shows the versions of a managed policy.

use crate::iam::Iam;
use crate::iam::{managed, model, refusals, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;
use updraft_types::iam::is_aws_managed;

impl Query<ops::ListPolicyVersions> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListPolicyVersionsRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:ListPolicyVersions", &input.policy_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListPolicyVersionsRequest,
    ) -> Result<api::ListPolicyVersionsResponse> {
        let account = view.scope().account;
        let arn = model::parse_policy_arn(&input.policy_arn)?;
        let versions: Vec<_> = if is_aws_managed(&arn) {
            let managed = managed::find(&arn).ok_or_else(|| refusals::no_such_policy(arn.as_str()))?;
            vec![api::PolicyVersion {
                document: None,
                version_id: Some(managed.version.clone()),
                is_default_version: Some(true),
                create_date: Some(managed.updated),
            }]
        } else {
            let policy = model::own_policy(view, account, arn.as_str())?;
            // The newest comes first.
            policy.versions.iter().rev().map(|version| wire::version(version, &policy, false)).collect()
        };
        let keyed = versions.into_iter().enumerate().map(|(at, version)| (format!("{at:04}"), version));
        let page = wire::paged(keyed, input.marker.as_deref(), input.max_items);
        Ok(api::ListPolicyVersionsResponse {
            versions: Some(page.entries),
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
