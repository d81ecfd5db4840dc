//! `GetPolicyVersion`: shows a version of a managed policy.

use crate::iam::Iam;
use crate::iam::{managed, model, refusals, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;
use updraft_types::iam::is_aws_managed;

impl Query<ops::GetPolicyVersion> for Iam {
    fn access(&self, scope: &Scope, input: &api::GetPolicyVersionRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:GetPolicyVersion", &input.policy_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetPolicyVersionRequest,
    ) -> Result<api::GetPolicyVersionResponse> {
        let account = view.scope().account;
        let arn = model::parse_policy_arn(&input.policy_arn)?;
        let missing = || refusals::no_such_version(arn.as_str(), &input.version_id);
        let version = if is_aws_managed(&arn) {
            let managed = managed::find(&arn).ok_or_else(|| refusals::no_such_policy(arn.as_str()))?;
            if managed.version != input.version_id {
                return Err(missing().into());
            }
            api::PolicyVersion {
                document: Some(wire::percent_encoded(&managed.document)),
                version_id: Some(managed.version.clone()),
                is_default_version: Some(true),
                create_date: Some(managed.updated),
            }
        } else {
            let policy = model::own_policy(view, account, arn.as_str())?;
            let number = super::version_number(&input.version_id)?;
            wire::version(policy.version(number).ok_or_else(missing)?, &policy, true)
        };
        Ok(api::GetPolicyVersionResponse { policy_version: Some(version) })
    }
}
