//! Reading many items: the ranges of queries and scans, and pages of them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use updraft_api::dynamodb::{AttributeValue, Select};
use updraft_kernel::{Direction, Fault, Result, View};
use updraft_lang::dynamodb::{
    Comparator, Condition, Item, KeyCondition, KeyPredicate, Projection, Value, item_size,
};
use updraft_types::Scope;

use super::capacity::{Consistency, Consumed, read_units};
use super::items;
use super::keys::{ITEMS, ItemKey, key_of};
use super::model::{IndexRecord, Keys, TableRecord};
use super::refusals::{invalid, validation};
use super::values::{read_item, write_item};

/// "A single Query operation can retrieve a maximum of 1 MB of data", before any filter (DynamoDB
/// Developer Guide, Query, read 2026-11).
const PAGE_BYTES_MAX: usize = 1 << 20;
/// The most segments of a parallel scan ("Scan", DynamoDB API reference, read 2026-11).
const SEGMENTS_MAX: i32 = 1_000_000;

/// A range of encoded keys: from the first one to the first one past it.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub from: ItemKey,
    pub to: ItemKey,
}

impl Range {
    fn all(prefix: ItemKey) -> Self {
        Self { from: prefix.clone(), to: prefix.successor() }
    }
}

/// What is read of a table: the table itself or an index, and which of its attributes.
pub(super) struct Source<'a> {
    pub table: &'a TableRecord,
    pub index: Option<&'a IndexRecord>,
    pub consistency: Consistency,
    pub select: Selection,
}

/// What a page shows of items.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Selection {
    /// What is stored where it is read.
    Stored,
    /// The whole item, fetched from the table if an index has less.
    Whole,
    /// Some parts, fetched from the table where an index lacks them.
    Parts { projection: Projection, fetch: bool },
    /// How many there are.
    Count,
}

/// One part of a parallel scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    number: u64,
    total: u64,
}

/// A page of results.
pub(super) struct Page {
    pub items: Option<Vec<BTreeMap<String, AttributeValue>>>,
    pub count: Option<i32>,
    pub scanned: Option<i32>,
    pub last_key: Option<BTreeMap<String, AttributeValue>>,
    pub consumed: Consumed,
}

impl<'a> Source<'a> {
    /// Settles what is read, by the rules on indexes and `Select`.
    pub fn new(
        table: &'a TableRecord,
        index_name: Option<&str>,
        consistent: Option<bool>,
        select: Option<&Select>,
        projection: Option<Projection>,
    ) -> Result<Self> {
        let index =
            match index_name {
                Some(name) => Some(table.index(name).ok_or_else(|| {
                    validation(format!("The table does not have the specified index: {name}"))
                })?),
                None => None,
            };
        let global = index.filter(|index| index.global);
        if global.is_some() && consistent == Some(true) {
            return Err(validation("Consistent reads are not supported on global secondary indexes").into());
        }
        let select = selection(table, index, select, projection)?;
        Ok(Self { table, index, consistency: Consistency::of(consistent), select })
    }

    /// The key attributes of what is read.
    pub fn keys(&self) -> &'a Keys {
        self.index.map_or(&self.table.keys, |index| &index.keys)
    }

    fn prefix(&self, scope: &Scope) -> ItemKey {
        ItemKey::of_index(scope, self.table, self.index.map_or(0, |index| index.number))
    }

    /// The range of everything.
    pub fn everything(&self, scope: &Scope) -> Range {
        Range::all(self.prefix(scope))
    }

    /// The range of a query.
    pub fn range(&self, scope: &Scope, condition: &KeyCondition) -> Result<Range> {
        let keys = self.keys();
        let find = |name: &str| condition.0.iter().find(|(known, _)| known == name).map(|(_, p)| p);
        let missed =
            |name: &str| Err(validation(format!("Query condition missed key schema element: {name}")).into());
        let unsupported = || Err(validation("Query key condition not supported").into());
        let Some(hash) = find(&keys.hash) else { return missed(&keys.hash) };
        self.check_values(&keys.hash, hash)?;
        let KeyPredicate::Compare(Comparator::Equal, hash) = hash else { return unsupported() };
        let partition = self.prefix(scope).with(hash);
        if condition.0.len() < 2 {
            return Ok(Range::all(partition));
        }
        let Some(name) = &keys.range else { return unsupported() };
        let Some(predicate) = find(name) else { return missed(name) };
        self.check_values(name, predicate)?;
        let at = |value: &Value| partition.clone().with(value);
        let end = partition.clone().successor();
        Ok(match predicate {
            KeyPredicate::Compare(comparator, value) => match comparator {
                Comparator::Less => Range { from: partition.clone(), to: at(value) },
                Comparator::LessOrEqual => Range { from: partition.clone(), to: at(value).successor() },
                Comparator::Greater => Range { from: at(value).successor(), to: end },
                Comparator::GreaterOrEqual => Range { from: at(value), to: end },
                Comparator::Equal | Comparator::NotEqual => Range::all(at(value)),
            },
            KeyPredicate::Between(low, high) => Range { from: at(low), to: at(high).successor() },
            KeyPredicate::BeginsWith(start) => Range::all(partition.with_start(start)),
        })
    }

    fn check_values(&self, name: &str, predicate: &KeyPredicate) -> Result<()> {
        let kind = self.table.kind(name);
        if predicate.values().iter().any(|value| Some(value.kind()) != kind) {
            return Err(invalid("Condition parameter type does not match schema type").into());
        }
        Ok(())
    }

    /// Moves the start of a range past the last key of the page before.
    pub fn resume(
        &self,
        scope: &Scope,
        range: &mut Range,
        direction: Direction,
        start: Option<BTreeMap<String, AttributeValue>>,
    ) -> Result<()> {
        let Some(start) = start else { return Ok(()) };
        let invalid_start =
            |problem: &str| validation(format!("The provided starting key is invalid{problem}"));
        let start = read_item(start).map_err(|problem| invalid_start(&format!(": {problem}")))?;
        let mut wanted: Vec<_> = self.table.keys.names().chain(self.keys().names()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let fits = |name: &&str| start.get(*name).map(Value::kind) == self.table.kind(name);
        if start.len() != wanted.len() || !wanted.iter().all(fits) {
            return Err(invalid_start(": The provided key element does not match the schema").into());
        }
        let mut key =
            self.keys().names().filter_map(|n| start.get(n)).fold(self.prefix(scope), ItemKey::with);
        if self.index.is_some() {
            key = self.table.keys.names().filter_map(|n| start.get(n)).fold(key, ItemKey::with);
        }
        if key < range.from || key >= range.to {
            return Err(validation(
                "The provided starting key is outside query boundaries based on provided conditions",
            )
            .into());
        }
        match direction {
            Direction::Forward => {
                key.0.push(0);
                range.from = key;
            }
            Direction::Reverse => range.to = key,
        }
        Ok(())
    }

    /// Reads a page.
    pub fn read(
        &self,
        view: &View<'_>,
        range: &Range,
        direction: Direction,
        limit: Option<i32>,
        filter: Option<&Condition>,
        segment: Option<Segment>,
    ) -> Result<Page> {
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut reading = Reading {
            source: self,
            view,
            filter,
            found: Vec::new(),
            count: 0,
            scanned: 0,
            bytes: 0,
            fetched: 0.0,
        };
        let mut last = None;
        let mut failed = None;
        let scan = ITEMS.between(&range.from, &range.to, direction);
        ITEMS.visit(view, &scan, |_, stored| {
            let item = stored.0;
            if segment.is_some_and(|segment| !segment.has(self.table, &item)) {
                return ControlFlow::Continue(());
            }
            let position = self.position(&item);
            if let Err(fault) = reading.take(item) {
                failed = Some(fault);
                return ControlFlow::Break(());
            }
            if reading.scanned >= limit || reading.bytes >= PAGE_BYTES_MAX {
                last = Some(position);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        if let Some(fault) = failed {
            return Err(fault.into());
        }
        Ok(reading.page(last))
    }

    /// The key attributes by which reading goes on after an item.
    fn position(&self, item: &Item) -> Item {
        let mut key = key_of(&self.table.keys, item);
        key.append(&mut key_of(self.keys(), item));
        key
    }
}

/// A page while it is read.
struct Reading<'a> {
    source: &'a Source<'a>,
    view: &'a View<'a>,
    filter: Option<&'a Condition>,
    found: Vec<Item>,
    count: usize,
    scanned: usize,
    bytes: usize,
    /// The units of items fetched from the table for an index that has less of them.
    fetched: f64,
}

impl Reading<'_> {
    fn take(&mut self, item: Item) -> std::result::Result<(), Fault> {
        self.scanned += 1;
        self.bytes += item_size(&item);
        let item = if self.fetches() { self.fetch(item)? } else { item };
        if self.filter.is_some_and(|filter| !filter.holds(&item)) {
            return Ok(());
        }
        self.count += 1;
        match &self.source.select {
            Selection::Count => {}
            Selection::Stored | Selection::Whole => self.found.push(item),
            Selection::Parts { projection, .. } => self.found.push(projection.apply(&item)),
        }
        Ok(())
    }

    fn fetches(&self) -> bool {
        self.source.index.is_some()
            && matches!(self.source.select, Selection::Whole | Selection::Parts { fetch: true, .. })
    }

    fn fetch(&mut self, entry: Item) -> std::result::Result<Item, Fault> {
        let whole = items::find(self.view, self.view.scope(), self.source.table, &entry)?.unwrap_or(entry);
        self.fetched += read_units(item_size(&whole), self.source.consistency);
        Ok(whole)
    }

    fn page(self, last: Option<Item>) -> Page {
        let units = read_units(self.bytes, self.source.consistency);
        let mut consumed = Consumed::default();
        match self.source.index {
            Some(index) => {
                consumed.table = self.fetched;
                consumed.indexes.insert(index.name.clone(), units);
            }
            None => consumed.table = units,
        }
        let shown = self.source.select != Selection::Count;
        Page {
            items: shown.then(|| self.found.into_iter().map(write_item).collect()),
            count: i32::try_from(self.count).ok(),
            scanned: i32::try_from(self.scanned).ok(),
            last_key: last.map(write_item),
            consumed,
        }
    }
}

/// Settles what a page shows.
fn selection(
    table: &TableRecord,
    index: Option<&IndexRecord>,
    select: Option<&Select>,
    projection: Option<Projection>,
) -> Result<Selection> {
    let refused = |message: String| Err(validation(message).into());
    let only =
        |what: &str| refused(format!("Cannot specify the ProjectionExpression when choosing to get {what}"));
    match (select, projection) {
        (Some(Select::Count), Some(_)) => only("only the Count"),
        (Some(Select::AllAttributes), Some(_)) => only("ALL_ATTRIBUTES"),
        (Some(Select::AllProjectedAttributes), Some(_)) => only("ALL_PROJECTED_ATTRIBUTES"),
        (Some(Select::Count), None) => Ok(Selection::Count),
        (Some(Select::AllProjectedAttributes), None) if index.is_none() => {
            refused("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned())
        }
        (Some(Select::SpecificAttributes), None) => refused(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
                .to_owned(),
        ),
        (Some(Select::AllAttributes), None) => match index {
            Some(index) if index.global && index.attributes(table).is_some() => {
                let message = format!(
                    "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                    index.name
                );
                Err(invalid(message).into())
            }
            Some(index) if index.attributes(table).is_some() => Ok(Selection::Whole),
            _ => Ok(Selection::Stored),
        },
        (_, Some(projection)) => parts(table, index, projection),
        (_, None) => Ok(Selection::Stored),
    }
}

fn parts(table: &TableRecord, index: Option<&IndexRecord>, projection: Projection) -> Result<Selection> {
    let Some((index, attributes)) = index.and_then(|index| Some((index, index.attributes(table)?))) else {
        return Ok(Selection::Parts { projection, fetch: false });
    };
    let lacking: Vec<_> = projection
        .paths()
        .iter()
        .map(|path| path.head.as_str())
        .filter(|head| !attributes.iter().any(|a| a == head))
        .collect();
    if index.global && !lacking.is_empty() {
        let message =
            format!("Global secondary index {} does not project [{}]", index.name, lacking.join(", "));
        return Err(invalid(message).into());
    }
    let fetch = !lacking.is_empty();
    Ok(Selection::Parts { projection, fetch })
}

impl Segment {
    /// Reads the two parameters of a parallel scan.
    pub fn new(segment: Option<i32>, total: Option<i32>) -> Result<Option<Self>> {
        let refused = |message: String| Err(validation(message).into());
        match (segment, total) {
            (None, None) => Ok(None),
            (Some(_), None) => refused(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
                    .to_owned(),
            ),
            (None, Some(_)) => refused(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
                    .to_owned(),
            ),
            (Some(segment), Some(total)) if segment >= total => refused(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
            )),
            (Some(segment), Some(total)) if segment < 0 || total > SEGMENTS_MAX => refused(format!(
                "1 validation error detected: Value '{total}' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to {SEGMENTS_MAX}"
            )),
            (Some(segment), Some(total)) => {
                Ok(Some(Self { number: u64::from(segment.unsigned_abs()), total: u64::from(total.unsigned_abs()) }))
            }
        }
    }

    /// Whether an item belongs to the segment: items of one partition stay together.
    fn has(self, table: &TableRecord, item: &Item) -> bool {
        /// FNV-1a, which spreads short keys well and stays the same over builds.
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let Some(hash) = item.get(&table.keys.hash) else { return false };
        let bytes = ItemKey(Vec::new()).with(hash).0;
        let digest =
            bytes.iter().fold(OFFSET, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(PRIME));
        digest % self.total == self.number
    }
}
