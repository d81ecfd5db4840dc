//! From what a caller sends to what a stack is to be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use updraft_api::Refusal;
use updraft_api::cloudformation::{Parameter, Tag};
use updraft_api::s3;
use updraft_kernel::{As, Result, ServeCx};
use updraft_lang::cfn::{self, Resolver, Template, Values};
use updraft_lang::sam;
use updraft_lang::template::Document;
use updraft_types::Scope;

use super::model::{Stack, Wanted};
use super::refusals::{not_supported, validation};
use super::resources;

/// The largest template that is sent in the request itself ("CloudFormation quotas", user guide).
const BODY_BYTES_MAX: usize = 51_200;

/// The template that a request brings: itself, by a URL in S3, or the stack's own.
pub(crate) async fn template_text(
    cx: &ServeCx,
    body: Option<String>,
    url: Option<String>,
    previous: Option<&Stack>,
) -> Result<String> {
    match (body, url, previous) {
        (Some(body), None, _) if body.len() > BODY_BYTES_MAX => Err(validation(format!(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have \
             length less than or equal to {BODY_BYTES_MAX}"
        ))
        .into()),
        (Some(body), None, _) => Ok(body),
        (None, Some(url), _) => fetch(cx, &url).await,
        (None, None, Some(stack)) => Ok(stack.wanted.template.clone()),
        (None, None, None) => Err(validation("Either Template URL or Template Body must be specified.").into()),
        (Some(_), Some(_), _) => Err(validation("Template URL and Template Body cannot both be specified.").into()),
    }
}

/// Reads a template from the engine's own S3, whatever host the URL names it by.
async fn fetch(cx: &ServeCx, url: &str) -> Result<String> {
    let wrong = || validation("TemplateURL must be a supported URL.");
    let uri: http::Uri = url.parse().map_err(|_| wrong())?;
    let host = uri.host().unwrap_or_default();
    let path = uri.path().trim_start_matches('/');
    // `bucket.s3.region.amazonaws.com/key`, or `s3.region.amazonaws.com/bucket/key`, or our own host.
    let (bucket, key) = match host.find(".s3.").or_else(|| host.find(".s3-")) {
        Some(at) => (host[..at].to_owned(), path.to_owned()),
        None => path.split_once('/').map(|(b, k)| (b.to_owned(), k.to_owned())).ok_or_else(wrong)?,
    };
    let input = s3::GetObjectRequest { bucket, key: percent_decode(&key), ..Default::default() };
    let output = cx.call::<s3::ops::GetObject>(As::Caller, input).await;
    let output = output.map_err(|error| match error.refusal() {
        Some(refusal) => validation(format!("S3 error: {}", refusal.message)).into(),
        None => error,
    })?;
    let bytes =
        output.body.unwrap_or_default().collect(updraft_lang::template::TEMPLATE_BYTES_MAX as u64).await;
    let bytes = bytes.map_err(|error| validation(format!("S3 error: {error}")))?;
    Ok(String::from_utf8(bytes.to_vec())
        .map_err(|_| validation("Template format error: the template is not UTF-8."))?)
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let digits = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parameters given, with those that keep their previous values filled in.
pub(crate) fn parameters(
    given: Option<Vec<Parameter>>,
    previous: Option<&Stack>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut values = BTreeMap::new();
    for parameter in given.unwrap_or_default() {
        let key = parameter.parameter_key.unwrap_or_default();
        let value = if parameter.use_previous_value == Some(true) {
            let Some(stack) = previous else {
                return Err(validation(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                )));
            };
            match stack.wanted.parameters.get(&key) {
                Some(value) => value.clone(),
                // A default that was never given stays a default.
                None => continue,
            }
        } else {
            parameter.parameter_value.unwrap_or_default()
        };
        values.insert(key, value);
    }
    Ok(values)
}

pub(crate) fn tags(given: Option<Vec<Tag>>) -> Result<BTreeMap<String, String>, Refusal> {
    let tags = given.unwrap_or_default();
    if tags.len() > 50 {
        return Err(validation(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
        ));
    }
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// A template read and checked as far as it can be before its resources exist.
pub(crate) struct Prepared {
    pub(crate) wanted: Wanted,
    pub(crate) template: Template,
}

/// Reads a template, carries out its transform and checks everything that can be checked.
pub(crate) fn prepare(
    text: String,
    parameters: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    capabilities: Vec<String>,
    scope: &Scope,
    by_change_set: bool,
) -> Result<Prepared, Refusal> {
    let processed = process(&text, &parameters, scope)?;
    let template = read(&processed)?;
    check_capabilities(&template, &capabilities, sam_asked(&text), by_change_set)?;
    let values =
        cfn::parameter_values(&template, &parameters).map_err(|error| validation(error.to_string()))?;
    let nothing = Nothing(scope);
    let resolver =
        Resolver::new(&template, &values, &nothing).map_err(|error| validation(error.to_string()))?;
    let wanted = existing(&template, &resolver)?;
    cfn::order(&template, &wanted).map_err(|error| validation(error.to_string()))?;
    Ok(Prepared { wanted: Wanted { template: text, processed, parameters, tags, capabilities }, template })
}

fn sam_asked(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| sam::is_sam(&document.value))
}

/// A template's value with its transform carried out.
pub(crate) fn process(
    text: &str,
    parameters: &BTreeMap<String, String>,
    scope: &Scope,
) -> Result<Value, Refusal> {
    let document =
        Document::parse(text).map_err(|error| validation(format!("Template format error: {error}")))?;
    let transforms = match document.value.get("Transform") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.clone(),
        Some(one) => vec![one.clone()],
    };
    if let Some(other) = transforms.iter().find(|name| *name != sam::TRANSFORM) {
        return Err(validation(format!("No transform named {} found.", other.as_str().unwrap_or_default())));
    }
    if !sam::is_sam(&document.value) {
        return Ok(document.value);
    }
    sam::transform(&document.value, parameters, &scope.region)
        .map_err(|error| validation(format!("Transform {} failed with: {error}", sam::TRANSFORM)))
}

/// A processed template's sections, its resource types and their properties checked.
pub(crate) fn read(processed: &Value) -> Result<Template, Refusal> {
    let template = Template::read(processed).map_err(|error| validation(error.to_string()))?;
    cfn::check_references(&template).map_err(|error| validation(error.to_string()))?;
    let unknown: BTreeSet<&str> = template
        .resources
        .iter()
        .filter(|(_, resource)| resources::provider(&resource.kind).is_none())
        .map(|(_, resource)| resource.kind.as_str())
        .collect();
    if !unknown.is_empty() {
        let list = unknown.into_iter().collect::<Vec<_>>().join(", ");
        return Err(validation(format!(
            "Template format error: Unrecognized resource types: [{list}]; docs/reference/resources.md lists those this engine has"
        )));
    }
    for (id, resource) in &template.resources {
        let Some(provider) = resources::provider(&resource.kind) else { continue };
        if let Some(property) =
            resource.properties.keys().find(|key| !provider.properties().contains(&key.as_str()))
        {
            return Err(validation(format!(
                "Properties validation failed for resource {id} with message: Encountered unsupported property {property}"
            )));
        }
        let missing = provider.required().iter().find(|key| !resource.properties.contains_key(**key));
        if let Some(property) = missing {
            return Err(validation(format!(
                "Properties validation failed for resource {id} with message: required key [{property}] not found"
            )));
        }
        if resource
            .update_policy
            .as_ref()
            .is_some_and(|policy| policy.get("CodeDeployLambdaAliasUpdate").is_some())
        {
            return Err(not_supported("UpdatePolicy CodeDeployLambdaAliasUpdate"));
        }
    }
    Ok(template)
}

/// The resources whose conditions hold.
pub(crate) fn existing(template: &Template, resolver: &Resolver<'_>) -> Result<BTreeSet<String>, Refusal> {
    let mut names = BTreeSet::new();
    for (name, resource) in &template.resources {
        if resolver.holds(resource.condition.as_deref()).map_err(|error| validation(error.to_string()))? {
            names.insert(name.clone());
        }
    }
    Ok(names)
}

fn check_capabilities(
    template: &Template,
    given: &[String],
    transformed: bool,
    by_change_set: bool,
) -> Result<(), Refusal> {
    let missing = missing_capabilities(template, given, transformed, by_change_set);
    if missing.is_empty() { Ok(()) } else { Err(super::refusals::insufficient_capabilities(&missing)) }
}

/// The capabilities a template needs and a caller did not acknowledge.
pub(crate) fn missing_capabilities(
    template: &Template,
    given: &[String],
    transformed: bool,
    by_change_set: bool,
) -> Vec<&'static str> {
    let has = |name: &str| given.iter().any(|capability| capability == name);
    let iam = template.resources.iter().filter(|(_, resource)| resource.kind.starts_with("AWS::IAM::"));
    let named = iam.clone().any(|(_, resource)| {
        ["RoleName", "ManagedPolicyName"].iter().any(|name| resource.properties.contains_key(*name))
    });
    let mut missing = Vec::new();
    // A change set is looked at before it is carried out, which is what this one is for.
    if transformed && !by_change_set && !has("CAPABILITY_AUTO_EXPAND") {
        missing.push("CAPABILITY_AUTO_EXPAND");
    }
    if named && !has("CAPABILITY_NAMED_IAM") {
        missing.push("CAPABILITY_NAMED_IAM");
    } else if iam.count() > 0 && !has("CAPABILITY_IAM") && !has("CAPABILITY_NAMED_IAM") {
        missing.push("CAPABILITY_IAM");
    }
    missing
}

/// A world where nothing exists but the pseudo parameters that need no stack.
struct Nothing<'a>(&'a Scope);

impl Values for Nothing<'_> {
    fn pseudo(&self, name: &str) -> Option<Value> {
        pseudo(self.0, name, "", "")
    }

    fn reference(&self, _resource: &str) -> Option<Value> {
        None
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, cfn::CfnError> {
        Err(cfn::CfnError::new(format!("{resource}.{attribute} is not known yet")))
    }

    fn import(&self, _name: &str) -> Option<Value> {
        None
    }
}

/// A pseudo parameter.
pub(crate) fn pseudo(scope: &Scope, name: &str, stack_name: &str, stack_id: &str) -> Option<Value> {
    Some(Value::from(match name {
        "AWS::Region" => scope.region.as_str(),
        "AWS::AccountId" => scope.account.as_str(),
        "AWS::Partition" => scope.region.partition(),
        "AWS::URLSuffix" => scope.region.dns_suffix(),
        "AWS::StackName" => stack_name,
        "AWS::StackId" => stack_id,
        "AWS::NotificationARNs" => return Some(Value::Array(Vec::new())),
        _ => return None,
    }))
}
