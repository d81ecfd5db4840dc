//! `DeleteDeployment`: a deployment goes, if no stage shows it.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::store::{DEPLOYMENTS, deployment_key};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::DeleteDeployment> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteDeploymentRequest) -> Result<Vec<Access>> {
        Ok(access(
            scope,
            "apigateway:DELETE",
            &format!("/apis/{}/deployments/{}", input.api_id, input.deployment_id),
        ))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteDeploymentRequest,
    ) -> Result<api::DeleteDeploymentResponse> {
        let stored = store::api(cx, cx.scope(), &input.api_id)?;
        let id = &input.deployment_id;
        let key = deployment_key(cx.scope(), &stored, id);
        if !DEPLOYMENTS.contains(cx, &key)? {
            return Err(refusals::not_found("Deployment", id).into());
        }
        if stored.stages.values().any(|stage| stage.deployment.as_ref() == Some(id)) {
            let message = "Active stages pointing to this deployment must be moved or deleted";
            return Err(refusals::bad_request(message).into());
        }
        DEPLOYMENTS.delete(cx, &key);
        Ok(api::DeleteDeploymentResponse {})
    }
}
