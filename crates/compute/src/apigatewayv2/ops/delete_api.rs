//! `DeleteApi`: an API goes, with its stages and deployments.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::store::{APIS, DEPLOYMENTS, HOMES};
use crate::apigatewayv2::{ApiGateway, access, store};

impl Handle<api::ops::DeleteApi> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:DELETE", &format!("/apis/{}", input.api_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteApiRequest) -> Result<api::DeleteApiResponse> {
        let stored = store::api(cx, cx.scope(), &input.api_id)?;
        let key = (cx.scope().clone(), stored.id.clone());
        for (deployment, _) in DEPLOYMENTS.all(cx, &key)? {
            DEPLOYMENTS.delete(cx, &deployment);
        }
        APIS.delete(cx, &key);
        HOMES.delete(cx, &stored.id);
        Ok(api::DeleteApiResponse {})
    }
}
