//! `PutRolePolicy`: writes an inline policy of a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::refusals::{INLINE_POLICIES_CHARS_MAX, counted};
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::PutRolePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::PutRolePolicyRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:PutRolePolicy", &input.role_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::PutRolePolicyRequest,
    ) -> Result<api::PutRolePolicyResponse> {
        let account = cx.scope().account;
        wire::name("policyName", &input.policy_name)?;
        super::check_identity_policy(&input.policy_document)?;
        model::change_role(cx, account, &input.role_name, |role| {
            role.inline.insert(input.policy_name, input.policy_document);
            let total: usize = role.inline.values().map(|document| counted(document)).sum();
            if total > INLINE_POLICIES_CHARS_MAX {
                let message = format!(
                    "Maximum policy size of {INLINE_POLICIES_CHARS_MAX} bytes exceeded for role {}",
                    role.name
                );
                return Err(api::errors::LIMIT_EXCEEDED_EXCEPTION.refuse(message).into());
            }
            Ok(())
        })?;
        Ok(api::PutRolePolicyResponse::default())
    }
}
