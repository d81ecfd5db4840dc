//! The transactional seam: ordered keys with snapshot reads and group-committed writes, and
//! content-addressed blobs beside them.

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use updraft_api::{ByteStream, StreamError};

use crate::Fault;

/// Reading at one point in time.
pub trait Read {
    /// The value at `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault>;

    /// Visits the pairs of a range in order, until `visit` breaks.
    fn scan(&self, scan: &Scan, visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> Result<(), Fault>;
}

/// A transaction: what it reads includes what it wrote.
pub trait Tx: Read {
    /// Writes the value at `key`.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>);

    /// Removes the value at `key`, if any.
    fn delete(&mut self, key: Vec<u8>);
}

/// A half-open range of keys and the direction to visit it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The first key of the range.
    pub from: Vec<u8>,
    /// The first key past the range; `None` for no end.
    pub to: Option<Vec<u8>>,
    /// Which way to go.
    pub direction: Direction,
}

/// The order in which a scan visits its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first key on.
    Forward,
    /// From the last key back.
    Reverse,
}

/// One unit of work for the single writer: it runs to its end before the next begins.
pub type Work = Box<dyn FnOnce(&mut dyn Tx) -> Outcome + Send>;

/// Called once the work's fate is settled: `Ok` after the commit that holds it is durable.
pub type Completion = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// What the writer does with a unit of work's writes.
pub enum Outcome {
    /// Keep them; `Completion` runs after the group commit is on disk.
    Commit(Completion),
    /// Drop them; `Completion` runs at once.
    Abort(Completion),
}

/// The store of one engine.
pub trait Store: Send + Sync + 'static {
    /// The state as of the last commit.
    fn snapshot(&self) -> Box<dyn Read + Send + Sync>;

    /// Queues a unit of work. A work that panics is dropped with its writes and its completion.
    fn submit(&self, work: Work);

    /// The blobs beside the records.
    fn blobs(&self) -> Arc<dyn Blobs>;
}

/// The SHA-256 of a blob's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for BlobId {
    type Err = crate::KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(crate::KeyError);
        }
        for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| crate::KeyError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| crate::KeyError)?;
        }
        Ok(Self(id))
    }
}

impl serde::Serialize for BlobId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for BlobId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A blob just written. While the receipt lives, the collector leaves the blob alone; the record
/// that refers to it must be committed before the receipt is dropped.
#[derive(Debug, Clone)]
pub struct BlobReceipt {
    /// The blob's id.
    pub id: BlobId,
    /// Its length in bytes.
    pub length: u64,
    /// What keeps the collector away.
    pub pin: Arc<dyn std::any::Any + Send + Sync>,
}

/// Whether a record refers to a blob.
pub type InUse = Box<dyn FnOnce() -> Result<bool, Fault> + Send>;

/// Content-addressed bodies beside the records.
///
/// Who refers to a blob says so in the same transaction as its own record, with
/// [`Cx::retain_blob`](crate::Cx::retain_blob) and [`Cx::release_blob`](crate::Cx::release_blob).
pub trait Blobs: Send + Sync + 'static {
    /// Writes a body; when this resolves, the blob is durable.
    fn put(&self, body: ByteStream) -> BoxFuture<'_, Result<BlobReceipt, StreamError>>;

    /// Reads `length` bytes from `offset`.
    fn read(&self, id: BlobId, offset: u64, length: u64) -> BoxFuture<'_, Result<ByteStream, Fault>>;

    /// The whole blob, for those known to be small.
    fn read_all(&self, id: BlobId) -> BoxFuture<'_, Result<Bytes, Fault>>;

    /// The file that holds the blob, for readers that must have one.
    fn path(&self, id: BlobId) -> PathBuf;

    /// Removes the blob unless a receipt of it lives or `in_use` says that a record refers to it;
    /// missing blobs are no error. While `in_use` is asked, no receipt is made or dropped, so what
    /// it finds still holds when the blob goes.
    fn remove(&self, id: BlobId, in_use: InUse) -> BoxFuture<'_, Result<(), Fault>>;

    /// Every blob there is: after a crash, some may have no record.
    fn all(&self) -> BoxFuture<'_, Result<Vec<BlobId>, Fault>>;
}
