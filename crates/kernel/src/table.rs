//! Typed tables over the ordered keys, and versioned records in them.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use crate::store::{Direction, Read, Scan, Tx};
use crate::{Fault, Key};

/// A value in a table. Its first byte is the version it was written in, so that a newer reader
/// knows what it has before it; an older reader refuses what is newer than itself.
pub trait Record: Sized {
    /// The value's bytes, version first.
    fn encode(&self) -> Result<Vec<u8>, RecordError>;

    /// Reads any version this build knows.
    fn decode(bytes: &[u8]) -> Result<Self, RecordError>;
}

/// A stored value cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer build.
    #[error("record version {found} is newer than this build's {known}")]
    TooNew {
        /// The version found.
        found: u8,
        /// The newest version this build reads.
        known: u8,
    },
    /// Not the bytes of such a record.
    #[error("malformed record")]
    Malformed(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

/// Makes a serde type a [`Record`]: a version byte and JSON. New fields take `#[serde(default)]`.
#[macro_export]
macro_rules! json_record {
    ($type:ty, $version:literal) => {
        impl $crate::Record for $type {
            fn encode(&self) -> ::core::result::Result<Vec<u8>, $crate::RecordError> {
                $crate::json_record_encode($version, self)
            }

            fn decode(bytes: &[u8]) -> ::core::result::Result<Self, $crate::RecordError> {
                $crate::json_record_decode($version, bytes)
            }
        }
    };
}

/// The writing half of [`json_record!`].
#[doc(hidden)]
pub fn json_record_encode<T: serde::Serialize>(version: u8, value: &T) -> Result<Vec<u8>, RecordError> {
    let mut bytes = vec![version];
    serde_json::to_writer(&mut bytes, value).map_err(|e| RecordError::Malformed(Some(e.into())))?;
    Ok(bytes)
}

/// The reading half of [`json_record!`].
#[doc(hidden)]
pub fn json_record_decode<T: serde::de::DeserializeOwned>(
    version: u8,
    bytes: &[u8],
) -> Result<T, RecordError> {
    let (found, json) = bytes.split_first().ok_or(RecordError::Malformed(None))?;
    if *found > version {
        return Err(RecordError::TooNew { found: *found, known: version });
    }
    serde_json::from_slice(json).map_err(|e| RecordError::Malformed(Some(e.into())))
}

impl Record for () {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        Ok(vec![1])
    }

    fn decode(_bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(())
    }
}

/// Raw bytes are their own record; whoever stores them versions them.
impl Record for Vec<u8> {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        Ok(self.clone())
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(bytes.to_vec())
    }
}

impl Record for u64 {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        Ok([&[1][..], &self.to_be_bytes()].concat())
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        match bytes.split_first() {
            Some((1, number)) => {
                number.try_into().map(Self::from_be_bytes).map_err(|_| RecordError::Malformed(None))
            }
            _ => Err(RecordError::Malformed(None)),
        }
    }
}

/// A named table from `K` to `V`. Names are unique in the store: `lambda.alias`.
#[derive(Debug)]
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn(K) -> V>,
}

/// A page of a table's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K, V> {
    /// The entries in order.
    pub entries: Vec<(K, V)>,
    /// Whether more follow the last entry.
    pub more: bool,
}

impl<K: Key, V: Record> Table<K, V> {
    /// The table of that name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// The value at `key`.
    pub fn get(&self, read: &(impl Read + ?Sized), key: &K) -> Result<Option<V>, Fault> {
        let bytes = read.get(&self.key(key))?;
        bytes.map(|bytes| self.value(&bytes)).transpose()
    }

    /// Whether there is a value at `key`.
    pub fn contains(&self, read: &(impl Read + ?Sized), key: &K) -> Result<bool, Fault> {
        Ok(read.get(&self.key(key))?.is_some())
    }

    /// Writes the value at `key`.
    pub fn put(&self, tx: &mut (impl Tx + ?Sized), key: &K, value: &V) -> Result<(), Fault> {
        let bytes = value.encode().map_err(|e| self.fault("write", e))?;
        tx.put(self.key(key), bytes);
        Ok(())
    }

    /// Removes the value at `key`, if any.
    pub fn delete(&self, tx: &mut (impl Tx + ?Sized), key: &K) {
        tx.delete(self.key(key));
    }

    /// Every entry whose key begins with `prefix`, in order. Only for ranges known to be small.
    pub fn all(&self, read: &(impl Read + ?Sized), prefix: &impl Key) -> Result<Vec<(K, V)>, Fault> {
        Ok(self.page(read, prefix, None, Direction::Forward, usize::MAX)?.entries)
    }

    /// At most `limit` entries whose key begins with `prefix`, past `after` in the direction given.
    pub fn page(
        &self,
        read: &(impl Read + ?Sized),
        prefix: &impl Key,
        after: Option<&K>,
        direction: Direction,
        limit: usize,
    ) -> Result<Page<K, V>, Fault> {
        let mut entries = Vec::new();
        let mut more = false;
        self.visit(read, &self.range(prefix, after, direction), |key, value| {
            if entries.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            entries.push((key, value));
            ControlFlow::Continue(())
        })?;
        Ok(Page { entries, more })
    }

    /// Visits the entries of `scan` (see [`Self::range`]) until `visit` breaks.
    pub fn visit(
        &self,
        read: &(impl Read + ?Sized),
        scan: &Scan,
        mut visit: impl FnMut(K, V) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let head = self.name.len() + 1;
        let mut failed = None;
        read.scan(scan, &mut |key, value| {
            let entry = K::decode(&mut &key[head..])
                .map_err(|e| self.fault("read a key of", e))
                .and_then(|k| Ok((k, self.value(value)?)));
            match entry {
                Ok((key, value)) => visit(key, value),
                Err(fault) => {
                    failed = Some(fault);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// The range of keys that begin with `prefix`, past `after` in the direction given.
    pub fn range(&self, prefix: &impl Key, after: Option<&K>, direction: Direction) -> Scan {
        let mut from = self.head();
        prefix.encode(&mut from);
        let to = successor(&from);
        match (after, direction) {
            (None, _) => Scan { from, to, direction },
            (Some(after), Direction::Forward) => {
                // Nothing sorts between a key and the same key with a zero byte after it.
                let mut from = self.key(after);
                from.push(0);
                Scan { from, to, direction }
            }
            (Some(after), Direction::Reverse) => Scan { from, to: Some(self.key(after)), direction },
        }
    }

    /// The range of keys that begin with `prefix`, from `first` (included) on.
    pub fn starting_at(&self, prefix: &impl Key, first: &K) -> Scan {
        Scan { from: self.key(first), ..self.range(prefix, None, Direction::Forward) }
    }

    /// The range of keys that begin with `prefix`, past all whose last part, a text, begins with
    /// the last part of `first`. `None` when there can be none.
    pub fn past_text(&self, prefix: &impl Key, first: &K) -> Option<Scan> {
        let mut from = self.key(first);
        from.truncate(from.len().saturating_sub(crate::key::TEXT_END.len()));
        Some(Scan { from: successor(&from)?, ..self.range(prefix, None, Direction::Forward) })
    }

    /// The keys from `from` (included) to `to` (excluded), in the direction given.
    pub fn between(&self, from: &impl Key, to: &impl Key, direction: Direction) -> Scan {
        let (mut first, mut past) = (self.head(), self.head());
        from.encode(&mut first);
        to.encode(&mut past);
        Scan { from: first, to: Some(past), direction }
    }

    fn head(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.name.len() + 64);
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.push(0);
        bytes
    }

    fn key(&self, key: &K) -> Vec<u8> {
        let mut bytes = self.head();
        key.encode(&mut bytes);
        bytes
    }

    fn value(&self, bytes: &[u8]) -> Result<V, Fault> {
        V::decode(bytes).map_err(|e| self.fault("read", e))
    }

    fn fault(&self, act: &str, source: impl std::error::Error + Send + Sync + 'static) -> Fault {
        Fault::because(format!("{act} table {}", self.name), source)
    }
}

/// The first key past all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}
