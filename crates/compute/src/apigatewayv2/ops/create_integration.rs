//! `CreateIntegration`: a function that routes may go to.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use updraft_types::lambda::function_of_uri;

use crate::apigatewayv2::model::Integration;
use crate::apigatewayv2::openapi::{payload_format, timeout_millis};
use crate::apigatewayv2::show::show_integration;
use crate::apigatewayv2::store::{save, short_id};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::CreateIntegration> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::CreateIntegrationRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", &format!("/apis/{}/integrations", input.api_id)))
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::CreateIntegrationRequest,
    ) -> Result<api::CreateIntegrationResult> {
        function_type(Some(&input.integration_type), input.integration_subtype.as_deref())?;
        Unsupported {
            connection_type: input.connection_type.as_ref(),
            request_parameters: input.request_parameters.is_some(),
            response_parameters: input.response_parameters.is_some(),
            tls_config: input.tls_config.is_some(),
        }
        .refuse()?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let payload = input.payload_format_version.as_deref().ok_or_else(|| {
            refusals::bad_request("PayloadFormatVersion is a required parameter for integration")
        })?;
        let integration = Integration {
            id: short_id(cx.ids()),
            uri: function_uri(input.integration_uri)?,
            method: input.integration_method,
            payload: payload_format(payload)?,
            timeout_millis: timeout_millis(input.timeout_in_millis)?,
            description: input.description,
            credentials: input.credentials_arn,
            managed: false,
        };
        stored.integrations.insert(integration.id.clone(), integration.clone());
        save(cx, stored)?;
        Ok(show_integration!(CreateIntegrationResult, integration))
    }
}

/// HTTP APIs call functions here, and nothing else yet.
pub(super) fn function_type(kind: Option<&api::IntegrationType>, subtype: Option<&str>) -> Result<()> {
    if let Some(kind) = kind.filter(|kind| **kind != api::IntegrationType::AwsProxy) {
        let what = format!("IntegrationType {}", kind.as_str());
        return Err(refusals::unsupported(&what, "Use AWS_PROXY with a function.").into());
    }
    match subtype {
        Some(subtype) => {
            let what = format!("IntegrationSubtype {subtype}");
            Err(refusals::unsupported(&what, "Call the service from a function.").into())
        }
        None => Ok(()),
    }
}

/// The URI, if it names a function.
pub(super) fn function_uri(uri: Option<String>) -> Result<String> {
    let uri =
        uri.ok_or_else(|| refusals::bad_request("IntegrationUri is required for AWS_PROXY integrations"))?;
    if function_of_uri(&uri).is_none() {
        return Err(refusals::bad_request(format!(
            "The integration URI {uri} names no function; use its ARN or the invocation ARN around it"
        ))
        .into());
    }
    Ok(uri)
}

/// The settings that this engine does not have yet.
pub(super) struct Unsupported<'a> {
    pub connection_type: Option<&'a api::ConnectionType>,
    pub request_parameters: bool,
    pub response_parameters: bool,
    pub tls_config: bool,
}

impl Unsupported<'_> {
    pub fn refuse(&self) -> Result<()> {
        let vpc = self.connection_type.is_some_and(|kind| *kind != api::ConnectionType::Internet);
        let rows = [
            (vpc, "ConnectionType VPC_LINK"),
            (self.request_parameters, "RequestParameters"),
            (self.response_parameters, "ResponseParameters"),
            (self.tls_config, "TlsConfig"),
        ];
        match rows.into_iter().find(|(asked, _)| *asked) {
            Some((_, what)) => Err(refusals::unsupported(what, "Remove the setting.").into()),
            None => Ok(()),
        }
    }
}
