//! `CreateApi`: an HTTP API; with a target, one that works at once.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_integration::function_uri;
use super::create_route::route_key;
use crate::apigatewayv2::model::{Api, Integration, PayloadFormat, Route, Stage};
use crate::apigatewayv2::openapi::timeout_millis;
use crate::apigatewayv2::route::RouteKey;
use crate::apigatewayv2::show::{self, ROUTE_SELECTION, show_api};
use crate::apigatewayv2::store::{empty_api, new_api_id, save, short_id};
use crate::apigatewayv2::{ApiGateway, access, refusals};

impl Handle<api::ops::CreateApi> for ApiGateway {
    fn access(&self, scope: &Scope, _input: &api::CreateApiRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", "/apis"))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateApiRequest) -> Result<api::CreateApiResponse> {
        if input.protocol_type != api::ProtocolType::Http {
            let named = format!("ProtocolType {}", input.protocol_type.as_str());
            return Err(refusals::unsupported(&named, "Use HTTP.").into());
        }
        refuse_unsupported(
            input.route_selection_expression.as_deref(),
            input.credentials_arn.as_deref(),
            input.ip_address_type.as_ref(),
        )?;
        let mut created = empty_api(new_api_id(cx)?, input.name, cx.now());
        created.description = input.description;
        created.version = input.version;
        created.tags = input.tags.unwrap_or_default();
        created.endpoint_disabled = input.disable_execute_api_endpoint.unwrap_or(false);
        created.cors = input.cors_configuration.map(show::read_cors).transpose()?;
        if let Some(target) = input.target {
            quick_create(cx, &mut created, target, input.route_key.as_deref())?;
        }
        let created = save(cx, created)?;
        Ok(show_api!(CreateApiResponse, self, created))
    }
}

/// What a new API, or a changed one, cannot have here.
pub(super) fn refuse_unsupported(
    route_selection: Option<&str>,
    credentials: Option<&str>,
    address: Option<&api::IpAddressType>,
) -> Result<()> {
    if route_selection
        .is_some_and(|text| text != ROUTE_SELECTION && text != "${request.method} ${request.path}")
    {
        let message = format!("HTTP APIs have the route selection expression {ROUTE_SELECTION}");
        return Err(refusals::bad_request(message).into());
    }
    if credentials.is_some() {
        return Err(
            refusals::unsupported("CredentialsArn of quick create", "Create the integration apart.").into()
        );
    }
    if address.is_some_and(|kind| *kind != api::IpAddressType::Ipv4) {
        return Err(refusals::unsupported("IpAddressType dualstack", "Use ipv4.").into());
    }
    Ok(())
}

/// One integration, one route, and a stage that deploys by itself.
fn quick_create(cx: &Cx<'_>, api: &mut Api, target: String, key: Option<&str>) -> Result<()> {
    let integration = Integration {
        id: short_id(cx.ids()),
        uri: function_uri(Some(target))?,
        method: None,
        payload: PayloadFormat::V2,
        timeout_millis: timeout_millis(None)?,
        description: None,
        credentials: None,
        managed: true,
    };
    let route = Route {
        id: short_id(cx.ids()),
        key: key.map_or(Ok(RouteKey::Default), route_key)?,
        integration: Some(integration.id.clone()),
        operation_name: None,
        managed: true,
    };
    let stage = Stage {
        name: "$default".to_owned(),
        auto_deploy: true,
        deployment: None,
        description: None,
        variables: Default::default(),
        created: cx.now(),
        updated: cx.now(),
        tags: Default::default(),
        managed: true,
    };
    api.integrations.insert(integration.id.clone(), integration);
    api.routes.insert(route.id.clone(), route);
    api.stages.insert(stage.name.clone(), stage);
    Ok(())
}
