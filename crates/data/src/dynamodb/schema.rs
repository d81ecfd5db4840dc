//! Schemas of tables and indexes, checked as `CreateTable` and `UpdateTable` check them.
//!
//! The messages and their order are those of DynamoDB as architect/dynalite's tests record them.

use std::collections::BTreeSet;

use updraft_api::dynamodb::{
    AttributeDefinition, BillingMode, CreateTableInput, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    LocalSecondaryIndex, Projection, ProjectionType, ProvisionedThroughput,
};
use updraft_kernel::Result;

use super::model::{IndexRecord, Keys, Projected, Throughput};
use super::refusals::{invalid, validation};

/// Global indexes of a table ("Quotas", DynamoDB Developer Guide, read 2026-11).
const GLOBAL_INDEXES_MAX: usize = 20;
/// Local indexes of a table (same source).
const LOCAL_INDEXES_MAX: usize = 5;
/// Attributes that all indexes of a table project by name (same source).
const PROJECTED_ATTRIBUTES_MAX: usize = 100;

/// A schema that was checked.
#[derive(Debug)]
pub(super) struct Schema {
    pub attributes: Vec<(String, String)>,
    pub keys: Keys,
    pub indexes: Vec<IndexRecord>,
    pub throughput: Option<Throughput>,
}

/// Checks the schema of a new table.
pub(super) fn check(input: &CreateTableInput) -> Result<Schema> {
    let on_demand = input.billing_mode == Some(BillingMode::PayPerRequest);
    let throughput = table_throughput(on_demand, input.provisioned_throughput.as_ref())?;
    let attributes = definitions(input.attribute_definitions.as_deref().unwrap_or_default());
    let key_schema = input.key_schema.as_deref().unwrap_or_default();
    if key_schema.len() > attributes.len() {
        return Err(validation("Invalid KeySchema: Some index key attribute have no definition").into());
    }
    let keys = keys(key_schema, &attributes)?;
    let locals = input.local_secondary_indexes.as_deref();
    let globals = input.global_secondary_indexes.as_deref();
    if locals.is_none() && globals.is_none() && key_schema.len() != attributes.len() {
        return Err(invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        )
        .into());
    }
    let mut indexes = Vec::new();
    if let Some(locals) = locals {
        local_indexes(locals, &keys, &attributes, &mut indexes)?;
    }
    if let Some(globals) = globals {
        if globals.is_empty() {
            return Err(invalid("List of GlobalSecondaryIndexes is empty").into());
        }
        for global in globals {
            indexes.push(global_index(global, on_demand, &attributes)?);
        }
    }
    check_indexes(&mut indexes)?;
    check_used(&attributes, &keys, &indexes)?;
    Ok(Schema { attributes, keys, indexes, throughput })
}

/// Reads attribute definitions.
pub(super) fn definitions(wire: &[AttributeDefinition]) -> Vec<(String, String)> {
    wire.iter().map(|d| (d.attribute_name.clone(), d.attribute_type.as_str().to_owned())).collect()
}

/// Checks the throughput of a table against its billing mode.
pub(super) fn table_throughput(
    on_demand: bool,
    given: Option<&ProvisionedThroughput>,
) -> Result<Option<Throughput>> {
    match (on_demand, given) {
        (true, Some(_)) => Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )
        .into()),
        (false, None) => Err(invalid(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )
        .into()),
        (_, given) => Ok(given.map(throughput)),
    }
}

fn throughput(wire: &ProvisionedThroughput) -> Throughput {
    Throughput { read: wire.read_capacity_units, write: wire.write_capacity_units }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", names.collect::<Vec<_>>().join(", "))
}

fn keys(schema: &[KeySchemaElement], attributes: &[(String, String)]) -> Result<Keys> {
    let names = || schema.iter().map(|element| element.attribute_name.as_str());
    let defined = |name: &str| attributes.iter().any(|(known, _)| known == name);
    if !names().all(defined) {
        let message = format!(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: {}, AttributeDefinitions: {}",
            listed(names()),
            listed(attributes.iter().map(|(name, _)| name.as_str()))
        );
        return Err(invalid(message).into());
    }
    let Some(first) = schema.first() else {
        return Err(validation("1 validation error detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1").into());
    };
    let second = schema.get(1);
    if second.is_some_and(|second| second.attribute_name == first.attribute_name) {
        let message = "Both the Hash Key and the Range Key element in the KeySchema have the same name";
        return Err(validation(message).into());
    }
    if first.key_type != KeyType::Hash {
        return Err(validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type").into());
    }
    if second.is_some_and(|second| second.key_type != KeyType::Range) {
        return Err(
            validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type").into()
        );
    }
    if schema.len() > 2 {
        return Err(validation("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2").into());
    }
    Ok(Keys { hash: first.attribute_name.clone(), range: second.map(|e| e.attribute_name.clone()) })
}

fn local_indexes(
    locals: &[LocalSecondaryIndex],
    table: &Keys,
    attributes: &[(String, String)],
    indexes: &mut Vec<IndexRecord>,
) -> Result<()> {
    if locals.is_empty() {
        return Err(invalid("List of LocalSecondaryIndexes is empty").into());
    }
    if table.range.is_none() {
        return Err(invalid(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        )
        .into());
    }
    for local in locals {
        let keys = keys(&local.key_schema, attributes)?;
        let name = local.index_name.clone();
        if keys.range.is_none() {
            return Err(
                invalid(format!("Index KeySchema does not have a range key for index: {name}")).into()
            );
        }
        if keys.hash != table.hash {
            let message = format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index hash key: {}, table hash key: {}",
                keys.hash, table.hash
            );
            return Err(invalid(message).into());
        }
        let projected = projected(&local.projection)?;
        indexes.push(IndexRecord { number: 0, name, global: false, keys, projected, throughput: None });
    }
    Ok(())
}

/// Checks a global index.
pub(super) fn global_index(
    global: &GlobalSecondaryIndex,
    on_demand: bool,
    attributes: &[(String, String)],
) -> Result<IndexRecord> {
    let keys = keys(&global.key_schema, attributes)?;
    let name = global.index_name.clone();
    let projected = projected(&global.projection)?;
    if on_demand && global.provisioned_throughput.is_some() {
        let message = format!(
            "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        );
        return Err(invalid(message).into());
    }
    if !on_demand && global.provisioned_throughput.is_none() {
        return Err(invalid(format!("ProvisionedThroughput must be specified for index: {name}")).into());
    }
    let throughput = global.provisioned_throughput.as_ref().map(throughput);
    Ok(IndexRecord { number: 0, name, global: true, keys, projected, throughput })
}

fn projected(wire: &Projection) -> Result<Projected> {
    let Some(kind) = &wire.projection_type else {
        return Err(invalid("Unknown ProjectionType: null").into());
    };
    let named = wire.non_key_attributes.as_ref();
    match (kind, named) {
        (ProjectionType::Include, Some(names)) => Ok(Projected::Include(names.clone())),
        (ProjectionType::Include, None) => {
            Err(invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified").into())
        }
        (_, Some(_)) => {
            let message = format!("ProjectionType is {}, but NonKeyAttributes is specified", kind.as_str());
            Err(invalid(message).into())
        }
        (ProjectionType::KeysOnly, None) => Ok(Projected::Keys),
        (_, None) => Ok(Projected::All),
    }
}

/// Checks the indexes of a table together, and numbers those that have no number yet.
pub(super) fn check_indexes(indexes: &mut [IndexRecord]) -> Result<()> {
    let mut names = BTreeSet::new();
    for index in indexes.iter() {
        if !names.insert(index.name.as_str()) {
            return Err(invalid(format!("Duplicate index name: {}", index.name)).into());
        }
    }
    let globals = indexes.iter().filter(|index| index.global).count();
    if indexes.len() - globals > LOCAL_INDEXES_MAX {
        let message =
            format!("Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES_MAX}");
        return Err(invalid(message).into());
    }
    if globals > GLOBAL_INDEXES_MAX {
        let message =
            format!("GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}");
        return Err(invalid(message).into());
    }
    let included = |index: &IndexRecord| match &index.projected {
        Projected::Include(names) => names.len(),
        _ => 0,
    };
    if indexes.iter().map(included).sum::<usize>() > PROJECTED_ATTRIBUTES_MAX {
        let message =
            format!("NonKeyAttributes count exceeds the per-table limit of {PROJECTED_ATTRIBUTES_MAX}");
        return Err(invalid(message).into());
    }
    Ok(())
}

/// Refuses attribute definitions that no key uses.
pub(super) fn check_used(
    attributes: &[(String, String)],
    keys: &Keys,
    indexes: &[IndexRecord],
) -> Result<()> {
    let used: BTreeSet<_> = keys.names().chain(indexes.iter().flat_map(|index| index.keys.names())).collect();
    let defined: BTreeSet<_> = attributes.iter().map(|(name, _)| name.as_str()).collect();
    if defined.is_subset(&used) {
        return Ok(());
    }
    let message = format!(
        "Some AttributeDefinitions are not used. AttributeDefinitions: {}, keys used: {}",
        listed(defined.into_iter()),
        listed(used.into_iter())
    );
    Err(invalid(message).into())
}
