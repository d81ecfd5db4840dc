//! `GetApi`: one API.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_api;
use crate::apigatewayv2::{ApiGateway, access, store};

impl Query<api::ops::GetApi> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}", input.api_id)))
    }

    fn query(&self, view: &View<'_>, input: api::GetApiRequest) -> Result<api::GetApiResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        Ok(show_api!(GetApiResponse, self, stored))
    }
}
