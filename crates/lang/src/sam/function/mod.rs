//! `AWS::Serverless::Function`: the function, its role, version and alias, its URL and events.

mod code;
mod event;
mod invoke_config;
mod role;
mod url;
mod version;

use serde_json::{Map, Value, json};

pub(crate) use code::object_uri;
pub(crate) use role::trust;

use super::intrinsics::{given, is_if};
use super::made::{Attributes, Made, tag_list};
use super::problem::Fail;
use super::properties::{
    self, Property, any, checked, is_list_of, is_map_of, is_text_or_map, map, one_of, text, truth,
};
use super::{Context, deployment};

const PROPERTIES: [Property; 47] = [
    checked("FunctionName", is_text_or_map),
    any("Handler"),
    any("Runtime"),
    any("CodeUri"),
    any("ImageUri"),
    any("PackageType"),
    any("InlineCode"),
    map("DeadLetterQueue"),
    any("Description"),
    any("MemorySize"),
    any("Timeout"),
    any("VpcConfig"),
    text("Role"),
    map("AssumeRolePolicyDocument"),
    checked("Policies", |value| is_text_or_map(value) || is_list_of(value, is_text_or_map)),
    any("RolePath"),
    text("PermissionsBoundary"),
    checked("Environment", |value| is_map_of(value, Value::is_object)),
    checked("Events", |value| is_map_of(value, Value::is_object)),
    map("Tags"),
    truth("PropagateTags"),
    checked("Tracing", is_text_or_map),
    any("KmsKeyArn"),
    map("DeploymentPreference"),
    any("ReservedConcurrentExecutions"),
    checked("Layers", |value| is_list_of(value, is_text_or_map)),
    map("EventInvokeConfig"),
    any("EphemeralStorage"),
    text("AutoPublishAlias"),
    text("AutoPublishCodeSha256"),
    truth("AutoPublishAliasAllProperties"),
    any("VersionDescription"),
    any("ProvisionedConcurrencyConfig"),
    any("FileSystemConfigs"),
    any("ImageConfig"),
    any("CodeSigningConfigArn"),
    any("Architectures"),
    map("SnapStart"),
    map("FunctionUrlConfig"),
    any("RuntimeManagementConfig"),
    any("LoggingConfig"),
    any("RecursiveLoop"),
    any("SourceKMSKeyArn"),
    one_of(
        "VersionDeletionPolicy",
        |value| value == "Delete" || value == "Retain",
        "one of the strings: 'Delete' or 'Retain'",
    ),
    any("PublishToLatestPublished"),
    any("TenancyConfig"),
    map("DurableConfig"),
];

/// Properties that CloudFormation has under the same name.
const PASSED: [&str; 24] = [
    "FunctionName",
    "Handler",
    "Runtime",
    "Description",
    "MemorySize",
    "Timeout",
    "VpcConfig",
    "Role",
    "Environment",
    "KmsKeyArn",
    "ReservedConcurrentExecutions",
    "Layers",
    "FileSystemConfigs",
    "ImageConfig",
    "PackageType",
    "Architectures",
    "SnapStart",
    "EphemeralStorage",
    "CodeSigningConfigArn",
    "RuntimeManagementConfig",
    "LoggingConfig",
    "TenancyConfig",
    "RecursiveLoop",
    "DurableConfig",
];

/// Tags that SAM keeps for itself.
const RESERVED_TAGS: [&str; 3] =
    ["lambda:createdBy", "serverlessrepo:applicationId", "serverlessrepo:semanticVersion"];

/// A function in the making.
struct Function<'a> {
    id: &'a str,
    given: Map<String, Value>,
    attributes: Attributes,
}

impl Function<'_> {
    /// A property that is there and not empty.
    fn given(&self, name: &str) -> Option<&Value> {
        given(&self.given, name)
    }

    /// The tags of the function and of what is generated for it, SAM's mark first.
    fn tags(&self) -> Result<Vec<Value>, Fail> {
        let tags = self.given("Tags");
        let reserved = RESERVED_TAGS.iter().find(|name| tags.is_some_and(|tags| tags.get(**name).is_some()));
        if let Some(name) = reserved {
            return Err(format!(
                "{name} is a reserved Tag key name and cannot be set on your resource. Please change the tag key in the input."
            )
            .into());
        }
        let mut list = vec![json!({"Key": "lambda:createdBy", "Value": "SAM"})];
        list.extend(tag_list(tags));
        Ok(list)
    }
}

pub(crate) fn transform(cx: &mut Context, id: &str, resource: &Value) -> Result<Vec<Made>, Fail> {
    let role_id = format!("{id}Role");
    let raw = properties::of(resource);
    let policies = super::policies::read(raw.get("Policies"), &role_id, &cx.partition)?;
    let function = Function {
        id,
        given: properties::check(&raw, &PROPERTIES, super::FUNCTION)?,
        attributes: Attributes::of(resource),
    };
    check_combinations(&function)?;
    let mut main = construct(cx, &function)?;
    let mut made = Vec::new();
    let mut alias = None;
    if function.given("AutoPublishAlias").is_some() {
        let (version, own) = version::with_alias(cx, &function, &mut main)?;
        made.push(version);
        alias = Some(own);
    } else if function.given("ProvisionedConcurrencyConfig").is_some() {
        return Err(
            "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function".into()
        );
    }
    made.extend(url::construct(&function, alias.as_ref())?);
    if let Some(preference) = deployment::read(cx, id, &function.given, &function.attributes)? {
        let alias = alias
            .as_mut()
            .ok_or("'DeploymentPreference' requires AutoPublishAlias property to be specified.")?;
        preference.group()?;
        alias.attributes.insert("UpdatePolicy".into(), preference.update_policy());
        cx.deployments.push(preference);
    }
    let (configured, destinations) = invoke_config::construct(cx, &function, alias.as_ref())?;
    made.extend(configured);
    let execution_role = role::construct(cx, &function, &role_id, destinations, policies)?;
    made.extend(role::assign(cx, &mut main, execution_role)?);
    made.extend(event::construct(cx, &function, alias.as_ref())?);
    made.insert(0, main);
    made.extend(alias);
    if let (Some(tags), true) = (function.given("Tags"), function.given("PropagateTags").is_some()) {
        for made in made.iter_mut().filter(|made| TAGGED.contains(&made.kind)) {
            made.set("Tags", tag_list(Some(tags)));
        }
    }
    Ok(made)
}

/// The types that take over a function's tags when it propagates them.
const TAGGED: [&str; 3] = ["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::SQS::Queue"];

fn check_combinations(function: &Function<'_>) -> Result<(), Fail> {
    if function.given("VersionDeletionPolicy").is_some() && function.given("AutoPublishAlias").is_none() {
        return Err("'VersionDeletionPolicy' requires 'AutoPublishAlias'.".into());
    }
    if let Some(queue) = function.given("DeadLetterQueue") {
        role::check_dead_letter_queue(queue)?;
    }
    if function.given("TenancyConfig").is_some() {
        check_tenancy(function)?;
    }
    Ok(())
}

/// What functions with tenants cannot have.
fn check_tenancy(function: &Function<'_>) -> Result<(), Fail> {
    let refused = [
        ("ProvisionedConcurrencyConfig", "Provisioned concurrency"),
        ("FunctionUrlConfig", "Function URL"),
        ("SnapStart", "SnapStart"),
    ];
    let enabled = "not supported for functions enabled with tenancy configuration.";
    if let Some((_, told)) = refused.iter().find(|(name, _)| function.given(name).is_some()) {
        return Err(format!("{told} is {enabled}").into());
    }
    let events = function.given("Events").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let kind =
        events.filter_map(|event| event["Type"].as_str()).find(|kind| !["Api", "HttpApi"].contains(kind));
    match kind {
        Some(kind) => {
            let only = "Only Api and HttpApi event sources are supported.";
            Err(format!("Event source '{kind}' is {enabled} {only}").into())
        }
        None => Ok(()),
    }
}

/// The function itself, as it is when nothing else is known of it.
fn construct(cx: &Context, function: &Function<'_>) -> Result<Made, Fail> {
    let mut made = Made::main(function.id, "AWS::Lambda::Function", &function.attributes);
    for name in PASSED {
        made.set_given(name, function.given.get(name));
    }
    if made.properties.get("FunctionName").is_some_and(|name| name == "") {
        made.properties.shift_remove("FunctionName");
    }
    let code = code::construct(function)?;
    made.set("Tags", function.tags()?);
    if let Some(mode) = function.given("Tracing").filter(|mode| cx.parameters.resolve(mode) != "Disabled") {
        made.set("TracingConfig", json!({"Mode": mode}));
    }
    if let Some(queue) = function.given("DeadLetterQueue") {
        made.set("DeadLetterConfig", json!({"TargetArn": queue["TargetArn"]}));
    }
    made.set_given("PublishToLatestPublished", function.given.get("PublishToLatestPublished"));
    code::check_package(&made, &code)?;
    made.set("Code", code);
    Ok(made)
}

/// Whether the role a function names stands under a condition, so that another may be needed.
fn names_conditional_role(function: &Made) -> bool {
    function.properties.get("Role").is_some_and(is_if)
}
