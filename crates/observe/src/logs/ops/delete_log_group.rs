//! `DeleteLogGroup`: the group and all it holds.

use updraft_api::logs::ops::DeleteLogGroup;
use updraft_api::logs::{DeleteLogGroupRequest, DeleteLogGroupResponse, errors};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::logs::expiry::CollectGroup;
use crate::logs::model::GROUPS;
use crate::logs::{Logs, names};

impl Handle<DeleteLogGroup> for Logs {
    fn access(&self, scope: &Scope, input: &DeleteLogGroupRequest) -> Result<Vec<Access>> {
        Ok(names::group_access("logs:DeleteLogGroup", scope, &names::group_name(&input.log_group_name)?))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteLogGroupRequest) -> Result<DeleteLogGroupResponse> {
        let name = names::group_name(&input.log_group_name)?;
        let group = names::group(cx, cx.scope(), &name)?;
        if group.deletion_protection {
            let message = format!(
                "The log group {name} is protected from deletion; turn its deletion protection off first."
            );
            return Err(errors::VALIDATION_EXCEPTION.refuse(message).into());
        }
        let scope = cx.scope().clone();
        GROUPS.delete(cx, &(scope, name.to_string()));
        // What it held is out of reach at once and removed by and by.
        cx.schedule(cx.now(), &CollectGroup { group: group.id })?;
        Ok(DeleteLogGroupResponse {})
    }
}
