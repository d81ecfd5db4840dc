//! `GetCallerIdentity`: says who calls.

use updraft_api::sts::{self as api, ops};
use updraft_kernel::{Access, Principal, Query, Result, View};
use updraft_types::Scope;

use crate::iam::principal_of;
use crate::sts::Sts;

impl Query<ops::GetCallerIdentity> for Sts {
    /// No permission is needed, and none can take it away ("GetCallerIdentity", AWS STS API
    /// reference, read 2026-11).
    fn access(&self, _scope: &Scope, _input: &api::GetCallerIdentityRequest) -> Result<Vec<Access>> {
        Ok(Vec::new())
    }

    fn query(
        &self,
        view: &View<'_>,
        _input: api::GetCallerIdentityRequest,
    ) -> Result<api::GetCallerIdentityResponse> {
        let caller = &view.info().caller;
        let user_id = match &caller.principal {
            Principal::Role { role_id, session, .. } => format!("{role_id}:{session}"),
            _ => caller.account.to_string(),
        };
        Ok(api::GetCallerIdentityResponse {
            user_id: Some(user_id),
            account: Some(caller.account.to_string()),
            arn: Some(principal_of(caller, &view.scope().region)),
        })
    }
}
