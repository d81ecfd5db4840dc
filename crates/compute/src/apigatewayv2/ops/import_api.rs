//! `ImportApi`: an API from an OpenAPI document.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::openapi::import;
use crate::apigatewayv2::show::show_api;
use crate::apigatewayv2::store::{empty_api, new_api_id, save};
use crate::apigatewayv2::{ApiGateway, access, refusals};

impl Handle<api::ops::ImportApi> for ApiGateway {
    fn access(&self, scope: &Scope, _input: &api::ImportApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:PUT", "/apis"))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::ImportApiRequest) -> Result<api::ImportApiResponse> {
        refuse_unsupported(input.basepath.as_deref())?;
        let mut created = empty_api(new_api_id(cx)?, String::new(), cx.now());
        import(&mut created, cx.ids(), &input.body)?;
        let created = save(cx, created)?;
        Ok(show_api!(ImportApiResponse, self, created))
    }
}

/// Base paths come from `servers` with variables, which neither SAM nor anybody else writes.
pub(super) fn refuse_unsupported(base_path: Option<&str>) -> Result<()> {
    match base_path.filter(|how| !how.eq_ignore_ascii_case("ignore")) {
        Some(how) => {
            Err(refusals::unsupported(&format!("basepath={how}"), "Use ignore, the default.").into())
        }
        None => Ok(()),
    }
}
