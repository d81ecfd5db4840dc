//! `AWS::Serverless::SimpleTable`.

use serde_json::{Value, json};

use super::intrinsics::given;
use super::made::{Attributes, Made, tag_list};
use super::problem::Fail;
use super::properties::{self, Property, any, checked, is_map_of, is_text_or_map, map};

const PROPERTIES: [Property; 6] = [
    any("PointInTimeRecoverySpecification"),
    checked("PrimaryKey", |value| is_map_of(value, Value::is_string)),
    checked("ProvisionedThroughput", |value| is_map_of(value, |value| value.is_i64() || value.is_object())),
    checked("TableName", is_text_or_map),
    map("Tags"),
    map("SSESpecification"),
];

pub(crate) fn transform(id: &str, resource: &Value) -> Result<Vec<Made>, Fail> {
    let table = properties::check(&properties::of(resource), &PROPERTIES, super::SIMPLE_TABLE)?;
    let mut made = Made::main(id, "AWS::DynamoDB::Table", &Attributes::of(resource));
    let (name, kind) = key(given(&table, "PrimaryKey"))?;
    made.set("AttributeDefinitions", json!([{"AttributeName": name, "AttributeType": kind}]));
    made.set("KeySchema", json!([{"AttributeName": name, "KeyType": "HASH"}]));
    match given(&table, "ProvisionedThroughput") {
        Some(throughput) => made.set("ProvisionedThroughput", throughput.clone()),
        None => made.set("BillingMode", "PAY_PER_REQUEST"),
    }
    for property in ["PointInTimeRecoverySpecification", "SSESpecification", "TableName"] {
        made.set_given(property, given(&table, property));
    }
    if let Some(tags) = given(&table, "Tags") {
        made.set("Tags", tag_list(Some(tags)));
    }
    Ok(vec![made])
}

/// The key's name and its type as DynamoDB names it.
fn key(given: Option<&Value>) -> Result<(Value, &'static str), Fail> {
    let Some(key) = given else { return Ok((json!("id"), "S")) };
    let part = |name: &str| key.get(name).ok_or_else(|| format!("Property 'PrimaryKey.{name}' is required."));
    let (name, kind) = (part("Name")?, part("Type")?);
    let kind = match kind.as_str() {
        Some("String") => "S",
        Some("Number") => "N",
        Some("Binary") => "B",
        _ => return Err(format!("Invalid 'Type' \"{}\".", kind.as_str().unwrap_or_default()).into()),
    };
    Ok((name.clone(), kind))
}
