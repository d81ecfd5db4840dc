//! `CreateDeployment`: the API as it is now, for a stage to show.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_deployment;
use crate::apigatewayv2::store::{deploy, write};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::CreateDeployment> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::CreateDeploymentRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", &format!("/apis/{}/deployments", input.api_id)))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::CreateDeploymentRequest,
    ) -> Result<api::CreateDeploymentResponse> {
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        if stored.routes.is_empty() {
            return Err(
                refusals::bad_request("At least one route is required before deploying the Api.").into()
            );
        }
        let now = cx.now();
        let deployment = deploy(cx, &stored, input.description, false)?;
        if let Some(name) = &input.stage_name {
            let stage = stored.stages.get_mut(name).ok_or_else(|| refusals::not_found("stage", name))?;
            if stage.auto_deploy {
                let message =
                    format!("Deployment ID cannot be set on stage '{name}' because AutoDeploy is enabled");
                return Err(refusals::bad_request(message).into());
            }
            stage.deployment = Some(deployment.id.clone());
            stage.updated = now;
            write(cx, &stored)?;
        }
        Ok(show_deployment!(CreateDeploymentResponse, deployment))
    }
}
