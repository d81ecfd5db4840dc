//! `GetDeployments`: the deployments of an API.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::apigatewayv2::show::show_deployment;
use crate::apigatewayv2::store::{DEPLOYMENTS, page};
use crate::apigatewayv2::{ApiGateway, access, store};

impl Query<api::ops::GetDeployments> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::GetDeploymentsRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:GET", &format!("/apis/{}/deployments", input.api_id)))
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetDeploymentsRequest,
    ) -> Result<api::GetDeploymentsResponse> {
        let stored = store::api(view, view.scope(), &input.api_id)?;
        let all = DEPLOYMENTS.all(view, &(view.scope().clone(), stored.id))?;
        let all = all.into_iter().map(|((.., id), deployment)| (id, deployment));
        let (items, next_token) = page(all, input.max_results.as_deref(), input.next_token.as_deref())?;
        let items = items.iter().map(|deployment| show_deployment!(Deployment, deployment)).collect();
        Ok(api::GetDeploymentsResponse { items: Some(items), next_token })
    }
}
