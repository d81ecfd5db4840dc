//! `UpdateTable`: changes a table's capacity, indexes and settings.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::forget::SweepTable;
use crate::dynamodb::keys::{ITEMS, ItemKey};
use crate::dynamodb::model::{self, IndexRecord, TABLES, TableRecord, Throughput};
use crate::dynamodb::refusals::{invalid, no_such_resource};
use crate::dynamodb::{describe, items, schema};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::Direction;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UpdateTable> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::UpdateTableInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:UpdateTable", &input.table_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateTableInput) -> Result<api::UpdateTableOutput> {
        super::refuse_unsupported(&[
            ("StreamSpecification", input.stream_specification.as_ref().is_some_and(|s| s.stream_enabled)),
            ("ReplicaUpdates", input.replica_updates.is_some()),
            ("GlobalTableWitnessUpdates", input.global_table_witness_updates.is_some()),
            ("MultiRegionConsistency", input.multi_region_consistency.is_some()),
        ])?;
        let scope = cx.scope().clone();
        let mut table = model::described_table(cx, &scope, &input.table_name)?;
        change_billing(cx, &mut table, input.billing_mode.as_ref(), input.provisioned_throughput.as_ref())?;
        if let Some(definitions) = &input.attribute_definitions {
            table.attributes = schema::definitions(definitions);
        }
        change_indexes(cx, &mut table, input.global_secondary_index_updates.unwrap_or_default())?;
        if let Some(protection) = input.deletion_protection_enabled {
            table.deletion_protection = protection;
        }
        if let Some(class) = input.table_class {
            table.infrequent_access = class == api::TableClass::StandardInfrequentAccess;
        }
        if input.sse_specification.is_some() {
            table.kms_encryption = super::encryption(input.sse_specification);
        }
        // Definitions that no key uses any more go with the index that used them.
        let used: Vec<String> = table
            .keys
            .names()
            .chain(table.indexes.iter().flat_map(|index| index.keys.names()))
            .map(str::to_owned)
            .collect();
        table.attributes.retain(|(name, _)| used.contains(name));
        TABLES.put(cx, &(scope.clone(), table.name.to_string()), &table)?;
        let shown = describe::table(cx, &scope, &table, api::TableStatus::Updating)?;
        Ok(api::UpdateTableOutput { table_description: Some(shown) })
    }
}

/// How many items of a table one step of filling an index reads.
const BACKFILL_ITEMS: usize = 1_000;

fn change_billing(
    cx: &Cx<'_>,
    table: &mut TableRecord,
    mode: Option<&api::BillingMode>,
    given: Option<&api::ProvisionedThroughput>,
) -> Result<()> {
    if mode.is_none() && given.is_none() {
        return Ok(());
    }
    let on_demand = match mode {
        Some(mode) => *mode == api::BillingMode::PayPerRequest,
        None => table.throughput.is_none(),
    };
    if !on_demand && given.is_none() && table.throughput.is_some() {
        return Ok(());
    }
    table.throughput = schema::table_throughput(on_demand, given)?;
    if on_demand {
        table.on_demand_since.get_or_insert(cx.now());
        table.indexes.iter_mut().for_each(|index| index.throughput = None);
    } else {
        table.on_demand_since = None;
    }
    Ok(())
}

fn change_indexes(
    cx: &mut Cx<'_>,
    table: &mut TableRecord,
    updates: Vec<api::GlobalSecondaryIndexUpdate>,
) -> Result<()> {
    let online = updates.iter().filter(|u| u.create.is_some() || u.delete.is_some()).count();
    if online > 1 {
        let message = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";
        return Err(api::errors::LIMIT_EXCEEDED_EXCEPTION.refuse(message).into());
    }
    for update in updates {
        if let Some(create) = update.create {
            create_index(cx, table, create)?;
        }
        if let Some(delete) = update.delete {
            let at = global(table, &delete.index_name)?;
            let gone = table.indexes.remove(at);
            let now = cx.now();
            cx.schedule(now, &SweepTable { id: table.id.clone(), index: Some(gone.number) })?;
        }
        if let Some(change) = update.update {
            let at = global(table, &change.index_name)?;
            if let Some(given) = change.provisioned_throughput {
                let (read, write) = (given.read_capacity_units, given.write_capacity_units);
                table.indexes[at].throughput = Some(Throughput { read, write });
            }
        }
    }
    Ok(())
}

/// The place of a global index among the table's.
fn global(table: &TableRecord, name: &str) -> Result<usize> {
    let found = table.indexes.iter().position(|index| index.global && index.name == name);
    found.ok_or_else(|| no_such_resource().into())
}

fn create_index(
    cx: &mut Cx<'_>,
    table: &mut TableRecord,
    create: api::CreateGlobalSecondaryIndexAction,
) -> Result<()> {
    if table.index(&create.index_name).is_some() {
        let message = format!("Duplicate index name: {}", create.index_name);
        return Err(invalid(message).into());
    }
    let wire = api::GlobalSecondaryIndex {
        index_name: create.index_name,
        key_schema: create.key_schema,
        projection: create.projection,
        provisioned_throughput: create.provisioned_throughput,
        on_demand_throughput: create.on_demand_throughput,
        warm_throughput: create.warm_throughput,
    };
    let on_demand = table.throughput.is_none();
    let mut index = schema::global_index(&wire, on_demand, &table.attributes)?;
    index.number = table.next_index;
    table.next_index += 1;
    table.indexes.push(index.clone());
    schema::check_indexes(&mut table.indexes)?;
    fill_index(cx, table, &index)
}

/// Writes the entries of the items that are there already. Those whose index keys are of another
/// type stay out, as they do on AWS.
fn fill_index(cx: &mut Cx<'_>, table: &TableRecord, index: &IndexRecord) -> Result<()> {
    let prefix = ItemKey::of_index(cx.scope(), table, 0);
    let mut after = None;
    loop {
        let page = ITEMS.page(cx, &prefix, after.as_ref(), Direction::Forward, BACKFILL_ITEMS)?;
        for (_, stored) in &page.entries {
            let fits = |name: &str| stored.0.get(name).is_none_or(|v| Some(v.kind()) == table.kind(name));
            if index.keys.names().all(fits) {
                items::add_entry(cx, table, index, &stored.0)?;
            }
        }
        match page.entries.into_iter().next_back() {
            Some((last, _)) if page.more => after = Some(last),
            _ => return Ok(()),
        }
    }
}
