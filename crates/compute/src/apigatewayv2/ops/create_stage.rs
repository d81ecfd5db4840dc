//! `CreateStage`: a name under which the API is reached.

use updraft_api::apigatewayv2 as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::apigatewayv2::model::{Api, Stage};
use crate::apigatewayv2::show::show_stage;
use crate::apigatewayv2::store::{DEPLOYMENTS, deployment_key, save};
use crate::apigatewayv2::{ApiGateway, access, refusals, store};

impl Handle<api::ops::CreateStage> for ApiGateway {
    fn access(&self, scope: &Scope, input: &api::CreateStageRequest) -> Result<Vec<Access>> {
        Ok(access(scope, "apigateway:POST", &format!("/apis/{}/stages", input.api_id)))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateStageRequest) -> Result<api::CreateStageResponse> {
        refuse_unsupported(
            input.access_log_settings.as_ref(),
            input.client_certificate_id.as_deref(),
            input
                .default_route_settings
                .iter()
                .chain(input.route_settings.iter().flat_map(|all| all.values())),
        )?;
        let mut stored = store::api(cx, cx.scope(), &input.api_id)?;
        let name = stage_name(&input.stage_name)?;
        if stored.stages.contains_key(name) {
            return Err(
                refusals::conflict(format!("Stage with name {name} already exists for this API")).into()
            );
        }
        let stage = Stage {
            name: name.to_owned(),
            auto_deploy: input.auto_deploy.unwrap_or(false),
            deployment: deployment_named(cx, &stored, input.deployment_id)?,
            description: input.description,
            variables: input.stage_variables.unwrap_or_default(),
            created: cx.now(),
            updated: cx.now(),
            tags: input.tags.unwrap_or_default(),
            managed: false,
        };
        stored.stages.insert(name.to_owned(), stage);
        let stored = save(cx, stored)?;
        Ok(show_stage!(CreateStageResponse, &stored.stages[name]))
    }
}

/// What a stage cannot have here. Settings that ask for nothing are taken: clients send them.
pub(super) fn refuse_unsupported<'a>(
    access_log: Option<&api::AccessLogSettings>,
    certificate: Option<&str>,
    mut settings: impl Iterator<Item = &'a api::RouteSettings>,
) -> Result<()> {
    let throttled = settings.any(|s| s.throttling_burst_limit.is_some() || s.throttling_rate_limit.is_some());
    let rows = [
        (access_log.is_some_and(|log| log.destination_arn.is_some()), "AccessLogSettings"),
        (certificate.is_some(), "ClientCertificateId"),
        (throttled, "Throttling in route settings"),
    ];
    match rows.into_iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(refusals::unsupported(what, "Remove the setting.").into()),
        None => Ok(()),
    }
}

/// A stage's name: letters, digits, hyphens and underscores, or `$default`.
fn stage_name(text: &str) -> Result<&str> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let sound = text == "$default" || ((1..=128).contains(&text.len()) && text.bytes().all(plain));
    let message = "Stage name should only contain alphanumerics, hyphens and underscores, or be '$default'";
    if sound { Ok(text) } else { Err(refusals::bad_request(message).into()) }
}

/// A deployment of the API, where one is named.
pub(super) fn deployment_named(cx: &Cx<'_>, stored: &Api, id: Option<String>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    if !DEPLOYMENTS.contains(cx, &deployment_key(cx.scope(), stored, &id))? {
        return Err(refusals::bad_request(format!("Deployment ID '{id}' does not exist in API")).into());
    }
    Ok(Some(id))
}
