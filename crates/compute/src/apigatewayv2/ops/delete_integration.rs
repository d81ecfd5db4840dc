//! `DeleteIntegration`: an integration goes, if no route goes to it.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::DeleteIntegration> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteIntegrationRequest) -> Result<Vec<Access>> {
        Ok(access(
            scope,
            "apigateway:DELETE",
            &format!("/apis/{}/integrations/{}", input.api_id, input.integration_id),
        ))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteIntegrationRequest,
    ) -> Result<api::DeleteIntegrationResponse> {
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let id = &input.integration_id;
        if stored.routes.values().any(|route| route.integration.as_ref() == Some(id)) {
            let message = format!("Cannot delete Integration '{id}' due to Route referencing it.");
            return Err(refusals::conflict(message).into());
        }
        if stored.integrations.remove(id).is_none() {
            return Err(refusals::not_found("Integration", id).into());
        }
        store::save(cx, stored)?;
        Ok(api::DeleteIntegrationResponse {})
    }
}
