//! `AWS::StepFunctions::StateMachine`, `…::Activity`, `…::StateMachineVersion`, `…::StateMachineAlias`.

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use updraft_api::s3::GetObjectRequest;
use updraft_api::s3::ops::GetObject;
use updraft_api::states::{
    CreateActivityInput, DeleteActivityInput, DeleteStateMachineAliasInput, DeleteStateMachineInput,
    DeleteStateMachineVersionInput, PublishStateMachineVersionInput, Tag, TagResourceInput,
    UntagResourceInput, ops,
};
use updraft_kernel::{Fault, Result};

use super::{Calls, Made, Naming, Provider, Resource, pick, tag_map, tags_gone, text};
use crate::cloudformation::refusals;

/// The longest name of a machine, an activity, an alias.
const NAME_CHARS_MAX: usize = 80;

/// The largest definition (1 MiB).
const DEFINITION_BYTES_MAX: u64 = 1 << 20;

pub(crate) struct StateMachine;
pub(crate) struct Activity;
pub(crate) struct StateMachineVersion;
pub(crate) struct StateMachineAlias;

/// The properties that a machine's operations take as they stand.
const SETTINGS: [&str; 4] =
    ["RoleArn", "LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration"];

impl Provider for StateMachine {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "Definition",
            "DefinitionS3Location",
            "DefinitionString",
            "DefinitionSubstitutions",
            "EncryptionConfiguration",
            "LoggingConfiguration",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "Tags",
            "TracingConfiguration",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["RoleArn"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["StateMachineName", "StateMachineType"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("StateMachineName"), length_max: NAME_CHARS_MAX, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut input = pick(properties, &SETTINGS);
            input.insert("Name".to_owned(), Value::from(name));
            input.insert("Definition".to_owned(), Value::String(definition(calls, properties).await?));
            if let Some(kind) = properties.get("StateMachineType") {
                input.insert("Type".to_owned(), kind.clone());
            }
            let tags = tag_map(properties);
            if !tags.is_empty() {
                let tags = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
                input.insert("Tags".to_owned(), Value::Array(tags));
            }
            // The same machine again is no error, so an attempt before a crash needs no care.
            let made = calls.with::<ops::CreateStateMachine>(input).await?;
            Ok(machine(name, made.state_machine_arn, "INITIAL".to_owned()))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let arn = resource.physical_id.clone();
            let mut input = pick(properties, &SETTINGS);
            input.insert("StateMachineArn".to_owned(), Value::String(arn.clone()));
            input.insert("Definition".to_owned(), Value::String(definition(calls, properties).await?));
            let updated = calls.with::<ops::UpdateStateMachine>(input).await?;
            retag(calls, &arn, &resource.properties, properties).await?;
            let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
            Ok(machine(&name, arn, updated.revision_id.unwrap_or_default()))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteStateMachineInput { state_machine_arn: resource.physical_id.clone() };
            calls.call::<ops::DeleteStateMachine>(input).await?;
            Ok(())
        })
    }
}

fn machine(name: &str, arn: String, revision: String) -> Made {
    Made::named(arn.clone()).with("Arn", arn).with("Name", name).with("StateMachineRevisionId", revision)
}

/// The definition, wherever it stands, with its substitutions made.
async fn definition(calls: &Calls, properties: &Map<String, Value>) -> Result<String> {
    let text = match (
        properties.get("DefinitionString"),
        properties.get("Definition"),
        properties.get("DefinitionS3Location"),
    ) {
        (Some(Value::String(text)), None, None) => text.clone(),
        (None, Some(definition @ Value::Object(_)), None) => definition.to_string(),
        (None, None, Some(Value::Object(place))) => stored(calls, place).await?,
        _ => {
            let message = "Exactly one of DefinitionString, Definition and DefinitionS3Location is required";
            return Err(refusals::validation(message.to_owned()).into());
        }
    };
    Ok(substituted(text, properties.get("DefinitionSubstitutions").and_then(Value::as_object)))
}

async fn stored(calls: &Calls, place: &Map<String, Value>) -> Result<String> {
    let request = GetObjectRequest {
        bucket: text(place, "Bucket").to_owned(),
        key: text(place, "Key").to_owned(),
        version_id: place.get("Version").and_then(Value::as_str).map(str::to_owned),
        ..GetObjectRequest::default()
    };
    let answer = calls.call::<GetObject>(request).await?;
    let Some(body) = answer.body else { return Ok(String::new()) };
    let bytes = body
        .collect(DEFINITION_BYTES_MAX)
        .await
        .map_err(|error| Fault::because("read a definition from its bucket", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `${name}` replaced by what the template gives for it.
fn substituted(text: String, substitutions: Option<&Map<String, Value>>) -> String {
    let Some(substitutions) = substitutions else { return text };
    substitutions.iter().fold(text, |text, (name, value)| {
        let value = match value {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        text.replace(&format!("${{{name}}}"), &value)
    })
}

async fn retag(calls: &Calls, arn: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Result<()> {
    let gone = tags_gone(old, new);
    if !gone.is_empty() {
        let input = UntagResourceInput { resource_arn: arn.to_owned(), tag_keys: gone };
        calls.call::<ops::UntagResource>(input).await?;
    }
    let tags = tags(new);
    if !tags.is_empty() {
        calls.call::<ops::TagResource>(TagResourceInput { resource_arn: arn.to_owned(), tags }).await?;
    }
    Ok(())
}

fn tags(properties: &Map<String, Value>) -> Vec<Tag> {
    let pairs = tag_map(properties).into_iter();
    pairs.map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

impl Provider for Activity {
    fn properties(&self) -> &'static [&'static str] {
        &["Name", "Tags"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("Name"), length_max: NAME_CHARS_MAX, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let tags = Some(tags(properties)).filter(|tags| !tags.is_empty());
            let input = CreateActivityInput { name: name.to_owned(), tags, ..CreateActivityInput::default() };
            let arn = calls.call::<ops::CreateActivity>(input).await?.activity_arn;
            Ok(Made::named(arn.clone()).with("Arn", arn).with("Name", name))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            retag(calls, &resource.physical_id, &resource.properties, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteActivityInput { activity_arn: resource.physical_id.clone() };
            calls.call::<ops::DeleteActivity>(input).await?;
            Ok(())
        })
    }
}

impl Provider for StateMachineVersion {
    fn properties(&self) -> &'static [&'static str] {
        &["Description", "StateMachineArn", "StateMachineRevisionId"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["StateMachineArn"]
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
            let given = |name: &str| properties.get(name).and_then(Value::as_str).map(str::to_owned);
            let input = PublishStateMachineVersionInput {
                state_machine_arn: text(properties, "StateMachineArn").to_owned(),
                revision_id: given("StateMachineRevisionId"),
                description: given("Description"),
            };
            // A revision that is published already keeps its version.
            let made = calls.call::<ops::PublishStateMachineVersion>(input).await?;
            let arn = made.state_machine_version_arn;
            Ok(Made::named(arn.clone()).with("Arn", arn))
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
            let input =
                DeleteStateMachineVersionInput { state_machine_version_arn: resource.physical_id.clone() };
            calls.call::<ops::DeleteStateMachineVersion>(input).await?;
            Ok(())
        })
    }
}

impl Provider for StateMachineAlias {
    fn properties(&self) -> &'static [&'static str] {
        &["Description", "Name", "RoutingConfiguration"]
    }

    fn required(&self) -> &'static [&'static str] {
        &["RoutingConfiguration"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["Name"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("Name"), length_max: NAME_CHARS_MAX, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        _again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut input = pick(properties, &["Description", "RoutingConfiguration"]);
            input.insert("Name".to_owned(), Value::from(name));
            let arn = calls.with::<ops::CreateStateMachineAlias>(input).await?.state_machine_alias_arn;
            Ok(Made::named(arn.clone()).with("Arn", arn))
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut input = pick(properties, &["Description", "RoutingConfiguration"]);
            let arn = Value::String(resource.physical_id.clone());
            input.insert("StateMachineAliasArn".to_owned(), arn);
            calls.with::<ops::UpdateStateMachineAlias>(input).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input =
                DeleteStateMachineAliasInput { state_machine_alias_arn: resource.physical_id.clone() };
            calls.call::<ops::DeleteStateMachineAlias>(input).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitutions_stand_in_the_definition() {
        let substitutions = json!({ "Fn": "arn", "Count": 3 });
        let text = substituted("${Fn} ${Count} ${Other}".to_owned(), substitutions.as_object());
        assert_eq!(text, "arn 3 ${Other}");
    }
}
