//! `GetApis`: the APIs of an account in a region.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_api;
use crate::apigatewayv2::store::{APIS, page};
use crate::apigatewayv2::{ApiGateway, access};

impl Query<api::ops::GetApis> for ApiGateway {
    fn access(&self, scope: &Scope, _input: &api::GetApisRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", "/apis"))
    }

    fn query(&self, view: &View<'_>, input: api::GetApisRequest) -> Result<api::GetApisResponse> {
        let stored = APIS.all(view, view.scope())?.into_iter().map(|((_, id), api)| (id, api));
        let (items, next_token) = page(stored, input.max_results.as_deref(), input.next_token.as_deref())?;
        let items = items.into_iter().map(|stored| show_api!(Api, self, stored)).collect();
        Ok(api::GetApisResponse { items: Some(items), next_token })
    }
}
