//! `DeletePolicyVersion`: removes a version of a managed policy.

use crate::iam::Iam;
use crate::iam::{model, refusals};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DeletePolicyVersion> for Iam {
    fn access(&self, scope: &Scope, input: &api::DeletePolicyVersionRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:DeletePolicyVersion", &input.policy_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeletePolicyVersionRequest,
    ) -> Result<api::DeletePolicyVersionResponse> {
        let account = cx.scope().account;
        let number = super::version_number(&input.version_id)?;
        model::change_policy(cx, account, &input.policy_arn, |policy| {
            if policy.version(number).is_none() {
                return Err(refusals::no_such_version(policy.arn.as_str(), &input.version_id).into());
            }
            if policy.default_version == number {
                let message = "Cannot delete the default version of a policy.";
                return Err(api::errors::DELETE_CONFLICT_EXCEPTION.refuse(message).into());
            }
            policy.versions.retain(|version| version.number != number);
            Ok(())
        })?;
        Ok(api::DeletePolicyVersionResponse::default())
    }
}
