//! The store without a disk: the same semantics, gone with the process. For tests.
//!
//! Works run on the thread that submits, so that a test on one thread is deterministic. Each key
//! keeps as many versions as living snapshots can see.

mod blobs;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use updraft_kernel::{Blobs, Direction, Fault, Read, Scan, Store, Work};

use self::blobs::MemoryBlobs;
use crate::group::{Group, Writes, bounds, complete};

/// How many pairs a scan copies out at a time.
const SCAN_CHUNK: usize = 64;

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    versions: Arc<Mutex<Versions>>,
    queue: Mutex<Queue>,
    blobs: Arc<MemoryBlobs>,
}

/// Works that wait, and whether some thread is running them.
#[derive(Default)]
struct Queue {
    works: VecDeque<Work>,
    running: bool,
}

/// Every key's versions, oldest first, each with the number of the commit that wrote it.
#[derive(Default)]
struct Versions {
    keys: BTreeMap<Vec<u8>, Vec<(u64, Option<Bytes>)>>,
    /// The number of the last commit.
    last: u64,
    /// Living snapshots: commit number to how many.
    snapshots: BTreeMap<u64, usize>,
    /// Keys with more versions than the newest snapshot needs.
    stale: Vec<Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn snapshot_now(&self) -> Snapshot {
        let mut versions = lock(&self.versions);
        let at = versions.last;
        *versions.snapshots.entry(at).or_default() += 1;
        Snapshot { versions: self.versions.clone(), at }
    }

    /// The next work, if any; otherwise this thread stops being the writer.
    fn next_work(&self) -> Option<Work> {
        let mut queue = lock(&self.queue);
        let work = queue.works.pop_front();
        queue.running = work.is_some();
        work
    }

    fn run(&self, work: Work) {
        let base = self.snapshot_now();
        let mut group = Group::new(&base);
        let completion = group.run(work);
        let writes = group.into_writes();
        drop(base);
        if let Some(completion) = completion {
            lock(&self.versions).commit(writes);
            complete(completion, Ok(()));
        }
    }
}

impl Store for MemoryStore {
    fn snapshot(&self) -> Box<dyn Read + Send + Sync> {
        Box::new(self.snapshot_now())
    }

    fn submit(&self, work: Work) {
        {
            let mut queue = lock(&self.queue);
            queue.works.push_back(work);
            // A work submitted from within a work or from another thread waits for its turn.
            if std::mem::replace(&mut queue.running, true) {
                return;
            }
        }
        while let Some(work) = self.next_work() {
            self.run(work);
        }
    }

    fn blobs(&self) -> Arc<dyn Blobs> {
        self.blobs.clone()
    }
}

impl Versions {
    fn commit(&mut self, writes: Writes) {
        self.last += 1;
        for (key, value) in writes {
            self.stale.push(key.clone());
            self.keys.entry(key).or_default().push((self.last, value));
        }
        let oldest = self.snapshots.keys().next().copied().unwrap_or(self.last);
        let stale = std::mem::take(&mut self.stale);
        self.stale = stale.into_iter().filter(|key| !self.prune(key, oldest)).collect();
    }

    /// Drops what no snapshot from `oldest` on can see; says whether nothing is left to drop.
    fn prune(&mut self, key: &[u8], oldest: u64) -> bool {
        let Some(versions) = self.keys.get_mut(key) else { return true };
        let seen = versions.iter().rposition(|(at, _)| *at <= oldest).unwrap_or(0);
        versions.drain(..seen);
        match versions.as_slice() {
            [(at, None)] if *at <= oldest => {
                self.keys.remove(key);
                true
            }
            [(_, Some(_))] | [] => true,
            _ => false,
        }
    }
}

/// The state as of one commit.
struct Snapshot {
    versions: Arc<Mutex<Versions>>,
    at: u64,
}

impl Snapshot {
    fn seen<'v>(&self, versions: &'v [(u64, Option<Bytes>)]) -> Option<&'v Bytes> {
        versions.iter().rev().find(|(at, _)| *at <= self.at)?.1.as_ref()
    }

    /// The first pairs of a range, and whether there may be more.
    fn chunk(&self, scan: &Scan) -> (Vec<(Vec<u8>, Bytes)>, bool) {
        let Some(bounds) = bounds(scan) else { return (Vec::new(), false) };
        let versions = lock(&self.versions);
        let range = versions.keys.range::<[u8], _>(bounds);
        let pair = |(key, versions): (&Vec<u8>, &Vec<_>)| Some((key.clone(), self.seen(versions)?.clone()));
        let pairs: Vec<_> = match scan.direction {
            Direction::Forward => range.filter_map(pair).take(SCAN_CHUNK).collect(),
            Direction::Reverse => range.rev().filter_map(pair).take(SCAN_CHUNK).collect(),
        };
        let more = pairs.len() == SCAN_CHUNK;
        (pairs, more)
    }
}

impl Read for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        let versions = lock(&self.versions);
        Ok(versions.keys.get(key).and_then(|versions| self.seen(versions)).cloned())
    }

    fn scan(&self, scan: &Scan, visit: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>) -> Result<(), Fault> {
        let mut rest = scan.clone();
        loop {
            // The lock is not held while visiting, so that a visitor may read too.
            let (pairs, more) = self.chunk(&rest);
            for (key, value) in &pairs {
                if visit(key, value).is_break() {
                    return Ok(());
                }
            }
            let Some((last, _)) = pairs.into_iter().next_back().filter(|_| more) else { return Ok(()) };
            match scan.direction {
                Direction::Forward => rest.from = [last, vec![0]].concat(),
                Direction::Reverse => rest.to = Some(last),
            }
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let mut versions = lock(&self.versions);
        if let Some(count) = versions.snapshots.get_mut(&self.at) {
            *count -= 1;
            if *count == 0 {
                versions.snapshots.remove(&self.at);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock, so the state is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
