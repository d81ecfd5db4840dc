//! `GetStages`: the stages of an API.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_stage;
use crate::apigatewayv2::{ApiGateway, access, store};

impl Query<api::ops::GetStages> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetStagesRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/stages", input.api_id)))
    }

    fn query(&self, view: &View<'_>, input: api::GetStagesRequest) -> Result<api::GetStagesResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
        let (items, next_token) = store::page(stored.stages, max, token)?;
        let items = items.iter().map(|stage| show_stage!(Stage, stage)).collect();
        Ok(api::GetStagesResponse { items: Some(items), next_token })
    }
}
