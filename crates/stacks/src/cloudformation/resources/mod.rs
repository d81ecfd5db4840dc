//! The resource types: one file each, plugged in by one line.

mod alarm;
mod api;
mod api_parts;
mod bucket;
mod bucket_policy;
mod dashboard;
mod function;
mod function_alias;
mod function_invoke_config;
mod function_permission;
mod function_version;
mod log_group;
mod managed_policy;
mod policy;
mod role;
mod state_machine;
mod table;

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::{Operation, Refusal};
use updraft_kernel::{As, Result, ServeCx};

pub(crate) use super::model::Resource;

/// How a resource is made, changed and deleted, by calls through the door.
pub(crate) trait Provider: Send + Sync {
    /// The properties it has; any other is refused.
    fn properties(&self) -> &'static [&'static str];

    /// The properties it must have.
    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    /// The properties whose change makes a new resource; `["*"]` for all.
    fn replaced_by(&self) -> &'static [&'static str];

    /// How it is named.
    fn naming(&self) -> Naming {
        Naming { property: None, length_max: 255, lower: false }
    }

    /// Makes it. `again` says that an attempt under this name may have come so far before a crash.
    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>>;

    /// Brings it from what it is to new properties.
    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>>;

    /// Deletes it.
    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>>;
}

/// How a resource is named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming {
    /// The property that names it, if one does.
    pub(crate) property: Option<&'static str>,
    /// The longest name.
    pub(crate) length_max: usize,
    /// Whether names are in lower case.
    pub(crate) lower: bool,
}

/// A resource that has been made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    pub(crate) physical_id: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    pub(crate) attributes: BTreeMap<String, Value>,
}

impl Made {
    /// A resource whose `Ref` is its physical id.
    pub(crate) fn named(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { physical_id: id.clone(), reference: id, attributes: BTreeMap::new() }
    }

    /// With an attribute.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// A resource as it is recorded, for updates that change nothing of this.
    pub(crate) fn as_before(resource: &Resource) -> Self {
        Self {
            physical_id: resource.physical_id.clone(),
            reference: resource.reference.clone(),
            attributes: resource.attributes.clone(),
        }
    }
}

/// Calls as the stack's caller, or as its role.
#[derive(Clone)]
pub(crate) struct Calls {
    pub(crate) cx: ServeCx,
    pub(crate) who: As,
}

impl Calls {
    /// Calls an operation.
    pub(crate) async fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output> {
        self.cx.call::<Op>(self.who.clone(), input).await
    }

    /// Calls an operation whose input is made of properties.
    pub(crate) async fn with<Op: Operation>(&self, properties: Map<String, Value>) -> Result<Op::Output> {
        self.call::<Op>(super::input::read(&properties)?).await
    }
}

/// The provider of a type.
pub(crate) fn provider(kind: &str) -> Option<&'static dyn Provider> {
    Some(match kind {
        "AWS::ApiGatewayV2::Api" => &api::Api,
        "AWS::ApiGatewayV2::Deployment" => &api_parts::Deployment,
        "AWS::ApiGatewayV2::Integration" => &api_parts::Integration,
        "AWS::ApiGatewayV2::Route" => &api_parts::Route,
        "AWS::ApiGatewayV2::Stage" => &api_parts::Stage,
        "AWS::CloudWatch::Alarm" => &alarm::Alarm,
        "AWS::CloudWatch::CompositeAlarm" => &alarm::CompositeAlarm,
        "AWS::CloudWatch::Dashboard" => &dashboard::Dashboard,
        "AWS::DynamoDB::Table" => &table::Table,
        "AWS::IAM::ManagedPolicy" => &managed_policy::ManagedPolicy,
        "AWS::IAM::Policy" => &policy::Policy,
        "AWS::IAM::Role" => &role::Role,
        "AWS::Lambda::Alias" => &function_alias::Alias,
        "AWS::Lambda::EventInvokeConfig" => &function_invoke_config::InvokeConfig,
        "AWS::Lambda::Function" => &function::Function,
        "AWS::Lambda::Permission" => &function_permission::Permission,
        "AWS::Lambda::Version" => &function_version::Version,
        "AWS::Logs::LogGroup" => &log_group::LogGroup,
        "AWS::S3::Bucket" => &bucket::Bucket,
        "AWS::S3::BucketPolicy" => &bucket_policy::BucketPolicy,
        "AWS::StepFunctions::Activity" => &state_machine::Activity,
        "AWS::StepFunctions::StateMachine" => &state_machine::StateMachine,
        "AWS::StepFunctions::StateMachineAlias" => &state_machine::StateMachineAlias,
        "AWS::StepFunctions::StateMachineVersion" => &state_machine::StateMachineVersion,
        _ => return None,
    })
}

/// Whether an error says that the resource is not there.
pub(crate) fn is_gone(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_ref(),
        "ResourceNotFoundException"
            | "ResourceNotFound"
            | "NoSuchEntity"
            | "NoSuchBucket"
            | "NotFoundException"
            | "NoSuchBucketPolicy"
    )
}

/// Whether an error says that what was given cannot be a name of such a resource.
pub(crate) fn is_no_name(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_ref(),
        "ValidationError"
            | "ValidationException"
            | "InvalidInput"
            | "InvalidArn"
            | "BadRequestException"
            | "InvalidParameterValueException"
            | "InvalidParameterException"
    )
}

/// Whether an error says that a resource of that name is there already.
pub(crate) fn is_there(refusal: &Refusal) -> bool {
    matches!(
        refusal.code.as_ref(),
        "ResourceConflictException"
            | "EntityAlreadyExists"
            | "BucketAlreadyOwnedByYou"
            | "ResourceInUseException"
            | "ResourceAlreadyExistsException"
            | "BucketAlreadyExists"
            | "EntityAlreadyExistsException"
    )
}

/// Lets "it is there already" pass where an earlier attempt may have made it.
pub(crate) fn or_there<T>(result: Result<T>, again: bool) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if again && error.refusal().is_some_and(is_there) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The properties of those names.
pub(crate) fn pick(properties: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let named = names.iter().filter_map(|name| Some(((*name).to_owned(), properties.get(*name)?.clone())));
    named.collect()
}

/// A property's text.
pub(crate) fn text<'a>(properties: &'a Map<String, Value>, name: &str) -> &'a str {
    properties.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `Tags` as a list of keys and values, as a map.
pub(crate) fn tag_map(properties: &Map<String, Value>) -> BTreeMap<String, String> {
    let pair = |tag: &Value| {
        let value = &tag["Value"];
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((tag["Key"].as_str()?.to_owned(), value))
    };
    match properties.get("Tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(pair).collect(),
        Some(Value::Object(tags)) => {
            tags.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The keys of tags that are gone.
pub(crate) fn tags_gone(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    let new = tag_map(new);
    tag_map(old).into_keys().filter(|key| !new.contains_key(key)).collect()
}
