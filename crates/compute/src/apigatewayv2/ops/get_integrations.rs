//! `GetIntegrations`: the integrations of an API.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_integration;
use crate::apigatewayv2::{ApiGateway, access, store};

impl Query<api::ops::GetIntegrations> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetIntegrationsRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/integrations", input.api_id)))
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetIntegrationsRequest,
    ) -> Result<api::GetIntegrationsResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
        let (items, next_token) = store::page(stored.integrations, max, token)?;
        let items = items.iter().map(|integration| show_integration!(Integration, integration)).collect();
        Ok(api::GetIntegrationsResponse { items: Some(items), next_token })
    }
}
