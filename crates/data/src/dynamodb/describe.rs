//! Tables as `DescribeTable` shows them.

use updraft_api::dynamodb as api;
use updraft_kernel::{Fault, Read};
use updraft_types::{Resource, Scope};

use super::model::{IndexRecord, Keys, Projected, TableRecord, Throughput};

/// The description of a table. Changes are done when they are answered, so its status is the one
/// given only in that answer.
pub(super) fn table(
    read: &(impl Read + ?Sized),
    scope: &Scope,
    table: &TableRecord,
    status: api::TableStatus,
) -> Result<api::TableDescription, Fault> {
    let stats = table.stats(read, scope)?;
    let locals: Vec<_> = table.indexes.iter().filter(|i| !i.global).map(|i| local(scope, table, i)).collect();
    let globals: Vec<_> =
        table.indexes.iter().filter(|i| i.global).map(|i| global(scope, table, i)).collect();
    let attribute = |(name, kind): &(String, String)| api::AttributeDefinition {
        attribute_name: name.clone(),
        attribute_type: kind.as_str().into(),
    };
    let billing = table.on_demand_since.map(|since| api::BillingModeSummary {
        billing_mode: Some(api::BillingMode::PayPerRequest),
        last_update_to_pay_per_request_date_time: Some(since),
    });
    let class = table.infrequent_access.then_some(api::TableClassSummary {
        table_class: Some(api::TableClass::StandardInfrequentAccess),
        last_update_date_time: None,
    });
    let encryption = table.kms_encryption.as_ref().map(|key| api::SSEDescription {
        status: Some(api::SSEStatus::Enabled),
        sse_type: Some(api::SSEType::Kms),
        kms_master_key_arn: key.clone(),
        inaccessible_encryption_date_time: None,
    });
    Ok(api::TableDescription {
        attribute_definitions: Some(table.attributes.iter().map(attribute).collect()),
        table_name: Some(table.name.to_string()),
        key_schema: Some(key_schema(&table.keys)),
        table_status: Some(status),
        creation_date_time: Some(table.created),
        provisioned_throughput: Some(provisioned(table.throughput)),
        table_size_bytes: i64::try_from(stats.bytes).ok(),
        item_count: i64::try_from(stats.items).ok(),
        table_arn: Some(table.name.arn(scope).to_string()),
        table_id: Some(table.id.clone()),
        billing_mode_summary: billing,
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        sse_description: encryption,
        table_class_summary: class,
        deletion_protection_enabled: Some(table.deletion_protection),
        ..Default::default()
    })
}

fn key_schema(keys: &Keys) -> Vec<api::KeySchemaElement> {
    let element = |name: &str, key_type| api::KeySchemaElement { attribute_name: name.to_owned(), key_type };
    let range = keys.range.as_deref().map(|name| element(name, api::KeyType::Range));
    std::iter::once(element(&keys.hash, api::KeyType::Hash)).chain(range).collect()
}

/// On demand both units are 0 ("TableDescription", DynamoDB API reference, read 2026-11).
fn provisioned(throughput: Option<Throughput>) -> api::ProvisionedThroughputDescription {
    api::ProvisionedThroughputDescription {
        number_of_decreases_today: Some(0),
        read_capacity_units: Some(throughput.map_or(0, |t| t.read)),
        write_capacity_units: Some(throughput.map_or(0, |t| t.write)),
        ..Default::default()
    }
}

fn projection(projected: &Projected) -> api::Projection {
    let (kind, names) = match projected {
        Projected::All => (api::ProjectionType::All, None),
        Projected::Keys => (api::ProjectionType::KeysOnly, None),
        Projected::Include(names) => (api::ProjectionType::Include, Some(names.clone())),
    };
    api::Projection { projection_type: Some(kind), non_key_attributes: names }
}

fn local(scope: &Scope, table: &TableRecord, index: &IndexRecord) -> api::LocalSecondaryIndexDescription {
    api::LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.keys)),
        projection: Some(projection(&index.projected)),
        index_arn: Some(table.name.index_arn(scope, &index.name).to_string()),
        ..Default::default()
    }
}

fn global(scope: &Scope, table: &TableRecord, index: &IndexRecord) -> api::GlobalSecondaryIndexDescription {
    api::GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(key_schema(&index.keys)),
        projection: Some(projection(&index.projected)),
        index_status: Some(api::IndexStatus::Active),
        provisioned_throughput: Some(provisioned(index.throughput)),
        index_arn: Some(table.name.index_arn(scope, &index.name).to_string()),
        ..Default::default()
    }
}
