//! `UntagRole`: takes tags off a role.

use crate::iam::Iam;
use crate::iam::model;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UntagRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::UntagRoleRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:UntagRole", &input.role_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UntagRoleRequest) -> Result<api::UntagRoleResponse> {
        let account = cx.scope().account;
        model::change_role(cx, account, &input.role_name, |role| {
            role.tags.retain(|key, _| {
                !input.tag_keys.iter().any(|gone| gone.to_lowercase() == key.to_lowercase())
            });
            Ok(())
        })?;
        Ok(api::UntagRoleResponse::default())
    }
}
