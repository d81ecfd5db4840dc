//! Primary and index keys: read from items, checked, and encoded so that they sort.

use updraft_kernel::{Key, KeyError, Result, Table};
use updraft_lang::dynamodb::{Item, Kind, Value};
use updraft_types::Scope;

use super::codec::StoredItem;
use super::model::{IndexRecord, Keys, TableRecord};
use super::refusals::{invalid, key_mismatch, validation};

/// "The maximum length of a partition key value is 2048 bytes" (DynamoDB Developer Guide, Quotas,
/// read 2026-11).
const HASH_KEY_BYTES_MAX: usize = 2_048;
/// "The maximum length of a sort key value is 1024 bytes" (same source).
const RANGE_KEY_BYTES_MAX: usize = 1_024;

/// Items and index entries under their encoded keys.
pub(super) const ITEMS: Table<ItemKey, StoredItem> = Table::new("dynamodb.item");

/// An encoded key: scope, table, index, hash key, range key, and for an index the table's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemKey(pub Vec<u8>);

impl Key for ItemKey {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    /// It is always the whole of a key, so it takes all there is.
    fn decode(input: &mut &[u8]) -> std::result::Result<Self, KeyError> {
        Ok(Self(std::mem::take(input).to_vec()))
    }
}

impl ItemKey {
    /// What all keys of a table, with its indexes, begin with.
    pub fn of_table_id(scope: &Scope, id: &str) -> Self {
        let mut bytes = Vec::with_capacity(128);
        scope.encode(&mut bytes);
        id.to_owned().encode(&mut bytes);
        Self(bytes)
    }

    /// What all keys of an index begin with; 0 is the table itself.
    pub fn of_index(scope: &Scope, table: &TableRecord, index: u32) -> Self {
        let mut key = Self::of_table_id(scope, &table.id);
        index.encode(&mut key.0);
        key
    }

    /// The key with one more value.
    #[must_use]
    pub fn with(mut self, value: &Value) -> Self {
        encode_value(value, &mut self.0);
        self
    }

    /// The key with the beginning of a value, for values that begin with it.
    #[must_use]
    pub fn with_start(mut self, value: &Value) -> Self {
        encode_value(value, &mut self.0);
        if matches!(value, Value::S(_) | Value::B(_)) {
            self.0.truncate(self.0.len() - TERMINATOR_BYTES);
        }
        self
    }

    /// The first key past all that begin with this one.
    #[must_use]
    pub fn successor(mut self) -> Self {
        // The scope's digits stand in front, so there always is a byte to raise.
        while let Some(last) = self.0.pop() {
            if last < 0xff {
                self.0.push(last + 1);
                break;
            }
        }
        self
    }
}

/// How many bytes end an encoded text.
const TERMINATOR_BYTES: usize = 2;

/// Encodes a key's value. The schema fixes its type, so none is written.
fn encode_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::S(text) => text.clone().encode(out),
        Value::B(bytes) => bytes.clone().encode(out),
        Value::N(number) => number.encode(out),
        // Keys were checked to be scalar before they are encoded.
        _ => {}
    }
}

/// The key of an item in its table.
pub(super) fn primary(scope: &Scope, table: &TableRecord, item: &Item) -> ItemKey {
    append(ItemKey::of_index(scope, table, 0), &table.keys, item)
}

/// The key of an item's entry in an index; none if the item is not in the index.
pub(super) fn entry(scope: &Scope, table: &TableRecord, index: &IndexRecord, item: &Item) -> Option<ItemKey> {
    let indexed = index.keys.names().all(|name| item.contains_key(name));
    let key = indexed.then(|| append(ItemKey::of_index(scope, table, index.number), &index.keys, item))?;
    Some(append(key, &table.keys, item))
}

fn append(key: ItemKey, keys: &Keys, item: &Item) -> ItemKey {
    keys.names().filter_map(|name| item.get(name)).fold(key, ItemKey::with)
}

/// Just the key attributes of an item.
pub(super) fn key_of(keys: &Keys, item: &Item) -> Item {
    keys.names().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
}

/// Checks a key that stands by itself: exactly the schema's attributes, of its types.
pub(super) fn check_key(table: &TableRecord, key: &Item) -> Result<()> {
    if key.len() != table.keys.names().count() {
        return Err(key_mismatch().into());
    }
    for (at, name) in table.keys.names().enumerate() {
        let value = key.get(name).ok_or_else(key_mismatch)?;
        if Some(value.kind()) != table.kind(name) {
            return Err(key_mismatch().into());
        }
        check_empty(name, value)?;
        check_size(at == 0, value)?;
    }
    Ok(())
}

/// Checks the keys of a whole item, the indexes' among them.
pub(super) fn check_item_keys(table: &TableRecord, item: &Item) -> Result<()> {
    for (at, name) in table.keys.names().enumerate() {
        let Some(value) = item.get(name) else {
            return Err(invalid(format!("Missing the key {name} in the item")).into());
        };
        let (expected, actual) = (table.kind(name).unwrap_or(Kind::S), value.kind());
        if expected != actual {
            let message = format!("Type mismatch for key {name} expected: {expected} actual: {actual}");
            return Err(invalid(message).into());
        }
        check_empty(name, value)?;
        check_size(at == 0, value)?;
    }
    check_index_keys(table, item)
}

/// Checks the keys of indexes that an item has.
pub(super) fn check_index_keys(table: &TableRecord, item: &Item) -> Result<()> {
    for index in &table.indexes {
        for (at, name) in index.keys.names().enumerate() {
            let Some(value) = item.get(name) else { continue };
            let (expected, actual) = (table.kind(name).unwrap_or(Kind::S), value.kind());
            if expected != actual {
                let message = format!(
                    "Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {}",
                    index.name
                );
                return Err(invalid(message).into());
            }
            if is_empty(value) {
                let what = if actual == Kind::S { "string" } else { "binary" };
                return Err(validation(format!(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty {what} value. IndexName: {}, IndexKey: {name}",
                    index.name
                ))
                .into());
            }
            check_size(at == 0, value)?;
        }
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::S(text) => text.is_empty(),
        Value::B(bytes) => bytes.is_empty(),
        _ => false,
    }
}

fn check_empty(name: &str, value: &Value) -> Result<()> {
    if !is_empty(value) {
        return Ok(());
    }
    let what = if value.kind() == Kind::S { "string" } else { "binary" };
    Err(validation(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {what} value. Key: {name}"
    ))
    .into())
}

fn check_size(hash: bool, value: &Value) -> Result<()> {
    let size = updraft_lang::dynamodb::value_size(value);
    if hash && size > HASH_KEY_BYTES_MAX {
        // The missing space is AWS's.
        let message =
            format!("Size of hashkey has exceeded the maximum size limit of{HASH_KEY_BYTES_MAX} bytes");
        return Err(invalid(message).into());
    }
    if !hash && size > RANGE_KEY_BYTES_MAX {
        let message = format!(
            "Aggregated size of all range keys has exceeded the size limit of {RANGE_KEY_BYTES_MAX} bytes"
        );
        return Err(invalid(message).into());
    }
    Ok(())
}
