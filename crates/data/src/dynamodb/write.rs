//! One write of one item: read it, check the condition, change it. The single operations and the
//! transactions are made of these.

use std::collections::BTreeMap;

use updraft_api::dynamodb::{
    AttributeValue, ItemCollectionMetrics, ReturnItemCollectionMetrics, ReturnValuesOnConditionCheckFailure,
};
use updraft_kernel::{Cx, Error, Result};
use updraft_lang::dynamodb::{Condition, Item, Update};

use super::capacity::Consumed;
use super::items;
use super::keys::{check_index_keys, check_item_keys, check_key, key_of};
use super::model::TableRecord;
use super::refusals::{condition_failed, invalid, validation};
use super::values::{read_item, write_item};

/// What a write does to its item.
#[derive(Debug)]
pub(super) enum Change {
    /// Puts this item there.
    Put(Item),
    /// Removes what is there.
    Delete,
    /// Changes what is there, or begins an item; without an expression just the key is there.
    Update(Option<Update>),
    /// Changes nothing: a condition only.
    Check,
}

/// A write of one item.
#[derive(Debug)]
pub(super) struct Write {
    pub key: Item,
    pub change: Change,
    pub condition: Option<Condition>,
    pub show_item_on_failure: bool,
}

/// What a write found and left.
#[derive(Debug)]
pub(super) struct Written {
    pub old: Option<Item>,
    pub new: Option<Item>,
    pub consumed: Consumed,
}

/// A write that was decided and not yet done.
pub(super) struct Decided {
    old: Option<Item>,
    new: Option<Item>,
    changes: bool,
}

/// Whether the caller wants the item when the condition fails.
pub(super) fn shows_item(wanted: Option<&ReturnValuesOnConditionCheckFailure>) -> bool {
    wanted == Some(&ReturnValuesOnConditionCheckFailure::AllOld)
}

/// Reads and checks an item to be put, and takes its key.
pub(super) fn put_item(table: &TableRecord, wire: BTreeMap<String, AttributeValue>) -> Result<(Item, Item)> {
    let item = read_item(wire).map_err(validation)?;
    check_item_keys(table, &item)?;
    items::check_size(&item, "Item size")?;
    Ok((key_of(&table.keys, &item), item))
}

/// Reads and checks a key.
pub(super) fn key(table: &TableRecord, wire: BTreeMap<String, AttributeValue>) -> Result<Item> {
    let key = read_item(wire).map_err(validation)?;
    check_key(table, &key)?;
    Ok(key)
}

/// Refuses an update of key attributes.
pub(super) fn check_update(table: &TableRecord, update: &Update) -> Result<()> {
    for path in update.paths() {
        let in_index = table.indexes.iter().any(|index| index.keys.names().any(|name| name == path.head));
        let in_table = table.keys.names().any(|name| name == path.head);
        if !path.tail.is_empty() && (in_table || in_index) {
            let what = if in_table { "Key" } else { "IndexKey" };
            return Err(validation(format!(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {what}: {}",
                path.head
            ))
            .into());
        }
        if in_table {
            let message = format!("Cannot update attribute {}. This attribute is part of the key", path.head);
            return Err(invalid(message).into());
        }
    }
    Ok(())
}

impl Write {
    /// Reads the item and decides what becomes of it.
    pub fn decide(&self, cx: &Cx<'_>, table: &TableRecord) -> Result<Decided> {
        let old = items::find(cx, cx.scope(), table, &self.key)?;
        let empty = Item::new();
        let holds = |condition: &Condition| condition.holds(old.as_ref().unwrap_or(&empty));
        if !self.condition.as_ref().is_none_or(holds) {
            let shown = old.as_ref().filter(|_| self.show_item_on_failure);
            return Err(condition_failed(shown).into());
        }
        let new = match &self.change {
            Change::Put(item) => Some(item.clone()),
            Change::Delete => None,
            Change::Check => old.clone(),
            Change::Update(update) => {
                let mut item = old.clone().unwrap_or_else(|| self.key.clone());
                if let Some(update) = update {
                    update.apply(&mut item).map_err(|error| validation(error.to_string()))?;
                }
                check_updated(table, &item)?;
                Some(item)
            }
        };
        Ok(Decided { old, new, changes: !matches!(self.change, Change::Check) })
    }
}

/// Checks what an update made of an item.
fn check_updated(table: &TableRecord, item: &Item) -> Result<()> {
    items::check_size(item, "Item size to update")?;
    check_index_keys(table, item).map_err(|error| match error {
        Error::Refused(refusal) if refusal.message.contains("Type mismatch for Index Key") => validation(
            "The update expression attempted to update the secondary index key to unsupported type",
        )
        .into(),
        other => other,
    })
}

impl Decided {
    /// Does what was decided.
    pub fn apply(self, cx: &mut Cx<'_>, table: &TableRecord) -> Result<Written> {
        let Self { old, new, changes } = self;
        let consumed = if changes {
            items::replace(cx, table, old.as_ref(), new.as_ref())?
        } else {
            Consumed { table: 1.0, ..Consumed::default() }
        };
        Ok(Written { old, new, consumed })
    }
}

/// The item collection that a write touched, for tables that have local indexes.
pub(super) fn collection_metrics(
    table: &TableRecord,
    key: &Item,
    wanted: Option<&ReturnItemCollectionMetrics>,
) -> Option<ItemCollectionMetrics> {
    let local = table.indexes.iter().any(|index| !index.global);
    if !local || wanted != Some(&ReturnItemCollectionMetrics::Size) {
        return None;
    }
    let hash = key.get(&table.keys.hash)?.clone();
    Some(ItemCollectionMetrics {
        item_collection_key: Some(write_item(Item::from([(table.keys.hash.clone(), hash)]))),
        // AWS gives a range of a gigabyte around its estimate; collections here are smaller.
        size_estimate_range_gb: Some(vec![0.0, 1.0]),
    })
}
