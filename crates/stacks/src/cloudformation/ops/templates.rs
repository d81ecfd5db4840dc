//! `GetTemplate`, `GetTemplateSummary` and `ValidateTemplate`.

use serde_json::Value;
use updraft_api::cloudformation::ops::{GetTemplate, GetTemplateSummary, ValidateTemplate};
use updraft_api::cloudformation::{
    Capability, GetTemplateInput, GetTemplateOutput, GetTemplateSummaryInput, GetTemplateSummaryOutput,
    ParameterConstraints, ParameterDeclaration, TemplateParameter, ValidateTemplateInput,
    ValidateTemplateOutput,
};
use updraft_kernel::{Access, Query, Result, Serve, ServeCx, View};
use updraft_lang::cfn::Template;
use updraft_types::Scope;

use super::change_sets::{find, on_change_set};
use super::on_stack;
use crate::cloudformation::{CloudFormation, model, prepare, refusals};

impl Query<GetTemplate> for CloudFormation {
    fn access(&self, scope: &Scope, input: &GetTemplateInput) -> Result<Vec<Access>> {
        match (&input.change_set_name, &input.stack_name) {
            (Some(name), stack) => on_change_set(scope, "cloudformation:GetTemplate", name, stack.as_deref()),
            (None, Some(name)) => on_stack(scope, "cloudformation:GetTemplate", name),
            (None, None) => Err(refusals::validation("StackName must be specified.").into()),
        }
    }

    fn query(&self, view: &View<'_>, input: GetTemplateInput) -> Result<GetTemplateOutput> {
        let scope = view.scope();
        let wanted = match (&input.change_set_name, &input.stack_name) {
            (Some(name), stack) => find(view, scope, name, stack.as_deref())?.wanted,
            (None, name) => {
                let name = name.clone().unwrap_or_default();
                model::find(view, scope, &name)?.ok_or_else(|| refusals::no_stack(&name))?.wanted
            }
        };
        let processed = input.template_stage.as_ref().is_some_and(|stage| stage.as_str() == "Processed");
        let body = if processed { wanted.processed.to_string() } else { wanted.template };
        Ok(GetTemplateOutput {
            template_body: Some(body),
            stages_available: Some(vec!["Original".into(), "Processed".into()]),
        })
    }
}

/// A template as it is told of before it is carried out: SAM's resources stay what they are.
struct Summary {
    value: Value,
    template: Template,
    capabilities: Vec<Capability>,
    reason: Option<String>,
}

fn summary(text: &str) -> Result<Summary> {
    let document = updraft_lang::template::Document::parse(text)
        .map_err(|error| refusals::validation(format!("Template format error: {error}")))?;
    let mut plain = document.value.clone();
    if let Value::Object(top) = &mut plain {
        top.remove("Globals");
    }
    let template = Template::read(&plain).map_err(|error| refusals::validation(error.to_string()))?;
    let sam = updraft_lang::sam::is_sam(&document.value);
    let mut missing = prepare::missing_capabilities(&template, &[], sam, false);
    let functions =
        template.resources.iter().filter(|(_, resource)| resource.kind == "AWS::Serverless::Function");
    if functions.count() > 0 && !missing.contains(&"CAPABILITY_IAM") {
        missing.push("CAPABILITY_IAM");
    }
    let kinds: Vec<_> = template
        .resources
        .iter()
        .map(|(_, r)| r.kind.as_str())
        .filter(|k| k.starts_with("AWS::IAM::"))
        .collect();
    let reason = (!kinds.is_empty())
        .then(|| format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")));
    let capabilities = missing.into_iter().map(Into::into).collect();
    Ok(Summary { value: document.value, template, capabilities, reason })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Serve<GetTemplateSummary> for CloudFormation {
    fn access(&self, scope: &Scope, input: &GetTemplateSummaryInput) -> Result<Vec<Access>> {
        match &input.stack_name {
            Some(name) => on_stack(scope, "cloudformation:GetTemplateSummary", name),
            None => Ok(vec![Access::to_any("cloudformation:GetTemplateSummary")]),
        }
    }

    async fn serve(&self, cx: ServeCx, input: GetTemplateSummaryInput) -> Result<GetTemplateSummaryOutput> {
        let stack = match &input.stack_name {
            Some(name) => Some(cx.view(|view| {
                let found = model::find(view, cx.scope(), name)?;
                Ok::<_, updraft_kernel::Error>(found.ok_or_else(|| refusals::no_stack(name))?)
            })?),
            None => None,
        };
        let body =
            prepare::template_text(&cx, input.template_body, input.template_url, stack.as_ref()).await?;
        let summary = summary(&body)?;
        let parameters = summary.template.parameters.iter().map(|(name, declaration)| {
            let allowed = declaration.get("AllowedValues").and_then(Value::as_array);
            ParameterDeclaration {
                parameter_key: Some(name.clone()),
                default_value: declaration.get("Default").map(text),
                parameter_type: declaration.get("Type").map(text),
                no_echo: Some(declaration.get("NoEcho").is_some_and(|no| no == true || no == "true")),
                description: declaration.get("Description").map(text),
                parameter_constraints: Some(ParameterConstraints {
                    allowed_values: allowed.map(|values| values.iter().map(text).collect()),
                }),
            }
        });
        let mut types: Vec<String> = summary.template.resources.iter().map(|(_, r)| r.kind.clone()).collect();
        types.sort();
        types.dedup();
        Ok(GetTemplateSummaryOutput {
            parameters: Some(parameters.collect()),
            description: summary.template.description.clone(),
            capabilities: Some(summary.capabilities).filter(|list| !list.is_empty()),
            capabilities_reason: summary.reason,
            resource_types: Some(types),
            version: summary.value.get("AWSTemplateFormatVersion").map(text),
            metadata: summary.template.metadata.as_ref().map(ToString::to_string),
            declared_transforms: Some(summary.template.transforms).filter(|list| !list.is_empty()),
            ..Default::default()
        })
    }
}

impl Serve<ValidateTemplate> for CloudFormation {
    fn access(&self, _scope: &Scope, _input: &ValidateTemplateInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudformation:ValidateTemplate")])
    }

    async fn serve(&self, cx: ServeCx, input: ValidateTemplateInput) -> Result<ValidateTemplateOutput> {
        let body = prepare::template_text(&cx, input.template_body, input.template_url, None).await?;
        let summary = summary(&body)?;
        let parameters = summary.template.parameters.iter().map(|(name, declaration)| TemplateParameter {
            parameter_key: Some(name.clone()),
            default_value: declaration.get("Default").map(text),
            no_echo: Some(declaration.get("NoEcho").is_some_and(|no| no == true || no == "true")),
            description: declaration.get("Description").map(text),
        });
        Ok(ValidateTemplateOutput {
            parameters: Some(parameters.collect()),
            description: summary.template.description.clone(),
            capabilities: Some(summary.capabilities).filter(|list| !list.is_empty()),
            capabilities_reason: summary.reason,
            declared_transforms: Some(summary.template.transforms).filter(|list| !list.is_empty()),
        })
    }
}
