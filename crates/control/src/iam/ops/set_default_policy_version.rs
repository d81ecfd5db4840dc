//! `SetDefaultPolicyVersion`: says which version of a managed policy holds.

use crate::iam::Iam;
use crate::iam::{model, refusals};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::SetDefaultPolicyVersion> for Iam {
    fn access(&self, scope: &Scope, input: &api::SetDefaultPolicyVersionRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:SetDefaultPolicyVersion", &input.policy_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::SetDefaultPolicyVersionRequest,
    ) -> Result<api::SetDefaultPolicyVersionResponse> {
        let account = cx.scope().account;
        let number = super::version_number(&input.version_id)?;
        let now = cx.now();
        model::change_policy(cx, account, &input.policy_arn, |policy| {
            if policy.version(number).is_none() {
                return Err(refusals::no_such_version(policy.arn.as_str(), &input.version_id).into());
            }
            policy.default_version = number;
            policy.updated = now;
            Ok(())
        })?;
        Ok(api::SetDefaultPolicyVersionResponse::default())
    }
}
