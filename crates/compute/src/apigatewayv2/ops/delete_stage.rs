//! `DeleteStage`: a stage goes.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::DeleteStage> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteStageRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:DELETE", &format!("/apis/{}/stages/{}", input.api_id, input.stage_name)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteStageRequest) -> Result<api::DeleteStageResponse> {
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        if stored.stages.remove(&input.stage_name).is_none() {
            return Err(refusals::not_found("stage", &input.stage_name).into());
        }
        store::save(cx, stored)?;
        Ok(api::DeleteStageResponse {})
    }
}
