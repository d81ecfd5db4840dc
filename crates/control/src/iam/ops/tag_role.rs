//! `TagRole`: tags a role.

use crate::iam::Iam;
use crate::iam::{model, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::TagRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::TagRoleRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:TagRole", &input.role_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::TagRoleRequest) -> Result<api::TagRoleResponse> {
        let account = cx.scope().account;
        model::change_role(cx, account, &input.role_name, |role| wire::add_tags(&mut role.tags, input.tags))?;
        Ok(api::TagRoleResponse::default())
    }
}
