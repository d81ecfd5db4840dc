//! What is kept of tables.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Fault, Read, Record, RecordError, Result, Table, json_record};
use updraft_lang::dynamodb::Kind;
use updraft_types::dynamodb::TableName;
use updraft_types::{Arn, Resource, Scope, Timestamp};

use super::refusals::{no_such_resource, no_such_table, validation};

/// Tables by scope and name.
pub(super) const TABLES: Table<(Scope, String), TableRecord> = Table::new("dynamodb.table");
/// How much each table holds, by scope and the table's id.
pub(super) const STATS: Table<(Scope, String), Stats> = Table::new("dynamodb.stats");

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TableRecord {
    pub name: TableName,
    pub id: String,
    pub created: Timestamp,
    /// The types of key attributes, in the order given: `S`, `N` or `B`.
    pub attributes: Vec<(String, String)>,
    pub keys: Keys,
    pub indexes: Vec<IndexRecord>,
    /// The number of the next index; the table's own is 0.
    pub next_index: u32,
    pub throughput: Option<Throughput>,
    pub on_demand_since: Option<Timestamp>,
    pub deletion_protection: bool,
    pub infrequent_access: bool,
    pub kms_encryption: Option<Option<String>>,
    pub time_to_live: Option<String>,
    /// How often expiry was switched on or off: what tells its present job from former ones.
    #[serde(default)]
    pub time_to_live_changes: u32,
    pub recovery_days: Option<i32>,
    pub tags: BTreeMap<String, String>,
}

json_record!(TableRecord, 1);

/// The key attributes of a table or an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Keys {
    pub hash: String,
    pub range: Option<String>,
}

/// Provisioned capacity; none is on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Throughput {
    pub read: i64,
    pub write: i64,
}

/// A secondary index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexRecord {
    pub number: u32,
    pub name: String,
    pub global: bool,
    pub keys: Keys,
    pub projected: Projected,
    pub throughput: Option<Throughput>,
}

/// Which attributes an index has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Projected {
    All,
    Keys,
    Include(Vec<String>),
}

/// How much a table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stats {
    pub items: u64,
    pub bytes: u64,
}

impl Record for Stats {
    fn encode(&self) -> std::result::Result<Vec<u8>, RecordError> {
        Ok([&[1][..], &self.items.to_be_bytes(), &self.bytes.to_be_bytes()].concat())
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, RecordError> {
        let malformed = || RecordError::Malformed(None);
        let Some((1, rest)) = bytes.split_first() else { return Err(malformed()) };
        let (items, bytes) = rest.split_at_checked(8).ok_or_else(malformed)?;
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| malformed());
        Ok(Self { items: number(items)?, bytes: number(bytes)? })
    }
}

impl Keys {
    /// The key attributes, the hash key first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.hash.as_str()), self.range.as_deref()].into_iter().flatten()
    }
}

impl TableRecord {
    /// The type of a key attribute.
    pub fn kind(&self, attribute: &str) -> Option<Kind> {
        let (_, kind) = self.attributes.iter().find(|(name, _)| name == attribute)?;
        Kind::of_name(kind)
    }

    /// The index of that name.
    pub fn index(&self, name: &str) -> Option<&IndexRecord> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// How much the table holds.
    pub fn stats(&self, read: &(impl Read + ?Sized), scope: &Scope) -> std::result::Result<Stats, Fault> {
        Ok(STATS.get(read, &(scope.clone(), self.id.clone()))?.unwrap_or_default())
    }
}

impl IndexRecord {
    /// The attributes of an item that an index entry has, the table's keys among them; none for all.
    pub fn attributes(&self, table: &TableRecord) -> Option<Vec<String>> {
        let further: &[String] = match &self.projected {
            Projected::All => return None,
            Projected::Keys => &[],
            Projected::Include(names) => names,
        };
        let mut names: Vec<_> = table.keys.names().chain(self.keys.names()).map(str::to_owned).collect();
        names.extend_from_slice(further);
        names.sort();
        names.dedup();
        Some(names)
    }
}

/// Reads a table's name, or its ARN in the caller's account and region.
pub(super) fn table_name(scope: &Scope, text: &str) -> Result<TableName> {
    if let Ok(arn) = text.parse::<Arn>() {
        let named = TableName::of_arn(&arn);
        let own = named.filter(|(account, region, _)| (*account, region) == (scope.account, &scope.region));
        return own.map(|(_, _, name)| name).ok_or_else(|| no_such_resource().into());
    }
    text.parse().map_err(|_| {
        let message = if updraft_types::dynamodb::NAME_LENGTHS.contains(&text.len()) {
            format!(
                "1 validation error detected: Value '{text}' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            )
        } else {
            "TableName must be at least 3 characters long and at most 255 characters long".to_owned()
        };
        validation(message).into()
    })
}

/// The ARN of a table that a request names.
pub(super) fn table_arn(scope: &Scope, text: &str) -> Result<Arn> {
    Ok(table_name(scope, text)?.arn(scope))
}

/// The table a data operation names.
pub(super) fn table(read: &(impl Read + ?Sized), scope: &Scope, text: &str) -> Result<TableRecord> {
    let name = table_name(scope, text)?;
    let found = TABLES.get(read, &(scope.clone(), name.to_string()))?;
    found.ok_or_else(|| no_such_resource().into())
}

/// The table that an operation on tables names.
pub(super) fn described_table(read: &(impl Read + ?Sized), scope: &Scope, text: &str) -> Result<TableRecord> {
    let name = table_name(scope, text)?;
    let found = TABLES.get(read, &(scope.clone(), name.to_string()))?;
    found.ok_or_else(|| no_such_table(name.as_str()).into())
}
