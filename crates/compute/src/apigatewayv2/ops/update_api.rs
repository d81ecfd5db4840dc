//! `UpdateApi`: new settings for an API; what is not named stays.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_api::refuse_unsupported;
use crate::apigatewayv2::show::{self, show_api};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::UpdateApi> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::UpdateApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:PATCH", &format!("/apis/{}", input.api_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateApiRequest) -> Result<api::UpdateApiResponse> {
        refuse_unsupported(
            input.route_selection_expression.as_deref(),
            input.credentials_arn.as_deref(),
            input.ip_address_type.as_ref(),
        )?;
        if input.target.is_some() || input.route_key.is_some() {
            let hint = "Change the integration and the route themselves.";
            return Err(refusals::unsupported("Target and RouteKey of UpdateApi", hint).into());
        }
        let mut changed = store::api(cx, cx.scope(), &input.api_id)?;
        if let Some(name) = input.name {
            changed.name = name;
        }
        changed.description = input.description.or(changed.description);
        changed.version = input.version.or(changed.version);
        changed.endpoint_disabled = input.disable_execute_api_endpoint.unwrap_or(changed.endpoint_disabled);
        if let Some(cors) = input.cors_configuration {
            changed.cors = Some(show::read_cors(cors)?);
        }
        let changed = store::save(cx, changed)?;
        Ok(show_api!(UpdateApiResponse, self, changed))
    }
}
