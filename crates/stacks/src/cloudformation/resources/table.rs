//! `AWS::DynamoDB::Table`.

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use updraft_api::dynamodb::{
    DeleteTableInput, DescribeTableInput, Tag, TagResourceInput, UntagResourceInput, UpdateTableInput, ops,
};
use updraft_kernel::Result;

use super::{Calls, Made, Naming, Provider, Resource, or_there, pick, tag_map, tags_gone};
use crate::cloudformation::input;

pub(crate) struct Table;

const CREATED: [&str; 11] = [
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
    "SSESpecification",
    "Tags",
    "TableClass",
    "DeletionProtectionEnabled",
    "StreamSpecification",
];

impl Provider for Table {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "AttributeDefinitions",
            "BillingMode",
            "DeletionProtectionEnabled",
            "GlobalSecondaryIndexes",
            "KeySchema",
            "LocalSecondaryIndexes",
            "PointInTimeRecoverySpecification",
            "ProvisionedThroughput",
            "SSESpecification",
            "StreamSpecification",
            "TableClass",
            "TableName",
            "Tags",
            "TimeToLiveSpecification",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["KeySchema"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["KeySchema", "LocalSecondaryIndexes", "TableName"]
    }

    fn naming(&self) -> Naming {
        Naming { property: Some("TableName"), length_max: 255, lower: false }
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let mut wanted = pick(properties, &CREATED);
            wanted.insert("TableName".to_owned(), Value::from(name));
            // CloudFormation's SSESpecification says SSEEnabled where the API says Enabled.
            if let Some(Value::Object(encryption)) = wanted.get_mut("SSESpecification")
                && let Some(enabled) = encryption.remove("SSEEnabled")
            {
                encryption.insert("Enabled".to_owned(), enabled);
            }
            // A stream is on where the template describes one.
            if let Some(Value::Object(stream)) = wanted.get_mut("StreamSpecification") {
                stream.insert("StreamEnabled".to_owned(), Value::Bool(true));
            }
            or_there(calls.with::<ops::CreateTable>(wanted).await, again)?;
            extras(calls, name, &Map::new(), properties).await?;
            describe(calls, name).await
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            let name = &resource.physical_id;
            let old = &resource.properties;
            let changed = |property: &str| old.get(property) != properties.get(property);
            for update in index_updates(old, properties) {
                let mut wanted = pick(properties, &["AttributeDefinitions"]);
                wanted.insert("TableName".to_owned(), Value::from(name.as_str()));
                wanted.insert("GlobalSecondaryIndexUpdates".to_owned(), json!([update]));
                calls.with::<ops::UpdateTable>(wanted).await?;
            }
            let plain = ["BillingMode", "ProvisionedThroughput", "TableClass", "DeletionProtectionEnabled"];
            let mut wanted: Map<String, Value> =
                pick(properties, &plain).into_iter().filter(|(property, _)| changed(property)).collect();
            if !wanted.is_empty() {
                wanted.insert("TableName".to_owned(), Value::from(name.as_str()));
                let input: UpdateTableInput = input::read(&wanted)?;
                calls.call::<ops::UpdateTable>(input).await?;
            }
            extras(calls, name, old, properties).await?;
            retag(calls, resource, properties).await?;
            describe(calls, name).await
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let input = DeleteTableInput { table_name: resource.physical_id.clone() };
            calls.call::<ops::DeleteTable>(input).await?;
            Ok(())
        })
    }
}

async fn describe(calls: &Calls, name: &str) -> Result<Made> {
    let input = DescribeTableInput { table_name: name.to_owned() };
    let table = calls.call::<ops::DescribeTable>(input).await?.table.unwrap_or_default();
    let made = Made::named(name).with("Arn", table.table_arn.unwrap_or_default());
    Ok(match table.latest_stream_arn {
        Some(arn) => made.with("StreamArn", arn),
        None => made,
    })
}

/// What has operations of its own.
async fn extras(calls: &Calls, name: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Result<()> {
    for (property, recovery) in
        [("TimeToLiveSpecification", false), ("PointInTimeRecoverySpecification", true)]
    {
        let Some(value) = new.get(property).filter(|value| old.get(property) != Some(value)) else {
            continue;
        };
        let wanted = Map::from_iter([
            ("TableName".to_owned(), Value::from(name)),
            (property.to_owned(), value.clone()),
        ]);
        if recovery {
            calls.with::<ops::UpdateContinuousBackups>(wanted).await?;
        } else {
            calls.with::<ops::UpdateTimeToLive>(wanted).await?;
        }
    }
    Ok(())
}

async fn retag(calls: &Calls, resource: &Resource, properties: &Map<String, Value>) -> Result<()> {
    let arn = resource.attributes.get("Arn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let new = tag_map(properties);
    if tag_map(&resource.properties) == new {
        return Ok(());
    }
    let tag_keys = tags_gone(&resource.properties, properties);
    if !tag_keys.is_empty() {
        calls.call::<ops::UntagResource>(UntagResourceInput { resource_arn: arn.clone(), tag_keys }).await?;
    }
    let tags: Vec<Tag> = new.into_iter().map(|(key, value)| Tag { key, value }).collect();
    if !tags.is_empty() {
        calls.call::<ops::TagResource>(TagResourceInput { resource_arn: arn, tags }).await?;
    }
    Ok(())
}

/// The indexes to delete, then those to create: one to a call, as DynamoDB wants it.
fn index_updates(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Value> {
    let indexes = |properties: &Map<String, Value>| -> Vec<Value> {
        properties.get("GlobalSecondaryIndexes").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let (old, new) = (indexes(old), indexes(new));
    let gone = old.iter().filter(|index| !new.contains(index));
    let deletes = gone.map(|index| json!({"Delete": {"IndexName": index["IndexName"]}}));
    let creates = new.iter().filter(|index| !old.contains(index)).map(|index| json!({"Create": index}));
    deletes.chain(creates).collect()
}
