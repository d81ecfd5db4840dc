//! `UpdateRoute`: a route changes; what is not named stays.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_route::{free_key, integration_named, refuse_unsupported, route_key};
use crate::apigatewayv2::show::show_route;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::UpdateRoute> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::UpdateRouteRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:PATCH", &format!("/apis/{}/routes/{}", input.api_id, input.route_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateRouteRequest) -> Result<api::UpdateRouteResult> {
        refuse_unsupported(
            &input.authorization_type,
            input.api_key_required,
            input.authorizer_id.as_deref(),
        )?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let mut route = stored
            .routes
            .get(&input.route_id)
            .cloned()
            .ok_or_else(|| refusals::not_found("Route", &input.route_id))?;
        if let Some(key) = &input.route_key {
            route.key = route_key(key)?;
            free_key(&stored, &route.key, Some(&route.id))?;
        }
        if input.target.is_some() {
            route.integration = integration_named(&stored, input.target.as_deref())?;
        }
        route.operation_name = input.operation_name.or(route.operation_name);
        stored.routes.insert(route.id.clone(), route.clone());
        store::save(cx, stored)?;
        Ok(show_route!(UpdateRouteResult, route))
    }
}
