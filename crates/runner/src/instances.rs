//! Which environments exist for which function, who uses them, and who waits for one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use updraft_kernel::{FunctionSpec, HostError};
use updraft_types::Timestamp;

use crate::call::Ticket;
use crate::environment::Environment;
use crate::freezer::Freezer;

/// How much longer than a call's time-out its credentials must be valid.
const CREDENTIALS_MARGIN: Duration = Duration::from_secs(60);

/// The environments of this engine.
#[derive(Default)]
pub(crate) struct Instances {
    state: Mutex<State>,
    /// Something was given back.
    freed: Notify,
    /// An environment went to rest.
    pub(crate) rested: Notify,
    environments_max: usize,
    queue_max: usize,
}

impl std::fmt::Debug for Instances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instances").field("live", &self.state().live).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Key>,
    live: usize,
    waiting: usize,
    closed: bool,
}

#[derive(Default)]
struct Key {
    /// The one that rested last is used first: it is the warmest, and the others may be reaped.
    idle: Vec<Idle>,
    live: usize,
    /// Counts retirements; environments of an earlier count end with their call.
    epoch: u64,
}

struct Idle {
    environment: Box<Environment>,
    epoch: u64,
    since: Instant,
    frozen: bool,
}

/// What a call is given: an environment to use, or the right to make one.
pub(crate) enum Lease {
    Warm(Box<Environment>, u64),
    New(Ticket, u64),
}

/// What one look at the state came to.
enum Look {
    Lease(Lease),
    Full,
    Exhausted,
    /// An idle environment of another function has to go first.
    Evict(Box<Environment>),
}

impl Instances {
    pub(crate) fn new(environments_max: usize, queue_max: usize) -> Self {
        Self { environments_max, queue_max, ..Self::default() }
    }

    /// An environment for a call, at once or when one is given back.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        spec: &FunctionSpec,
        now: Timestamp,
    ) -> Result<Lease, HostError> {
        let mut queue = None;
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            match self.look(spec, now, queue.is_some()) {
                Look::Lease(lease) => return Ok(lease),
                Look::Exhausted => return Err(HostError::Exhausted),
                Look::Evict(environment) => drop(environment),
                Look::Full => {}
            }
            queue.get_or_insert_with(|| Queued::enter(Arc::clone(self)));
            freed.await;
        }
    }

    /// Takes an environment back after a call.
    pub(crate) fn release(&self, environment: Box<Environment>, epoch: u64) {
        if let Some(freezer) = environment.freezer() {
            freezer.rest();
        }
        let mut state = self.state();
        let closed = state.closed;
        let key = state.keys.entry(environment.spec.instance_key.clone()).or_default();
        let spent = if closed || key.epoch != epoch {
            Some(environment)
        } else {
            key.idle.push(Idle { environment, epoch, since: Instant::now(), frozen: false });
            None
        };
        drop(state);
        if spent.is_none() {
            self.freed.notify_one();
            self.rested.notify_one();
        }
    }

    /// Ends the idle environments of a key; busy ones end with their call.
    pub(crate) fn retire(&self, key: &str) {
        let idle = match self.state().keys.get_mut(key) {
            Some(key) => {
                key.epoch += 1;
                std::mem::take(&mut key.idle)
            }
            None => Vec::new(),
        };
        drop(idle);
    }

    /// How many environments exist for a key.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.state().keys.get(key).map_or(0, |key| key.live)
    }

    /// How many exist at all.
    pub(crate) fn live(&self) -> usize {
        self.state().live
    }

    /// Ends all idle environments, and lets none rest any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let idle: Vec<Idle> = state.keys.values_mut().flat_map(|key| std::mem::take(&mut key.idle)).collect();
        drop(state);
        drop(idle);
    }

    /// Freezes what has rested for `freeze_after`, ends what has rested for `idle_max`; true while
    /// something awake is left to freeze.
    pub(crate) fn tend(&self, freeze_after: Duration, idle_max: Duration) -> bool {
        let mut to_freeze: Vec<Arc<Freezer>> = Vec::new();
        let mut spent = Vec::new();
        let mut awake = false;
        let mut state = self.state();
        for key in state.keys.values_mut() {
            spent.extend(key.idle.extract_if(.., |idle| idle.since.elapsed() >= idle_max));
            for idle in key.idle.iter_mut().filter(|idle| !idle.frozen) {
                if idle.since.elapsed() < freeze_after {
                    awake = true;
                } else {
                    idle.frozen = true;
                    to_freeze.extend(idle.environment.freezer());
                }
            }
        }
        state.keys.retain(|_, key| key.live > 0);
        drop(state);
        drop(spent);
        for freezer in to_freeze {
            freezer.freeze();
        }
        awake
    }

    /// A ticket has come back.
    pub(crate) fn give_back(&self, key: &str) {
        let mut state = self.state();
        state.live -= 1;
        if let Some(key) = state.keys.get_mut(key) {
            key.live -= 1;
        }
        drop(state);
        self.freed.notify_one();
    }

    /// Resolves when something was given back.
    pub(crate) async fn something_freed(&self) {
        self.freed.notified().await;
    }

    fn look(self: &Arc<Self>, spec: &FunctionSpec, now: Timestamp, queued: bool) -> Look {
        let needed_until = now.plus(spec.timeout + CREDENTIALS_MARGIN);
        let mut stale = Vec::new();
        let mut state = self.state();
        if state.closed {
            return Look::Exhausted;
        }
        let mut found = None;
        let key = state.keys.entry(spec.instance_key.clone()).or_default();
        while let Some(idle) = key.idle.pop() {
            if idle.environment.expires() >= needed_until {
                found = Some(Lease::Warm(idle.environment, idle.epoch));
                break;
            }
            stale.push(idle);
        }
        if found.is_none() && state.live < self.environments_max {
            state.live += 1;
            let key = state.keys.entry(spec.instance_key.clone()).or_default();
            key.live += 1;
            let ticket = Ticket::new(Arc::clone(self), spec.instance_key.clone());
            found = Some(Lease::New(ticket, key.epoch));
        }
        let look = match found {
            Some(lease) => Look::Lease(lease),
            None if !queued && state.waiting >= self.queue_max => Look::Exhausted,
            None => state.oldest_idle().map_or(Look::Full, Look::Evict),
        };
        drop(state);
        drop(stale);
        look
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The environment that has rested longest.
    fn oldest_idle(&mut self) -> Option<Box<Environment>> {
        let oldest =
            self.keys.values_mut().filter(|key| !key.idle.is_empty()).min_by_key(|key| key.idle[0].since)?;
        Some(oldest.idle.remove(0).environment)
    }
}

impl Lease {
    /// Wakes the environment, if there is one.
    pub(crate) fn wake(&self) {
        if let Self::Warm(environment, _) = self
            && let Some(freezer) = environment.freezer()
        {
            freezer.wake();
        }
    }
}

/// A place in the queue, given up when the caller is gone.
struct Queued(Arc<Instances>);

impl Queued {
    fn enter(instances: Arc<Instances>) -> Self {
        instances.state().waiting += 1;
        Self(instances)
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}
