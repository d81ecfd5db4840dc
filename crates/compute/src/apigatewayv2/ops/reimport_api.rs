//! `ReimportApi`: an OpenAPI document in place of what the API was.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::import_api::refuse_unsupported;
use crate::apigatewayv2::openapi::import;
use crate::apigatewayv2::show::show_api;
use crate::apigatewayv2::{ApiGateway, access, store};

impl Handle<api::ops::ReimportApi> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::ReimportApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:PUT", &format!("/apis/{}", input.api_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::ReimportApiRequest) -> Result<api::ReimportApiResponse> {
        refuse_unsupported(input.basepath.as_deref())?;
        let mut changed = store::api(cx, cx.scope(), &input.api_id)?;
        import(&mut changed, cx.ids(), &input.body)?;
        let changed = store::save(cx, changed)?;
        Ok(show_api!(ReimportApiResponse, self, changed))
    }
}
