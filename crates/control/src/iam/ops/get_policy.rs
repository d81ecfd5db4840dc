//! `GetPolicy`: shows a managed policy.

use crate::iam::Iam;
use crate::iam::{managed, model, refusals, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;
use updraft_types::iam::is_aws_managed;

impl Query<ops::GetPolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::GetPolicyRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:GetPolicy", &input.policy_arn)
    }

    fn query(&self, view: &View<'_>, input: api::GetPolicyRequest) -> Result<api::GetPolicyResponse> {
        let account = view.scope().account;
        let arn = model::parse_policy_arn(&input.policy_arn)?;
        let policy = match managed::find(&arn) {
            Some(managed) => wire::aws_policy(managed, &view.scope().region),
            None if is_aws_managed(&arn) => return Err(refusals::no_such_policy(arn.as_str()).into()),
            None => wire::policy(&model::own_policy(view, account, arn.as_str())?),
        };
        Ok(api::GetPolicyResponse { policy: Some(policy) })
    }
}
