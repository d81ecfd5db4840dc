//! `UntagResource`: tags go from an API or one of its stages.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::tag_resource::{tagged, tags_of};
use crate::apigatewayv2::store::write;
use crate::apigatewayv2::{ApiGateway, access};

impl Handle<api::ops::UntagResource> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::UntagResourceRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:DELETE", &format!("/tags/{}", input.resource_arn)))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UntagResourceRequest,
    ) -> Result<api::UntagResourceResponse> {
        let (mut stored, stage) = tagged(cx, cx.scope(), &input.resource_arn)?;
        tags_of(&mut stored, stage.as_deref())?.retain(|key, _| !input.tag_keys.contains(key));
        write(cx, &stored)?;
        Ok(api::UntagResourceResponse {})
    }
}
