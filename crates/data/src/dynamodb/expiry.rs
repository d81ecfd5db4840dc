//! Items that expire: an entry by their time for each, and a job that removes those whose time came.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Cx, Direction, Job, JobEnd, Result, RunJob, ServeCx};
use updraft_lang::dynamodb::{Item, Number, Value};
use updraft_types::Scope;

use super::DynamoDb;
use super::codec::StoredItem;
use super::forget::SweepTable;
use super::items;
use super::keys::{ITEMS, ItemKey, key_of};
use super::model::{TABLES, TableRecord};

/// The number of the entries' index, which no secondary index ever gets.
const EXPIRY_INDEX: u32 = u32::MAX;
/// How often a table's items are looked at. AWS takes up to days ("Using time to live (TTL) in
/// DynamoDB", DynamoDB Developer Guide, read 2026-11).
const PAUSE: Duration = Duration::from_secs(60);
/// How many items one transaction removes.
const STEP_ITEMS: usize = 500;
/// "The timestamp must not be older than five years" (same source): such items stay.
const AGE_SECS_MAX: u64 = 5 * 366 * 86_400;

/// The key of an item's entry; none if the item does not expire.
fn entry(scope: &Scope, table: &TableRecord, item: &Item) -> Option<ItemKey> {
    let time = item.get(table.time_to_live.as_deref()?).filter(|value| matches!(value, Value::N(_)))?;
    let key = ItemKey::of_index(scope, table, EXPIRY_INDEX).with(time);
    Some(table.keys.names().filter_map(|name| item.get(name)).fold(key, ItemKey::with))
}

/// Replaces an item's entry when the item is replaced.
pub(super) fn replace_entry(
    cx: &mut Cx<'_>,
    table: &TableRecord,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Result<()> {
    let scope = cx.scope().clone();
    let before = old.and_then(|item| entry(&scope, table, item));
    let after = new.and_then(|item| Some((entry(&scope, table, item)?, key_of(&table.keys, item))));
    if let Some(key) = before {
        ITEMS.delete(cx, &key);
    }
    if let Some((key, item)) = after {
        ITEMS.put(cx, &key, &StoredItem(item))?;
    }
    Ok(())
}

/// Switches expiry on: the items that are there get their entries, and the job begins.
pub(super) fn begin(cx: &mut Cx<'_>, table: &TableRecord) -> Result<()> {
    let prefix = ItemKey::of_index(cx.scope(), table, 0);
    let mut after = None;
    loop {
        let page = ITEMS.page(cx, &prefix, after.as_ref(), Direction::Forward, STEP_ITEMS)?;
        for (_, stored) in &page.entries {
            replace_entry(cx, table, None, Some(&stored.0))?;
        }
        match page.entries.into_iter().next_back() {
            Some((last, _)) if page.more => after = Some(last),
            _ => break,
        }
    }
    let job = ExpireItems { table: table.name.to_string(), change: table.time_to_live_changes };
    let at = cx.now();
    Ok(cx.schedule(at, &job)?)
}

/// Switches expiry off: the entries go.
pub(super) fn end(cx: &mut Cx<'_>, table: &TableRecord) -> Result<()> {
    let at = cx.now();
    Ok(cx.schedule(at, &SweepTable { id: table.id.clone(), index: Some(EXPIRY_INDEX) })?)
}

/// Removes the items of a table whose time came, for as long as they expire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ExpireItems {
    table: String,
    /// The change that began this; a later one has a job of its own.
    change: u32,
}

impl Job for ExpireItems {
    const KIND: &'static str = "dynamodb.expire_items";
}

impl RunJob<ExpireItems> for DynamoDb {
    async fn run(&self, cx: ServeCx, job: ExpireItems) -> Result<JobEnd<ExpireItems>> {
        let step = job.clone();
        let more = cx.transact(move |cx| expire_some(cx, &step)).await?;
        Ok(match more {
            None => JobEnd::Done,
            Some(true) => JobEnd::Again(cx.now(), job),
            Some(false) => JobEnd::Again(cx.now().plus(PAUSE), job),
        })
    }
}

/// Removes some items; whether more have expired, or none if the table's items expire no more.
fn expire_some(cx: &mut Cx<'_>, job: &ExpireItems) -> Result<Option<bool>> {
    let scope = cx.scope().clone();
    let table = TABLES.get(cx, &(scope.clone(), job.table.clone()))?;
    let current =
        |table: &TableRecord| table.time_to_live.is_some() && table.time_to_live_changes == job.change;
    let Some(table) = table.filter(current) else { return Ok(None) };
    let now = u64::try_from(cx.now().millis() / 1_000).unwrap_or(0);
    let at =
        |seconds: u64| ItemKey::of_index(&scope, &table, EXPIRY_INDEX).with(&Value::N(Number::from(seconds)));
    let scan = ITEMS.between(&at(now.saturating_sub(AGE_SECS_MAX)), &at(now).successor(), Direction::Forward);
    let mut due = Vec::new();
    ITEMS.visit(cx, &scan, |_, stored| {
        due.push(stored.0);
        if due.len() < STEP_ITEMS {
            std::ops::ControlFlow::Continue(())
        } else {
            std::ops::ControlFlow::Break(())
        }
    })?;
    for key in &due {
        let item = items::find(cx, &scope, &table, key)?;
        items::replace(cx, &table, item.as_ref(), None)?;
    }
    Ok(Some(due.len() == STEP_ITEMS))
}
