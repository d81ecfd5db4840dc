//! The store on disk: one folder, one process.
//!
//! ```text
//! LOCK      held while a process has the store open
//! FORMAT    the number of the folder's format
//! records/  the database
//! blobs/    bodies, named by their SHA-256
//! ```

mod blobs;
mod folder;
mod writer;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, Readable};
use updraft_kernel::{Blobs, Direction, Fault, Read, Scan, Store, Work};

use self::blobs::DiskBlobs;
use self::folder::Folder;
use self::writer::Writer;
use crate::group::{Visit, bounds};

/// The database's only keyspace: tables are told apart by how their keys begin.
const KEYSPACE: &str = "records";

/// How much is written to memory before it moves to a sorted file. Together with
/// [`JOURNAL_BYTES_MAX`] it bounds what has to be replayed after a crash.
const MEMTABLE_BYTES_MAX: u64 = 16 << 20;

/// How large the journals may grow; 64 MiB is the least the database allows.
const JOURNAL_BYTES_MAX: u64 = 64 << 20;

/// How much of the records is kept in memory for reading.
const CACHE_BYTES_MAX: u64 = 64 << 20;

/// How many works may wait; who submits one more waits too.
const QUEUE_MAX: usize = 16_384;

/// How to open a store.
#[derive(Debug, Clone, Copy)]
pub struct DiskOptions {
    /// With less than this free on its disk the store refuses writes until there is more. It
    /// leaves the database room to move what it has already taken in.
    pub free_bytes_min: u64,
}

impl Default for DiskOptions {
    fn default() -> Self {
        Self { free_bytes_min: 256 << 20 }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the data folder {} is in use by {owner}; stop that engine, or name another folder", path.display())]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// Who holds it, as far as is known.
        owner: String,
    },
    /// A newer build wrote it.
    #[error(
        "the data folder {} has format {found}, this build reads up to {known}; use the newer build that wrote it, \
         or name another folder",
        path.display()
    )]
    TooNew {
        /// The data folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format this build reads.
        known: u32,
    },
    /// It does not say what it is.
    #[error(
        "the data folder {} holds records but no valid FORMAT file; restore that file from a backup, or name \
         another folder",
        path.display()
    )]
    Unmarked {
        /// The data folder.
        path: PathBuf,
    },
    /// A file or folder could not be used.
    #[error("failed to {attempted} {}", path.display())]
    Io {
        /// What was attempted.
        attempted: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database could not be opened.
    #[error("failed to open the records in {}", path.display())]
    Database {
        /// The data folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: fjall::Error,
    },
}

/// A store in a folder.
pub struct DiskStore {
    records: Records,
    blobs: Arc<DiskBlobs>,
    /// `None` once the store is being closed.
    queue: Option<mpsc::SyncSender<Work>>,
    writer: Option<JoinHandle<()>>,
}

impl DiskStore {
    /// Opens the store in `path`, making it if there is none.
    pub fn open(path: &Path, options: DiskOptions) -> Result<Self, OpenError> {
        let folder = Arc::new(Folder::open(path)?);
        let records = Records::open(&folder)?;
        let blobs = DiskBlobs::open(folder.blobs())?;
        let (queue, works) = mpsc::sync_channel(QUEUE_MAX);
        let writer = Writer::new(records.clone(), folder, options.free_bytes_min);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(&works))
            .map_err(|source| OpenError::Io {
                attempted: "start the writer of",
                path: path.to_owned(),
                source,
            })?;
        Ok(Self { records, blobs: Arc::new(blobs), queue: Some(queue), writer: Some(writer) })
    }
}

impl Store for DiskStore {
    fn snapshot(&self) -> Box<dyn Read + Send + Sync> {
        Box::new(self.records.snapshot())
    }

    fn submit(&self, work: Work) {
        let queue = self.queue.as_ref().expect("the queue is there until the store is dropped");
        if queue.send(work).is_err() {
            // The writer catches every panic, so this would be a bug of the writer itself.
            tracing::error!("the store's writer is gone; a work was dropped");
        }
    }

    fn blobs(&self) -> Arc<dyn Blobs> {
        self.blobs.clone()
    }
}

impl Drop for DiskStore {
    /// Finishes the works that wait, then closes.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take()
            // The last owner may be a completion, which runs on the writer itself.
            && writer.thread().id() != std::thread::current().id()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

/// The database.
#[derive(Clone)]
struct Records {
    database: Database,
    keyspace: Keyspace,
}

impl Records {
    fn open(folder: &Folder) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database { path: folder.path().to_owned(), source };
        if !folder.records().exists() {
            // Made beside and moved: a crash in between leaves no half-made database in its place.
            let new = folder.records_new()?;
            drop(Self::open_at(&new).map_err(failed)?);
            folder.install_records(&new)?;
        }
        Self::open_at(&folder.records()).map_err(failed)
    }

    fn open_at(path: &Path) -> fjall::Result<Self> {
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES_MAX)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .manual_journal_persist(true)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES_MAX);
        let keyspace = database.keyspace(KEYSPACE, options)?;
        Ok(Self { database, keyspace })
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot { snapshot: self.database.snapshot(), keyspace: self.keyspace.clone() }
    }
}

/// The state as of one commit.
struct Snapshot {
    snapshot: fjall::Snapshot,
    keyspace: Keyspace,
}

impl Read for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        if key.is_empty() {
            return Ok(None);
        }
        let value = self.snapshot.get(&self.keyspace, key);
        value.map(|value| value.map(Bytes::from)).map_err(|e| Fault::because("read a record", e))
    }

    fn scan(&self, scan: &Scan, visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> Result<(), Fault> {
        let Some(bounds) = bounds(scan) else { return Ok(()) };
        let range = self.snapshot.range::<&[u8], _>(&self.keyspace, bounds);
        match scan.direction {
            Direction::Forward => visit_all(range, visit),
            Direction::Reverse => visit_all(range.rev(), visit),
        }
    }
}

fn visit_all(pairs: impl Iterator<Item = fjall::Guard>, visit: &mut Visit<'_>) -> Result<(), Fault> {
    for pair in pairs {
        let (key, value) = pair.into_inner().map_err(|e| Fault::because("scan records", e))?;
        if visit(&key, &value).is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_engine_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DiskStore::open(folder.path(), DiskOptions::default()).unwrap();
        let refused = DiskStore::open(folder.path(), DiskOptions::default()).err().unwrap();
        assert!(matches!(refused, OpenError::Locked { .. }));
        assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
        drop(first);
        assert!(DiskStore::open(folder.path(), DiskOptions::default()).is_ok());
    }

    #[test]
    fn a_full_disk_refuses_writes_and_still_reads() {
        let folder = tempfile::tempdir().unwrap();
        let (send, receive) = mpsc::channel();
        let put = |store: &DiskStore| {
            let send = send.clone();
            store.submit(Box::new(|tx| {
                tx.put(b"k".to_vec(), b"v".to_vec());
                updraft_kernel::TxOutcome::Commit(Box::new(move |result| send.send(result).unwrap()))
            }));
            receive.recv().unwrap()
        };
        let store = DiskStore::open(folder.path(), DiskOptions::default()).unwrap();
        put(&store).unwrap();
        drop(store);
        let full = DiskStore::open(folder.path(), DiskOptions { free_bytes_min: u64::MAX }).unwrap();
        let fault = put(&full).unwrap_err();
        let cause = std::error::Error::source(&fault).unwrap().to_string();
        assert!(cause.contains("free"), "{cause}");
        assert_eq!(full.snapshot().get(b"k").unwrap().as_deref(), Some(&b"v"[..]));
    }
}
