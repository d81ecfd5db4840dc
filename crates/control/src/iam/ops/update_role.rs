//! `UpdateRole`: changes a role's description and longest session.

use crate::iam::Iam;
use crate::iam::model;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UpdateRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::UpdateRoleRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:UpdateRole", &input.role_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateRoleRequest) -> Result<api::UpdateRoleResponse> {
        let account = cx.scope().account;
        let session_secs_max = input.max_session_duration;
        model::change_role(cx, account, &input.role_name, |role| {
            if session_secs_max.is_some() {
                role.session_secs_max = super::session_secs_max(session_secs_max)?;
            }
            if input.description.is_some() {
                role.description = input.description;
            }
            Ok(())
        })?;
        Ok(api::UpdateRoleResponse::default())
    }
}
