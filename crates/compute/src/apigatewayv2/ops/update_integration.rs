//! `UpdateIntegration`: an integration changes; what is not named stays.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_integration::{Unsupported, function_type, function_uri};
use crate::apigatewayv2::openapi::{payload_format, timeout_millis};
use crate::apigatewayv2::show::show_integration;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::UpdateIntegration> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::UpdateIntegrationRequest) -> Result<Vec<Access>> {
        Ok(access(
            scope,
            "apigateway:PATCH",
            &format!("/apis/{}/integrations/{}", input.api_id, input.integration_id),
        ))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateIntegrationRequest,
    ) -> Result<api::UpdateIntegrationResult> {
        function_type(input.integration_type.as_ref(), input.integration_subtype.as_deref())?;
        Unsupported {
            connection_type: input.connection_type.as_ref(),
            request_parameters: input.request_parameters.is_some(),
            response_parameters: input.response_parameters.is_some(),
            tls_config: input.tls_config.is_some(),
        }
        .refuse()?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let mut changed = stored
            .integrations
            .get(&input.integration_id)
            .cloned()
            .ok_or_else(|| refusals::not_found("Integration", &input.integration_id))?;
        if input.integration_uri.is_some() {
            changed.uri = function_uri(input.integration_uri)?;
        }
        if let Some(version) = input.payload_format_version {
            changed.payload = payload_format(&version)?;
        }
        if input.timeout_in_millis.is_some() {
            changed.timeout_millis = timeout_millis(input.timeout_in_millis)?;
        }
        changed.method = input.integration_method.or(changed.method);
        changed.description = input.description.or(changed.description);
        changed.credentials = input.credentials_arn.or(changed.credentials);
        stored.integrations.insert(changed.id.clone(), changed.clone());
        store::save(cx, stored)?;
        Ok(show_integration!(UpdateIntegrationResult, changed))
    }
}
