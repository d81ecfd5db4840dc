//! `ListTagsForResource`: the tags of a group.

use updraft_api::logs::ops::ListTagsForResource;
use updraft_api::logs::{ListTagsForResourceRequest, ListTagsForResourceResponse};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::{Resource as _, Scope};

use crate::logs::{Logs, names};

impl Query<ListTagsForResource> for Logs {
    fn access(&self, scope: &Scope, input: &ListTagsForResourceRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to("logs:ListTagsForResource", names::tagged_group(&input.resource_arn)?.arn(scope))])
    }

    fn query(
        &self,
        view: &View<'_>,
        input: ListTagsForResourceRequest,
    ) -> Result<ListTagsForResourceResponse> {
        let group = names::group(view, view.scope(), &names::tagged_group(&input.resource_arn)?)?;
        Ok(ListTagsForResourceResponse { tags: Some(group.tags) })
    }
}
