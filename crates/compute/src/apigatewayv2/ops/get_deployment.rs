//! `GetDeployment`: one deployment.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_deployment;
use crate::apigatewayv2::store::{DEPLOYMENTS, deployment_key};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Query<api::ops::GetDeployment> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetDeploymentRequest) -> Result<Vec<Access>> {
        Ok(access(
            scope,
            "apigateway:GET",
            &format!("/apis/{}/deployments/{}", input.api_id, input.deployment_id),
        ))
    }

    fn query(&self, view: &View<'_>, input: api::GetDeploymentRequest) -> Result<api::GetDeploymentResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let found = DEPLOYMENTS.get(view, &deployment_key(view.scope(), &stored, &input.deployment_id))?;
        let deployment = found.ok_or_else(|| refusals::not_found("Deployment", &input.deployment_id))?;
        Ok(show_deployment!(GetDeploymentResponse, deployment))
    }
}
