//! `DeleteRoute`: a route goes.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::DeleteRoute> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteRouteRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:DELETE", &format!("/apis/{}/routes/{}", input.api_id, input.route_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteRouteRequest) -> Result<api::DeleteRouteResponse> {
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        if stored.routes.remove(&input.route_id).is_none() {
            return Err(refusals::not_found("Route", &input.route_id).into());
        }
        store::save(cx, stored)?;
        Ok(api::DeleteRouteResponse {})
    }
}
