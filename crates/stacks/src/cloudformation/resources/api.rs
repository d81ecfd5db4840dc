//! `AWS::ApiGatewayV2::Api`: from properties, or from an OpenAPI document.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::apigatewayv2::{DeleteApiRequest, ImportApiRequest, ReimportApiRequest, ops};
use updraft_kernel::Result;

use super::{Calls, Made, Provider, Resource, pick};

pub(crate) struct Api;

const PLAIN: [&str; 9] = [
    "CorsConfiguration",
    "CredentialsArn",
    "Description",
    "DisableExecuteApiEndpoint",
    "Name",
    "ProtocolType",
    "RouteKey",
    "Target",
    "Version",
];

impl Provider for Api {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "Body",
            "CorsConfiguration",
            "CredentialsArn",
            "Description",
            "DisableExecuteApiEndpoint",
            "FailOnWarnings",
            "Name",
            "ProtocolType",
            "RouteKey",
            "Tags",
            "Target",
            "Version",
        ]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["ProtocolType"]
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let (id, endpoint) = match properties.get("Body") {
                Some(body) => {
                    let input = ImportApiRequest {
                        body: body.to_string(),
                        fail_on_warnings: properties.get("FailOnWarnings").and_then(Value::as_bool),
                        ..Default::default()
                    };
                    let api = calls.call::<ops::ImportApi>(input).await?;
                    (api.api_id, api.api_endpoint)
                }
                None => {
                    let api = calls.with::<ops::CreateApi>(pick(properties, &PLAIN)).await?;
                    (api.api_id, api.api_endpoint)
                }
            };
            let id = id.unwrap_or_default();
            if properties.contains_key("Body") {
                settings(calls, &id, properties).await?;
            }
            Ok(Made::named(id.clone()).with("ApiId", id).with("ApiEndpoint", endpoint.unwrap_or_default()))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            if let Some(body) = properties.get("Body") {
                let input = ReimportApiRequest {
                    api_id: resource.physical_id.clone(),
                    body: body.to_string(),
                    fail_on_warnings: properties.get("FailOnWarnings").and_then(Value::as_bool),
                    ..Default::default()
                };
                calls.call::<ops::ReimportApi>(input).await?;
            }
            settings(calls, &resource.physical_id, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteApiRequest { api_id: resource.physical_id.clone() };
            calls.call::<ops::DeleteApi>(input).await?;
            Ok(())
        })
    }
}

/// What the document does not say, or says otherwise.
async fn settings(calls: &Calls, id: &str, properties: &Map<String, Value>) -> Result<()> {
    let names = ["CorsConfiguration", "Description", "DisableExecuteApiEndpoint", "Name", "Version"];
    let mut wanted = pick(properties, &names);
    if wanted.is_empty() {
        return Ok(());
    }
    wanted.insert("ApiId".to_owned(), Value::from(id));
    calls.with::<ops::UpdateApi>(wanted).await?;
    Ok(())
}
