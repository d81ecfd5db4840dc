//! `CreatePolicyVersion`: adds a version to a managed policy.

use crate::iam::Iam;
use crate::iam::model::{self, VersionRecord};
use crate::iam::refusals::POLICY_VERSIONS_MAX;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::CreatePolicyVersion> for Iam {
    fn access(&self, scope: &Scope, input: &api::CreatePolicyVersionRequest) -> Result<Vec<Access>> {
        let _ = scope;
        super::on_policy("iam:CreatePolicyVersion", &input.policy_arn)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::CreatePolicyVersionRequest,
    ) -> Result<api::CreatePolicyVersionResponse> {
        let account = cx.scope().account;
        super::check_managed_policy(&input.policy_document)?;
        let now = cx.now();
        let mut shown = None;
        model::change_policy(cx, account, &input.policy_arn, |policy| {
            if policy.versions.len() >= POLICY_VERSIONS_MAX {
                let message = format!(
                    "A managed policy can have up to {POLICY_VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version."
                );
                return Err(api::errors::LIMIT_EXCEEDED_EXCEPTION.refuse(message).into());
            }
            policy.last_version += 1;
            let number = policy.last_version;
            policy.versions.push(VersionRecord { number, document: input.policy_document, created: now });
            if input.set_as_default == Some(true) {
                policy.default_version = number;
            }
            policy.updated = now;
            shown = policy.version(number).map(|version| wire::version(version, policy, false));
            Ok(())
        })?;
        Ok(api::CreatePolicyVersionResponse { policy_version: shown })
    }
}
