//! `DeleteRole`: removes a role that has no policies any more.

use crate::iam::Iam;
use crate::iam::model::{self, ROLES};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DeleteRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::DeleteRoleRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:DeleteRole", &input.role_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteRoleRequest) -> Result<api::DeleteRoleResponse> {
        let account = cx.scope().account;
        let role = model::role_named(cx, account, &input.role_name)?;
        let conflict = |what: &str| {
            let message = format!("Cannot delete entity, must {what} first.");
            Err(api::errors::DELETE_CONFLICT_EXCEPTION.refuse(message).into())
        };
        if !role.attached.is_empty() {
            return conflict("detach all policies");
        }
        if !role.inline.is_empty() {
            return conflict("delete policies");
        }
        if let Some(arn) = &role.boundary {
            model::count_use(cx, arn, |policy| {
                policy.boundary_uses = policy.boundary_uses.saturating_sub(1)
            })?;
        }
        ROLES.delete(cx, &(account, role.name.folded()));
        Ok(api::DeleteRoleResponse::default())
    }
}
