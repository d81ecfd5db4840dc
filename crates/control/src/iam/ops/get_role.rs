//! `GetRole`: shows a role.

use crate::iam::Iam;
use crate::iam::model;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::GetRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::GetRoleRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:GetRole", &input.role_name)
    }

    fn query(&self, view: &View<'_>, input: api::GetRoleRequest) -> Result<api::GetRoleResponse> {
        let account = view.scope().account;
        let record = model::role_named(view, account, &input.role_name)?;
        Ok(api::GetRoleResponse { role: wire::role(record) })
    }
}
