//! `DeleteRetentionPolicy`: a group's events are kept for ever.

use updraft_api::logs::ops::DeleteRetentionPolicy;
use updraft_api::logs::{DeleteRetentionPolicyRequest, DeleteRetentionPolicyResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::logs::model::GROUPS;
use crate::logs::{Logs, names};

impl Handle<DeleteRetentionPolicy> for Logs {
    fn access(&self, scope: &Scope, input: &DeleteRetentionPolicyRequest) -> Result<Vec<Access>> {
        Ok(names::group_access(
            "logs:DeleteRetentionPolicy",
            scope,
            &names::group_name(&input.log_group_name)?,
        ))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteRetentionPolicyRequest,
    ) -> Result<DeleteRetentionPolicyResponse> {
        let name = names::group_name(&input.log_group_name)?;
        let mut group = names::group(cx, cx.scope(), &name)?;
        group.retention_days = None;
        group.expiry += 1;
        let scope = cx.scope().clone();
        GROUPS.put(cx, &(scope, name.to_string()), &group)?;
        Ok(DeleteRetentionPolicyResponse {})
    }
}
