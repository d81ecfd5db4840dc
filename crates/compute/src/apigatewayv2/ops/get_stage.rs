//! `GetStage`: one stage.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_stage;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Query<api::ops::GetStage> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetStageRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/stages/{}", input.api_id, input.stage_name)))
    }

    fn query(&self, view: &View<'_>, input: api::GetStageRequest) -> Result<api::GetStageResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let stage = stored.stages.get(&input.stage_name);
        let stage = stage.ok_or_else(|| refusals::not_found("stage", &input.stage_name))?;
        Ok(show_stage!(GetStageResponse, stage))
    }
}
