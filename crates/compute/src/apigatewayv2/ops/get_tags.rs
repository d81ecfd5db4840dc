//! `GetTags`: the tags of an API or one of its stages.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::tag_resource::{tagged, tags_of};
use crate::apigatewayv2::{ApiGateway, access};

impl Query<api::ops::GetTags> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetTagsRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/tags/{}", input.resource_arn)))
    }

    fn query(&self, view: &View<'_>, input: api::GetTagsRequest) -> Result<api::GetTagsResponse> {
        let (mut stored, stage) = tagged(view, view.scope(), &input.resource_arn)?;
        let tags = tags_of(&mut stored, stage.as_deref())?;
        Ok(api::GetTagsResponse { tags: Some(std::mem::take(tags)) })
    }
}
