//! `ListRoles`: shows the roles under a path.

use crate::iam::Iam;
use crate::iam::model::ROLES;
use crate::iam::wire;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListRoles> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListRolesRequest) -> Result<Vec<Access>> {
        let _ = (scope, input);
        Ok(vec![Access::to_any("iam:ListRoles")])
    }

    fn query(&self, view: &View<'_>, input: api::ListRolesRequest) -> Result<api::ListRolesResponse> {
        let account = view.scope().account;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let roles = ROLES.all(view, &account)?.into_iter();
        let wanted = roles.filter(|(_, role)| role.path.as_str().starts_with(prefix));
        // Lists leave the boundary and the tags out ("ListRoles", IAM API reference, read 2026-11).
        let shown = wanted.map(|((_, key), role)| {
            (key, api::Role { tags: None, permissions_boundary: None, ..wire::role(role) })
        });
        let page = wire::paged(shown, input.marker.as_deref(), input.max_items);
        Ok(api::ListRolesResponse {
            roles: page.entries,
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
