//! `ListRoleTags`: shows the tags of a role.

use crate::iam::Iam;
use crate::iam::{model, wire};
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListRoleTags> for Iam {
    fn access(&self, scope: &Scope, input: &api::ListRoleTagsRequest) -> Result<Vec<Access>> {
        super::on_role(scope, "iam:ListRoleTags", &input.role_name)
    }

    fn query(&self, view: &View<'_>, input: api::ListRoleTagsRequest) -> Result<api::ListRoleTagsResponse> {
        let account = view.scope().account;
        let role = model::role_named(view, account, &input.role_name)?;
        let tags = wire::tags(&role.tags).unwrap_or_default();
        let keyed = tags.into_iter().map(|tag| (tag.key.clone(), tag));
        let page = wire::paged(keyed, input.marker.as_deref(), input.max_items);
        Ok(api::ListRoleTagsResponse {
            tags: page.entries,
            is_truncated: page.is_truncated,
            marker: page.marker,
        })
    }
}
