//! `DeleteCorsConfiguration`: cross-origin requests are the functions' own matter again.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::{ApiGateway, access, store};

impl Handle<api::ops::DeleteCorsConfiguration> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::DeleteCorsConfigurationRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:DELETE", &format!("/apis/{}/cors", input.api_id)))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteCorsConfigurationRequest,
    ) -> Result<api::DeleteCorsConfigurationResponse> {
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        stored.cors = None;
        store::save(cx, stored)?;
        Ok(api::DeleteCorsConfigurationResponse {})
    }
}
