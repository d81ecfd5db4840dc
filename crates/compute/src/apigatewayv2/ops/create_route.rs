//! `CreateRoute`: requests of a method and a path go to an integration.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::model::{Api, Route};
use crate::apigatewayv2::route::RouteKey;
use crate::apigatewayv2::show::show_route;
use crate::apigatewayv2::store::{save, short_id};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::CreateRoute> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::CreateRouteRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", &format!("/apis/{}/routes", input.api_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateRouteRequest) -> Result<api::CreateRouteResult> {
        refuse_unsupported(
            &input.authorization_type,
            input.api_key_required,
            input.authorizer_id.as_deref(),
        )?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let key = route_key(&input.route_key)?;
        free_key(&stored, &key, None)?;
        let route = Route {
            id: short_id(cx.ids()),
            integration: integration_named(&stored, input.target.as_deref())?,
            key,
            operation_name: input.operation_name,
            managed: false,
        };
        stored.routes.insert(route.id.clone(), route.clone());
        save(cx, stored)?;
        Ok(show_route!(CreateRouteResult, route))
    }
}

/// What a route cannot have here.
pub(super) fn refuse_unsupported(
    authorization: &Option<api::AuthorizationType>,
    api_key_required: Option<bool>,
    authorizer: Option<&str>,
) -> Result<()> {
    let named = authorization.as_ref().filter(|kind| **kind != api::AuthorizationType::None);
    if let Some(kind) = named {
        let what = format!("AuthorizationType {}", kind.as_str());
        return Err(refusals::unsupported(&what, "Use NONE, and check callers in the function.").into());
    }
    if authorizer.is_some() {
        return Err(refusals::unsupported("AuthorizerId", "Remove the setting.").into());
    }
    if api_key_required == Some(true) {
        return Err(refusals::bad_request("ApiKeyRequired is not currently supported for HTTP APIs.").into());
    }
    Ok(())
}

/// Reads a route key.
pub(super) fn route_key(text: &str) -> Result<RouteKey> {
    Ok(text.parse().map_err(|error: crate::apigatewayv2::route::RouteKeyError| {
        refusals::bad_request(error.to_string())
    })?)
}

/// Each key stands for one route.
pub(super) fn free_key(stored: &Api, key: &RouteKey, but: Option<&str>) -> Result<()> {
    let taken = stored.routes.values().any(|route| route.key == *key && Some(route.id.as_str()) != but);
    if taken {
        return Err(refusals::conflict(format!("Route with key {key} already exists for this API")).into());
    }
    Ok(())
}

/// The integration that a route's target names: `integrations/{id}`.
pub(super) fn integration_named(stored: &Api, target: Option<&str>) -> Result<Option<String>> {
    let Some(target) = target else { return Ok(None) };
    let id = target
        .strip_prefix("integrations/")
        .ok_or_else(|| refusals::bad_request("Target must have the form integrations/{integration-id}"))?;
    if !stored.integrations.contains_key(id) {
        return Err(refusals::bad_request(format!("Invalid Integration identifier specified {id}")).into());
    }
    Ok(Some(id.to_owned()))
}
