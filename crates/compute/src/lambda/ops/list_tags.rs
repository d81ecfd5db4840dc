//! `ListTags`: a function's tags.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::tag_resource::tagged;
use crate::lambda::{Lambda, access};

impl Query<api::ops::ListTags> for Lambda {
    fn access(&self, scope: &Scope, input: &api::ListTagsRequest) -> Result<Vec<Access>> {
        access("lambda:ListTags", scope, &input.resource)
    }

    fn query(&self, view: &View<'_>, input: api::ListTagsRequest) -> Result<api::ListTagsResponse> {
        let function = tagged(view.scope(), &input.resource)?.function(view)?;
        Ok(api::ListTagsResponse { tags: Some(function.tags) })
    }
}
