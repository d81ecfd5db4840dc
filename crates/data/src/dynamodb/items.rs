//! Items read and written, their index entries and the table's statistics with them.

use updraft_kernel::{Cx, Fault, Read, Result};
use updraft_lang::dynamodb::{Item, Projection, item_size};
use updraft_types::Scope;

use super::capacity::{Consumed, write_units};
use super::codec::StoredItem;
use super::expiry;
use super::keys::{self, ITEMS};
use super::model::{IndexRecord, STATS, TableRecord};
use super::refusals::validation;

/// "The maximum item size in DynamoDB is 400 KB" (DynamoDB Developer Guide, Quotas, read 2026-11).
pub(super) const ITEM_BYTES_MAX: usize = 400 * 1_024;

/// The item of that key.
pub(super) fn find(
    read: &(impl Read + ?Sized),
    scope: &Scope,
    table: &TableRecord,
    key: &Item,
) -> std::result::Result<Option<Item>, Fault> {
    Ok(ITEMS.get(read, &keys::primary(scope, table, key))?.map(|stored| stored.0))
}

/// Refuses an item that is too large.
pub(super) fn check_size(item: &Item, what: &str) -> Result<()> {
    if item_size(item) > ITEM_BYTES_MAX {
        return Err(validation(format!("{what} has exceeded the maximum allowed size")).into());
    }
    Ok(())
}

/// Replaces an item by another of the same key, or by none, in the table and its indexes.
pub(super) fn replace(
    cx: &mut Cx<'_>,
    table: &TableRecord,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Result<Consumed> {
    let scope = cx.scope().clone();
    let Some(either) = new.or(old) else {
        return Ok(Consumed { table: 1.0, ..Consumed::default() });
    };
    let key = keys::primary(&scope, table, either);
    match new {
        Some(item) => ITEMS.put(cx, &key, &StoredItem(item.clone()))?,
        None => ITEMS.delete(cx, &key),
    }
    let size = |item: Option<&Item>| item.map_or(0, item_size);
    let mut consumed = Consumed { table: write_units(size(old), size(new)), ..Consumed::default() };
    for index in &table.indexes {
        let units = replace_entry(cx, &scope, table, index, old, new)?;
        if units > 0.0 {
            consumed.indexes.insert(index.name.clone(), units);
        }
    }
    expiry::replace_entry(cx, table, old, new)?;
    count(cx, &scope, table, old, new)?;
    Ok(consumed)
}

/// Replaces an item's entry in one index; the units that took.
fn replace_entry(
    cx: &mut Cx<'_>,
    scope: &Scope,
    table: &TableRecord,
    index: &IndexRecord,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Result<f64> {
    let entry = |item: Option<&Item>| {
        let item = item?;
        Some((keys::entry(scope, table, index, item)?, projected(table, index, item)))
    };
    let (before, after) = (entry(old), entry(new));
    if before == after {
        return Ok(0.0);
    }
    let size = |entry: &Option<(_, Item)>| entry.as_ref().map_or(0, |(_, item)| item_size(item));
    let (size_before, size_after) = (size(&before), size(&after));
    let moved = match (&before, &after) {
        (Some((a, _)), Some((b, _))) => a != b,
        _ => false,
    };
    if let Some((key, _)) = before {
        ITEMS.delete(cx, &key);
    }
    if let Some((key, item)) = after {
        ITEMS.put(cx, &key, &StoredItem(item))?;
    }
    // An entry whose key changes is removed and written: two writes.
    Ok(if moved {
        write_units(size_before, 0) + write_units(0, size_after)
    } else {
        write_units(size_before, size_after)
    })
}

/// What an index has of an item.
fn projected(table: &TableRecord, index: &IndexRecord, item: &Item) -> Item {
    match index.attributes(table) {
        Some(names) => Projection::of_attributes(names).apply(item),
        None => item.clone(),
    }
}

/// Writes the entry of an item that is there already in a new index.
pub(super) fn add_entry(
    cx: &mut Cx<'_>,
    table: &TableRecord,
    index: &IndexRecord,
    item: &Item,
) -> Result<()> {
    let scope = cx.scope().clone();
    if let Some(key) = keys::entry(&scope, table, index, item) {
        ITEMS.put(cx, &key, &StoredItem(projected(table, index, item)))?;
    }
    Ok(())
}

fn count(
    cx: &mut Cx<'_>,
    scope: &Scope,
    table: &TableRecord,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Result<()> {
    let mut stats = table.stats(cx, scope)?;
    if let Some(old) = old {
        stats.items = stats.items.saturating_sub(1);
        stats.bytes = stats.bytes.saturating_sub(item_size(old) as u64);
    }
    if let Some(new) = new {
        stats.items += 1;
        stats.bytes += item_size(new) as u64;
    }
    Ok(STATS.put(cx, &(scope.clone(), table.id.clone()), &stats)?)
}
