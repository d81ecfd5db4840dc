//! Sandboxes made beforehand: everything but the code is in place, the first process waits for it.
//!
//! They belong to a kind of runtime, never to a function, and no code has run in them. On hosts with
//! v1 cgroups this keeps the most expensive step of all, joining a cgroup (11–15 ms), off the way of
//! a call.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use updraft_kernel::Fault;

use crate::runtimes::{Kind, Runtime};
use crate::sandbox::{Factory, Sandbox};

/// The sandboxes that are ready.
#[derive(Debug)]
pub(crate) struct Pool {
    factory: Arc<Factory>,
    /// How many to keep for each kind in use.
    size: usize,
    shelves: Arc<Mutex<HashMap<Kind, Shelf>>>,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: VecDeque<Sandbox>,
    /// Whether somebody is filling it.
    filling: bool,
    closed: bool,
}

impl Pool {
    pub(crate) fn new(factory: Arc<Factory>, size: usize) -> Self {
        Self { factory, size, shelves: Arc::default() }
    }

    /// A sandbox for a kind of runtime: a ready one, else one made now.
    pub(crate) async fn take(&self, runtime: &Arc<Runtime>) -> Result<Sandbox, Fault> {
        let ready = self.take_ready(runtime.kind);
        self.refill(runtime);
        match ready {
            Some(sandbox) => Ok(sandbox),
            None => self.factory.make(runtime).await,
        }
    }

    /// Ends what is ready, and makes no more.
    pub(crate) async fn close(&self) {
        let mut ready = Vec::new();
        for shelf in self.shelves().values_mut() {
            shelf.closed = true;
            ready.extend(shelf.ready.drain(..));
        }
        for sandbox in ready {
            sandbox.end().await;
        }
    }

    fn take_ready(&self, kind: Kind) -> Option<Sandbox> {
        let mut dead = Vec::new();
        let mut shelves = self.shelves();
        let shelf = shelves.entry(kind).or_default();
        let mut found = None;
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

    fn refill(&self, runtime: &Arc<Runtime>) {
        let mut shelves = self.shelves();
        let shelf = shelves.entry(runtime.kind).or_default();
        if shelf.filling || shelf.closed || shelf.ready.len() >= self.size {
            return;
        }
        shelf.filling = true;
        drop(shelves);
        let (factory, runtime) = (Arc::clone(&self.factory), Arc::clone(runtime));
        let (shelves, size) = (Arc::clone(&self.shelves), self.size);
        tokio::spawn(async move { fill(&factory, &runtime, &shelves, size).await });
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<Kind, Shelf>> {
        lock(&self.shelves)
    }
}

async fn fill(factory: &Arc<Factory>, runtime: &Runtime, shelves: &Mutex<HashMap<Kind, Shelf>>, size: usize) {
    loop {
        let made = factory.make(runtime).await;
        let mut shelves = lock(shelves);
        let shelf = shelves.entry(runtime.kind).or_default();
        match made {
            Ok(sandbox) if !shelf.closed => shelf.ready.push_back(sandbox),
            Ok(_) => {}
            Err(fault) => {
                // The next call makes its own and hears of it.
                tracing::warn!(%fault, runtime = runtime.kind.name(), "no sandbox could be prepared");
                shelf.filling = false;
                return;
            }
        }
        if shelf.closed || shelf.ready.len() >= size {
            shelf.filling = false;
            return;
        }
    }
}

fn lock(shelves: &Mutex<HashMap<Kind, Shelf>>) -> MutexGuard<'_, HashMap<Kind, Shelf>> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}
