//! `DeletePolicy`: removes a managed policy that nothing uses.

use crate::iam::Iam;
use crate::iam::model::{self, POLICIES};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DeletePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::DeletePolicyRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:DeletePolicy", &input.policy_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeletePolicyRequest) -> Result<api::DeletePolicyResponse> {
        let account = cx.scope().account;
        let policy = model::own_policy(cx, account, &input.policy_arn)?;
        let conflict = |message: &str| Err(api::errors::DELETE_CONFLICT_EXCEPTION.refuse(message).into());
        if policy.attachments + policy.boundary_uses > 0 {
            return conflict("Cannot delete a policy attached to entities.");
        }
        if policy.versions.len() > 1 {
            return conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
            );
        }
        POLICIES.delete(cx, &(account, policy.name.folded()));
        Ok(api::DeletePolicyResponse::default())
    }
}
