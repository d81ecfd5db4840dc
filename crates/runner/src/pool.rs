//! Sandboxes made beforehand, so that a cold start has less to do.
//!
//! A *prepared* one has everything in place but the code, and its first process waits for it. On
//! hosts with v1 cgroups this keeps the most expensive step of all, joining a cgroup (11–15 ms), off
//! the way of a call. In a *started* one, the runtime itself runs, without privileges, and waits
//! too. Either belongs to a kind of runtime, never to a function; no function's code has run in it.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use updraft_kernel::Fault;

use crate::runtimes::{Kind, Runtime};
use crate::sandbox::{Factory, Sandbox};

/// How many kinds of started runtimes are kept; those of Node differ by memory.
const STARTED_SORTS_MAX: usize = 4;

/// What a shelf holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sort {
    kind: Kind,
    /// For how much memory the runtime was started, if it was.
    started_for_mib: Option<u32>,
}

/// The sandboxes that are ready.
#[derive(Debug)]
pub(crate) struct Pool {
    factory: Arc<Factory>,
    prepared: usize,
    started: usize,
    shelves: Arc<Mutex<Shelves>>,
}

#[derive(Debug, Default)]
struct Shelves {
    shelves: HashMap<Sort, Shelf>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: VecDeque<Sandbox>,
    /// Whether somebody is filling it.
    filling: bool,
}

impl Sort {
    /// What a started runtime depends on: Node's heap is sized when it starts.
    fn started(kind: Kind, memory_mib: u32) -> Option<Self> {
        match kind {
            Kind::Node => Some(Self { kind, started_for_mib: Some(memory_mib) }),
            Kind::Python => Some(Self { kind, started_for_mib: Some(0) }),
            Kind::Provided => None,
        }
    }
}

impl Pool {
    pub(crate) fn new(factory: Arc<Factory>, prepared: usize, started: usize) -> Self {
        Self { factory, prepared, started, shelves: Arc::default() }
    }

    /// A sandbox for a kind of runtime: with the runtime started where that may be, else prepared,
    /// else made now.
    pub(crate) async fn take(
        &self,
        runtime: &Runtime,
        started_for_mib: Option<u32>,
    ) -> Result<Sandbox, Fault> {
        let started = started_for_mib.and_then(|mib| Sort::started(runtime.kind, mib));
        let prepared = Sort { kind: runtime.kind, started_for_mib: None };
        match started.and_then(|sort| self.take_ready(sort)).or_else(|| self.take_ready(prepared)) {
            Some(sandbox) => Ok(sandbox),
            None => self.factory.make(runtime, None).await,
        }
    }

    /// Makes new ones, in the background, in place of those that were taken.
    pub(crate) fn refill(&self, runtime: &Arc<Runtime>, started_for_mib: Option<u32>) {
        let started = started_for_mib.and_then(|mib| Sort::started(runtime.kind, mib));
        let prepared = Sort { kind: runtime.kind, started_for_mib: None };
        for (sort, size) in
            started.map(|sort| (sort, self.started)).into_iter().chain([(prepared, self.prepared)])
        {
            if self.may_fill(sort, size) {
                let (factory, runtime) = (Arc::clone(&self.factory), Arc::clone(runtime));
                let shelves = Arc::clone(&self.shelves);
                tokio::spawn(async move { fill(&factory, &runtime, &shelves, sort, size).await });
            }
        }
    }

    /// Ends what is ready, and makes no more.
    pub(crate) async fn close(&self) {
        for sandbox in self.clear() {
            sandbox.end().await;
        }
    }

    fn clear(&self) -> Vec<Sandbox> {
        let mut shelves = lock(&self.shelves);
        shelves.closed = true;
        shelves.shelves.drain().flat_map(|(_, shelf)| shelf.ready).collect()
    }

    fn may_fill(&self, sort: Sort, size: usize) -> bool {
        let mut shelves = lock(&self.shelves);
        let sorts = shelves.shelves.keys().filter(|known| known.started_for_mib.is_some()).count();
        let is_new = !shelves.shelves.contains_key(&sort);
        if shelves.closed || (is_new && sort.started_for_mib.is_some() && sorts >= STARTED_SORTS_MAX) {
            return false;
        }
        let shelf = shelves.shelves.entry(sort).or_default();
        let may = !shelf.filling && shelf.ready.len() < size;
        shelf.filling |= may;
        may
    }

    fn take_ready(&self, sort: Sort) -> Option<Sandbox> {
        let mut dead = Vec::new();
        let mut found = None;
        let mut shelves = lock(&self.shelves);
        let shelf = shelves.shelves.get_mut(&sort)?;
        while let Some(mut sandbox) = shelf.ready.pop_front() {
            if poll_fn(|cx| sandbox.poll_exit(cx)).now_or_never().is_none() {
                found = Some(sandbox);
                break;
            }
            dead.push(sandbox);
        }
        drop(shelves);
        drop(dead);
        found
    }
}

async fn fill(factory: &Arc<Factory>, runtime: &Runtime, shelves: &Mutex<Shelves>, sort: Sort, size: usize) {
    loop {
        let made = factory.make(runtime, sort.started_for_mib).await;
        let mut shelves = lock(shelves);
        let closed = shelves.closed;
        let Some(shelf) = shelves.shelves.get_mut(&sort) else { return };
        match made {
            Ok(sandbox) if !closed => shelf.ready.push_back(sandbox),
            Ok(_) => {}
            Err(fault) => {
                // The next call makes its own and hears of it.
                tracing::warn!(%fault, runtime = runtime.kind.name(), "no sandbox could be prepared");
                shelf.filling = false;
                return;
            }
        }
        if closed || shelf.ready.len() >= size {
            shelf.filling = false;
            return;
        }
    }
}

fn lock(shelves: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}
