//! The parts of an HTTP API: stages, routes, integrations and deployments. They are alike: made
//! under an API, known by an id or a name, changed in place.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::apigatewayv2::ops;
use updraft_api::apigatewayv2::{
    DeleteDeploymentRequest, DeleteIntegrationRequest, DeleteRouteRequest, DeleteStageRequest,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, text};

pub(crate) struct Stage;
pub(crate) struct Route;
pub(crate) struct Integration;
pub(crate) struct Deployment;

/// The provider of a part whose id the API gives.
macro_rules! part {
    (
        $part:ident, properties: $properties:expr, required: $required:expr, create: $create:ident, update: $update:ident,
        id: $id:ident as $id_name:literal, delete: $delete:ident($request:ident)
    ) => {
        impl Provider for $part {
            fn properties(&self) -> &'static [&'static str] {
                &$properties
            }

            fn required(&self) -> &'static [&'static str] {
                &$required
            }

            fn replaced_by(&self) -> &'static [&'static str] {
                &["ApiId"]
            }

            fn create<'a>(
                &'a self,
                calls: &'a Calls,
                _name: &'a str,
                properties: &'a Map<String, Value>,
                _again: bool,
            ) -> BoxFuture<'a, Result<Made>> {
                Box::pin(async move {
                    let id = calls.with::<ops::$create>(properties.clone()).await?.$id.unwrap_or_default();
                    Ok(Made::named(id.clone()).with($id_name, id))
                })
            }

            fn update<'a>(
                &'a self,
                calls: &'a Calls,
                resource: &'a Resource,
                properties: &'a Map<String, Value>,
            ) -> BoxFuture<'a, Result<Made>> {
                Box::pin(async move {
                    let mut wanted = properties.clone();
                    wanted.insert($id_name.to_owned(), Value::from(resource.physical_id.as_str()));
                    calls.with::<ops::$update>(wanted).await?;
                    Ok(Made::as_before(resource))
                })
            }

            fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
                Box::pin(async move {
                    let input = $request {
                        api_id: text(&resource.properties, "ApiId").to_owned(),
                        $id: resource.physical_id.clone(),
                    };
                    calls.call::<ops::$delete>(input).await?;
                    Ok(())
                })
            }
        }
    };
}

part!(
    Route,
    properties: [
        "ApiId", "ApiKeyRequired", "AuthorizationScopes", "AuthorizationType", "AuthorizerId", "OperationName", "RouteKey",
        "Target"
    ],
    required: ["ApiId", "RouteKey"],
    create: CreateRoute, update: UpdateRoute, id: route_id as "RouteId", delete: DeleteRoute(DeleteRouteRequest)
);

part!(
    Integration,
    properties: [
        "ApiId", "ConnectionType", "CredentialsArn", "Description", "IntegrationMethod", "IntegrationType",
        "IntegrationUri", "PayloadFormatVersion", "RequestParameters", "TimeoutInMillis"
    ],
    required: ["ApiId", "IntegrationType"],
    create: CreateIntegration, update: UpdateIntegration, id: integration_id as "IntegrationId",
    delete: DeleteIntegration(DeleteIntegrationRequest)
);

impl Provider for Deployment {
    fn properties(&self) -> &'static [&'static str] {
        &["ApiId", "Description", "StageName"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ApiId"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["*"]
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        _name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let made = calls.with::<ops::CreateDeployment>(properties.clone()).await?;
            let id = made.deployment_id.unwrap_or_default();
            Ok(Made::named(id.clone()).with("DeploymentId", id))
        })
    }

    fn update<'a>(
        &'a self,
        _calls: &'a Calls,
        resource: &'a Resource,
        _properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move { Ok(Made::as_before(resource)) })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteDeploymentRequest {
                api_id: text(&resource.properties, "ApiId").to_owned(),
                deployment_id: resource.physical_id.clone(),
            };
            calls.call::<ops::DeleteDeployment>(input).await?;
            Ok(())
        })
    }
}

impl Provider for Stage {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "ApiId",
            "AutoDeploy",
            "DefaultRouteSettings",
            "DeploymentId",
            "Description",
            "RouteSettings",
            "StageName",
            "StageVariables",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ApiId", "StageName"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["ApiId", "StageName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("StageName"), length_max: 128, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            or_there(calls.with::<ops::CreateStage>(properties.clone()).await, again)?;
            Ok(Made::named(name))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut wanted = properties.clone();
            wanted.remove("Tags");
            calls.with::<ops::UpdateStage>(wanted).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteStageRequest {
                api_id: text(&resource.properties, "ApiId").to_owned(),
                stage_name: resource.physical_id.clone(),
            };
            calls.call::<ops::DeleteStage>(input).await?;
            Ok(())
        })
    }
}
