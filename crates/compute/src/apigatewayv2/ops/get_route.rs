//! `GetRoute`: one route.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_route;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Query<api::ops::GetRoute> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetRouteRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/routes/{}", input.api_id, input.route_id)))
    }

    fn query(&self, view: &View<'_>, input: api::GetRouteRequest) -> Result<api::GetRouteResult> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let route = stored.routes.get(&input.route_id);
        let route = route.ok_or_else(|| refusals::not_found("Route", &input.route_id))?;
        Ok(show_route!(GetRouteResult, route))
    }
}
