//! `TagResource`: tags for an API or one of its stages.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use std::collections::BTreeMap;

use updraft_kernel::Read;
use updraft_types::Arn;
use updraft_types::apigateway::control_path;

use crate::apigatewayv2::model::Api;
use crate::apigatewayv2::store::write;
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::TagResource> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::TagResourceRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", &format!("/tags/{}", input.resource_arn)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::TagResourceRequest) -> Result<api::TagResourceResponse> {
        let (mut stored, stage) = tagged(cx, cx.scope(), &input.resource_arn)?;
        tags_of(&mut stored, stage.as_deref())?.extend(input.tags.unwrap_or_default());
        write(cx, &stored)?;
        Ok(api::TagResourceResponse {})
    }
}

/// The API, and the stage if it is one, that an ARN names.
pub(super) fn tagged(read: &impl Read, scope: &Scope, resource: &str) -> Result<(Api, Option<String>)> {
    let invalid = || refusals::bad_request(format!("Invalid resource ARN {resource}"));
    let arn: Arn = resource.parse().map_err(|_| invalid())?;
    let path = control_path(&arn).and_then(|path| path.strip_prefix("/apis/")).ok_or_else(invalid)?;
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [id] => Ok((store::api(read, scope, id)?, None)),
        [id, "stages", stage] => Ok((store::api(read, scope, id)?, Some((*stage).to_owned()))),
        _ => Err(invalid().into()),
    }
}

/// Where the tags of an API or of one of its stages are.
pub(super) fn tags_of<'a>(
    stored: &'a mut Api,
    stage: Option<&str>,
) -> Result<&'a mut BTreeMap<String, String>> {
    match stage {
        None => Ok(&mut stored.tags),
        Some(name) => {
            let found = stored.stages.get_mut(name).map(|stage| &mut stage.tags);
            Ok(found.ok_or_else(|| refusals::not_found("stage", name))?)
        }
    }
}
