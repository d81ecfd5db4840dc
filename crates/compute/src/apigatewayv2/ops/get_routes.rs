//! `GetRoutes`: the routes of an API.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_route;
use crate::apigatewayv2::{ApiGateway, access, store};

impl Query<api::ops::GetRoutes> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetRoutesRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/routes", input.api_id)))
    }

    fn query(&self, view: &View<'_>, input: api::GetRoutesRequest) -> Result<api::GetRoutesResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
        let (items, next_token) = store::page(stored.routes, max, token)?;
        let items = items.iter().map(|route| show_route!(Route, route)).collect();
        Ok(api::GetRoutesResponse { items: Some(items), next_token })
    }
}
