//! `UpdateStage`: a stage changes; what is not named stays.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_stage::{deployment_named, refuse_unsupported};
use crate::apigatewayv2::show::show_stage;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::UpdateStage> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::UpdateStageRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:PATCH", &format!("/apis/{}/stages/{}", input.api_id, input.stage_name)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateStageRequest) -> Result<api::UpdateStageResponse> {
        refuse_unsupported(
            input.access_log_settings.as_ref(),
            input.client_certificate_id.as_deref(),
            input
                .default_route_settings
                .iter()
                .chain(input.route_settings.iter().flat_map(|all| all.values())),
        )?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let deployment = deployment_named(cx, &stored, input.deployment_id)?;
        let now = cx.now();
        let stage = stored
            .stages
            .get_mut(&input.stage_name)
            .ok_or_else(|| refusals::not_found("stage", &input.stage_name))?;
        stage.auto_deploy = input.auto_deploy.unwrap_or(stage.auto_deploy);
        if deployment.is_some() {
            stage.deployment = deployment;
        }
        if input.description.is_some() {
            stage.description = input.description;
        }
        if let Some(variables) = input.stage_variables {
            stage.variables = variables;
        }
        stage.updated = now;
        let stored = store::save(cx, stored)?;
        Ok(show_stage!(UpdateStageResponse, &stored.stages[&input.stage_name]))
    }
}
