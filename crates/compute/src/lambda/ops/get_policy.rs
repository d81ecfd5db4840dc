//! `GetPolicy`: the resource policy of a function, a version or an alias.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::add_permission::policy_key;
use crate::lambda::store::{POLICIES, Target};
use crate::lambda::{Lambda, access, policy, refusals};

impl Query<api::ops::GetPolicy> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetPolicyRequest) -> Result<Vec<Access>> {
        access("lambda:GetPolicy", scope, &input.function_name)
    }

    fn query(&self, view: &View<'_>, input: api::GetPolicyRequest) -> Result<api::GetPolicyResponse> {
        let target = Target::read(view.scope(), &input.function_name, input.qualifier.as_deref())?;
        let found = POLICIES.get(view, &policy_key(view, &target)?)?;
        let policy =
            found.ok_or_else(|| refusals::not_found("The resource you requested does not exist."))?;
        Ok(api::GetPolicyResponse {
            policy: Some(policy::document(&policy)),
            revision_id: Some(policy.revision_id),
        })
    }
}
