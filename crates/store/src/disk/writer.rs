//! The one writer: works back to back, many to a commit, one flush for all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use fjall::PersistMode;
use updraft_kernel::{Completion, Fault, Work};

use super::Records;
use super::folder::Folder;
use crate::group::{Group, Writes, complete};

/// How many works share a commit.
const GROUP_WORKS_MAX: usize = 1_024;

/// With so many bytes written, a group takes no further work.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// How long a group waits for as many works as the last one had. Callers who were answered
/// together come back together; without this, the first of them would get a flush of its own.
const LINGER: Duration = Duration::from_micros(200);

/// Why writes are refused.
#[derive(Debug, Clone, thiserror::Error)]
enum Refusing {
    /// For now.
    #[error("the disk of the data folder has {free} bytes free, and writes need {needed}; free some space")]
    Full { free: u64, needed: u64 },
    /// The disk could not be asked for its free space.
    #[error("the disk of the data folder cannot be examined")]
    Unknown(#[source] rustix::io::Errno),
    /// Until the store is opened anew: what the disk holds of the last commit is not known.
    #[error("an earlier write failed; restart the engine once the disk is well")]
    Broken(#[source] Arc<fjall::Error>),
}

/// The writer's state.
pub(super) struct Writer {
    records: Records,
    folder: Arc<Folder>,
    free_bytes_min: u64,
    broken: Option<Refusing>,
    /// How many works the last group had.
    last_works: usize,
}

impl Writer {
    pub(super) fn new(records: Records, folder: Arc<Folder>, free_bytes_min: u64) -> Self {
        Self { records, folder, free_bytes_min, broken: None, last_works: 0 }
    }

    /// Works until nobody can submit any more.
    pub(super) fn run(mut self, works: &mpsc::Receiver<Work>) {
        while let Ok(first) = works.recv() {
            self.run_group(first, works);
        }
    }

    fn run_group(&mut self, first: Work, works: &mpsc::Receiver<Work>) {
        let base = self.records.snapshot();
        let mut group = Group::new(&base);
        let mut waiting: Vec<Completion> = Vec::new();
        let mut taken = 0;
        let mut next = Some(first);
        let linger_until = Instant::now() + LINGER;
        while let Some(work) = next {
            waiting.extend(group.run(work));
            taken += 1;
            next = if taken == GROUP_WORKS_MAX || group.bytes() >= GROUP_BYTES_MAX {
                None
            } else if taken < self.last_works {
                works.recv_timeout(linger_until.saturating_duration_since(Instant::now())).ok()
            } else {
                works.try_recv().ok()
            };
        }
        self.last_works = taken;
        let result = self.commit(group.into_writes());
        for completion in waiting {
            let result = result.clone();
            complete(completion, result.map_err(|refusing| Fault::because("write to the store", refusing)));
        }
    }

    /// Makes the writes of a group durable, all or none.
    fn commit(&mut self, writes: Writes) -> Result<(), Refusing> {
        if writes.is_empty() {
            return Ok(());
        }
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        self.check_space()?;
        let keyspace = &self.records.keyspace;
        let batch = self.records.database.batch().durability(Some(PersistMode::SyncData));
        let commit = AssertUnwindSafe(|| {
            let mut batch = batch;
            for (key, value) in writes {
                match value {
                    Some(value) => batch.insert(keyspace, key, value),
                    None => batch.remove(keyspace, key),
                }
            }
            batch.commit()
        });
        let result = catch_unwind(commit).unwrap_or(Err(fjall::Error::Poisoned));
        result.map_err(|error| {
            tracing::error!(%error, "a commit failed; the store refuses writes until it is opened anew");
            self.broken.insert(Refusing::Broken(Arc::new(error))).clone()
        })
    }

    /// Refuses while the disk is nearly full, before the database itself runs into the end of it:
    /// from that it cannot recover without being opened anew.
    fn check_space(&self) -> Result<(), Refusing> {
        let stat = rustix::fs::statvfs(self.folder.path()).map_err(Refusing::Unknown)?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let needed = self.free_bytes_min;
        if free < needed { Err(Refusing::Full { free, needed }) } else { Ok(()) }
    }
}
