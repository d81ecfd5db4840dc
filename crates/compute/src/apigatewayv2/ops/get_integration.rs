//! `GetIntegration`: one integration.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_integration;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Query<api::ops::GetIntegration> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetIntegrationRequest) -> Result<Vec<Access>> {
        Ok(access(
            scope,
            "apigateway:GET",
            &format!("/apis/{}/integrations/{}", input.api_id, input.integration_id),
        ))
    }

    fn query(&self, view: &View<'_>, input: api::GetIntegrationRequest) -> Result<api::GetIntegrationResult> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let integration = stored.integrations.get(&input.integration_id);
        let integration =
            integration.ok_or_else(|| refusals::not_found("Integration", &input.integration_id))?;
        Ok(show_integration!(GetIntegrationResult, integration))
    }
}
