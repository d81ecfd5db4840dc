//! Stored things as API Gateway's answers show them. The model gives every operation a shape of its
//! own; those of one thing have the same members.

use updraft_api::apigatewayv2 as api;

use super::ApiGateway;
use super::model::{Api, Cors};

/// How a request's route is chosen; HTTP APIs know one way.
pub(crate) const ROUTE_SELECTION: &str = "$request.method $request.path";

/// Writes an API in the shape of one operation.
macro_rules! show_api {
    ($shape:ident, $service:expr, $stored:expr) => {{
        let stored = $stored;
        updraft_api::apigatewayv2::$shape {
            api_endpoint: Some($service.endpoint(&stored)),
            api_gateway_managed: None,
            api_id: Some(stored.id.clone()),
            api_key_selection_expression: Some("$request.header.x-api-key".to_owned()),
            cors_configuration: stored.cors.as_ref().map($crate::apigatewayv2::show::cors),
            created_date: Some(stored.created),
            description: stored.description.clone(),
            disable_schema_validation: None,
            disable_execute_api_endpoint: Some(stored.endpoint_disabled),
            import_info: (!stored.import_info.is_empty()).then(|| stored.import_info.clone()),
            ip_address_type: Some(updraft_api::apigatewayv2::IpAddressType::Ipv4),
            name: stored.name.clone().into(),
            protocol_type: updraft_api::apigatewayv2::ProtocolType::Http.into(),
            route_selection_expression: $crate::apigatewayv2::show::ROUTE_SELECTION.to_owned().into(),
            tags: Some(stored.tags.clone()),
            version: stored.version.clone(),
            warnings: None,
        }
    }};
}

/// Writes a route in the shape of one operation.
macro_rules! show_route {
    ($shape:ident, $stored:expr) => {{
        let stored = $stored;
        updraft_api::apigatewayv2::$shape {
            api_gateway_managed: stored.managed.then_some(true),
            api_key_required: Some(false),
            authorization_scopes: None,
            authorization_type: Some(updraft_api::apigatewayv2::AuthorizationType::None),
            authorizer_id: None,
            model_selection_expression: None,
            operation_name: stored.operation_name.clone(),
            request_models: None,
            request_parameters: None,
            route_id: Some(stored.id.clone()),
            route_key: stored.key.to_string().into(),
            route_response_selection_expression: None,
            target: stored.integration.as_ref().map(|id| format!("integrations/{id}")),
        }
    }};
}

/// Writes an integration in the shape of one operation.
macro_rules! show_integration {
    ($shape:ident, $stored:expr) => {{
        let stored = $stored;
        updraft_api::apigatewayv2::$shape {
            api_gateway_managed: stored.managed.then_some(true),
            connection_type: Some(updraft_api::apigatewayv2::ConnectionType::Internet),
            credentials_arn: stored.credentials.clone(),
            description: stored.description.clone(),
            integration_id: Some(stored.id.clone()),
            integration_method: Some(stored.method.clone().unwrap_or_else(|| "POST".to_owned())),
            integration_type: Some(updraft_api::apigatewayv2::IntegrationType::AwsProxy),
            integration_uri: Some(stored.uri.clone()),
            payload_format_version: Some(stored.payload.as_str().to_owned()),
            timeout_in_millis: Some(stored.timeout_millis.cast_signed()),
            ..Default::default()
        }
    }};
}

/// Writes a stage in the shape of one operation.
macro_rules! show_stage {
    ($shape:ident, $stored:expr) => {{
        let stored = $stored;
        updraft_api::apigatewayv2::$shape {
            access_log_settings: None,
            api_gateway_managed: stored.managed.then_some(true),
            auto_deploy: Some(stored.auto_deploy),
            client_certificate_id: None,
            created_date: Some(stored.created),
            default_route_settings: Some(updraft_api::apigatewayv2::RouteSettings {
                detailed_metrics_enabled: Some(false),
                ..Default::default()
            }),
            deployment_id: stored.deployment.clone(),
            description: stored.description.clone(),
            last_deployment_status_message: (stored.auto_deploy && stored.deployment.is_some()).then(|| {
                let id = stored.deployment.as_deref().unwrap_or_default();
                format!("Successfully deployed stage with deployment ID '{id}'")
            }),
            last_updated_date: Some(stored.updated),
            route_settings: Some(Default::default()),
            stage_name: stored.name.clone().into(),
            stage_variables: Some(stored.variables.clone()),
            tags: Some(stored.tags.clone()),
        }
    }};
}

/// Writes a deployment in the shape of one operation.
macro_rules! show_deployment {
    ($shape:ident, $stored:expr) => {{
        let stored = $stored;
        updraft_api::apigatewayv2::$shape {
            auto_deployed: Some(stored.automatic),
            created_date: Some(stored.created),
            deployment_id: Some(stored.id.clone()),
            deployment_status: Some(updraft_api::apigatewayv2::DeploymentStatus::Deployed),
            deployment_status_message: None,
            description: stored.description.clone(),
        }
    }};
}

pub(crate) use {show_api, show_deployment, show_integration, show_route, show_stage};

impl ApiGateway {
    /// Where an API is reached.
    pub(crate) fn endpoint(&self, stored: &Api) -> String {
        self.origin.below(&format!("{}.execute-api", stored.id))
    }
}

pub(crate) fn cors(stored: &Cors) -> api::Cors {
    let list = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    api::Cors {
        allow_credentials: Some(stored.credentials),
        allow_headers: list(&stored.headers),
        allow_methods: list(&stored.methods),
        allow_origins: list(&stored.origins),
        expose_headers: list(&stored.expose),
        max_age: stored.max_age_secs,
    }
}

/// Reads a CORS configuration.
pub(crate) fn read_cors(given: api::Cors) -> Result<Cors, updraft_api::Refusal> {
    super::openapi::checked(Cors {
        credentials: given.allow_credentials.unwrap_or(false),
        headers: given.allow_headers.unwrap_or_default(),
        methods: given.allow_methods.unwrap_or_default(),
        origins: given.allow_origins.unwrap_or_default(),
        expose: given.expose_headers.unwrap_or_default(),
        max_age_secs: given.max_age,
    })
}
