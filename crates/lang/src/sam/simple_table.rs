//! `AWS::Serverless::SimpleTable`.

use serde_json::{Map, Value, json};

use super::{Output, properties};

const KNOWN: [&str; 6] = [
    "PrimaryKey",
    "ProvisionedThroughput",
    "TableName",
    "Tags",
    "SSESpecification",
    "PointInTimeRecoverySpecification",
];

pub(crate) fn transform(output: &mut Output, id: &str, source: &Map<String, Value>) -> Result<(), String> {
    let given = properties(source);
    if let Some(unknown) = given.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!(
            "property {unknown} not defined for resource of type AWS::Serverless::SimpleTable"
        ));
    }
    let key = given.get("PrimaryKey");
    let name = key.and_then(|key| key.get("Name")).cloned().unwrap_or_else(|| json!("id"));
    let kind = match key.and_then(|key| key.get("Type")).and_then(Value::as_str) {
        None | Some("String") => "S",
        Some("Number") => "N",
        Some("Binary") => "B",
        Some(other) => {
            return Err(format!(
                "'PrimaryKey' is missing required Property 'Type' or has the unknown type {other}."
            ));
        }
    };
    let mut table = Map::new();
    table.insert("AttributeDefinitions".into(), json!([{"AttributeName": name, "AttributeType": kind}]));
    table.insert("KeySchema".into(), json!([{"AttributeName": name, "KeyType": "HASH"}]));
    match given.get("ProvisionedThroughput") {
        Some(throughput) => table.insert("ProvisionedThroughput".into(), throughput.clone()),
        None => table.insert("BillingMode".into(), json!("PAY_PER_REQUEST")),
    };
    for name in ["TableName", "SSESpecification", "PointInTimeRecoverySpecification"] {
        if let Some(value) = given.get(name) {
            table.insert(name.into(), value.clone());
        }
    }
    if let Some(Value::Object(tags)) = given.get("Tags") {
        let list: Vec<_> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        table.insert("Tags".into(), Value::Array(list));
    }
    output.add(id, "AWS::DynamoDB::Table", table, source);
    for attribute in ["DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata"] {
        if let Some(value) = source.get(attribute) {
            output.set(id, attribute, value.clone());
        }
    }
    Ok(())
}
