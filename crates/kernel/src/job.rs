//! Work that must survive a crash: written in the transaction that decides it, run at least once.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use updraft_types::{Scope, Timestamp};

use crate::engine::Engine;
use crate::store::Tx;
use crate::{Caller, Fault, Result, ServeCx, Service, Table, json_record};

/// A kind of job and its payload.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Unique over all services: `cloudformation.step`.
    const KIND: &'static str;
}

/// Runs jobs of one kind. A job may run again after a crash at any point, so it is idempotent.
pub trait RunJob<J: Job>: Service {
    /// One attempt.
    fn run(&self, cx: ServeCx, job: J) -> impl Future<Output = Result<JobEnd<J>>> + Send;
}

/// How an attempt ended. An `Err` is retried with growing pauses.
#[derive(Debug)]
pub enum JobEnd<J> {
    /// The job is done.
    Done,
    /// The job goes on at a later time, with a new payload.
    Again(Timestamp, J),
}

/// A stored job.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stored {
    pub scope: Scope,
    pub payload: serde_json::Value,
    pub attempt: u32,
}

json_record!(Stored, 1);

/// Jobs by kind, due time and id.
const JOBS: Table<(String, Timestamp, String), Stored> = Table::new("kernel.due");

/// How many jobs of one kind run at once; more wait for their turn in order of due time. Each kind
/// has places of its own, so that functions that sleep hold up no stack.
const JOBS_RUNNING_MAX: usize = 256;

/// Pauses between attempts double from the first to the last.
const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(100);
const RETRY_PAUSE_LAST: Duration = Duration::from_secs(60);

/// After so many failed attempts a job is dropped with an error in the log. At the longest pause
/// this is a day.
const ATTEMPTS_MAX: u32 = 1_440;

/// Writes a job.
pub(crate) fn schedule<J: Job>(
    tx: &mut dyn Tx,
    at: Timestamp,
    id: String,
    scope: &Scope,
    job: &J,
) -> std::result::Result<(), Fault> {
    let payload =
        serde_json::to_value(job).map_err(|e| Fault::because(format!("write job {}", J::KIND), e))?;
    let stored = Stored { scope: scope.clone(), payload, attempt: 0 };
    JOBS.put(tx, &(J::KIND.to_owned(), at, id), &stored)
}

/// How the engine runs a kind of job without knowing its type.
pub(crate) type Runner = Arc<
    dyn Fn(ServeCx, serde_json::Value) -> BoxFuture<'static, Result<Option<(Timestamp, serde_json::Value)>>>
        + Send
        + Sync,
>;

/// The type-erased runner of `J` on `service`.
pub(crate) fn runner<S: RunJob<J>, J: Job>(service: Arc<S>) -> Runner {
    Arc::new(move |cx, payload| {
        let service = service.clone();
        Box::pin(async move {
            let job = serde_json::from_value(payload)
                .map_err(|e| Fault::because(format!("read job {}", J::KIND), e))?;
            match service.run(cx, job).await? {
                JobEnd::Done => Ok(None),
                JobEnd::Again(at, job) => {
                    let payload = serde_json::to_value(&job)
                        .map_err(|e| Fault::because(format!("write job {}", J::KIND), e))?;
                    Ok(Some((at, payload)))
                }
            }
        })
    })
}

/// A job's due time and id: its key within its kind.
type Key = (Timestamp, String);

/// The jobs of one kind in this process.
#[derive(Debug)]
pub(crate) struct Queue {
    /// No job that is not under way is due before this. Jobs that ended leave gaps that a search from
    /// the beginning would have to cross each time.
    from: Mutex<Timestamp>,
    under_way: Mutex<HashSet<Key>>,
    changed: Notify,
}

impl Queue {
    /// Before the first search.
    pub(crate) fn new() -> Self {
        Self { from: Mutex::new(Timestamp::EPOCH), under_way: Mutex::default(), changed: Notify::new() }
    }

    /// A job that is due then has been committed.
    pub(crate) fn committed(&self, due: Timestamp) {
        self.look_from(due);
        self.changed.notify_one();
    }

    fn look_from(&self, time: Timestamp) {
        let mut from = lock(&self.from);
        *from = (*from).min(time);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs due jobs of every kind until the engine stops.
pub(crate) async fn run_due(engine: Arc<Engine>) {
    // What a crash left behind is collected first, as a job would.
    if let Err(fault) = engine.collect_orphans().await {
        tracing::error!(error = %crate::door::chain(&fault), "unused blobs could not be collected");
    }
    for (kind, queue) in engine.queues() {
        tokio::spawn(run_kind(engine.clone(), kind, queue.clone()));
    }
}

async fn run_kind(engine: Arc<Engine>, kind: &'static str, queue: Arc<Queue>) {
    loop {
        let next = match start_due(&engine, kind, &queue) {
            Ok(next) => next,
            Err(fault) => {
                tracing::error!(kind, error = %crate::door::chain(&fault), "jobs cannot be read");
                Some(engine.clock().now().plus(RETRY_PAUSE_LAST))
            }
        };
        let pause = async {
            match next {
                Some(at) => engine.clock().sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = queue.changed.notified() => {}
            () = pause => {}
            () = engine.stopped() => return,
        }
    }
}

/// Starts due jobs that are not under way, as many as there are places; answers when the next one is
/// due.
fn start_due(
    engine: &Arc<Engine>,
    kind: &'static str,
    queue: &Arc<Queue>,
) -> std::result::Result<Option<Timestamp>, Fault> {
    let places = JOBS_RUNNING_MAX.saturating_sub(lock(&queue.under_way).len());
    if places == 0 {
        return Ok(None);
    }
    // Commits from here on lower the mark again; the snapshot holds all that came before.
    let from = std::mem::replace(&mut *lock(&queue.from), Timestamp::MAX);
    let found = find_due(engine, kind, queue, from, places);
    queue.look_from(found.as_ref().map_or(from, |found| found.reached));
    let found = found?;
    for (key, job) in found.due {
        lock(&queue.under_way).insert(key.clone());
        let (engine, queue) = (engine.clone(), queue.clone());
        tokio::spawn(async move {
            let settled = run_one(&engine, kind, &key, job).await;
            lock(&queue.under_way).remove(&key);
            match settled {
                Some(again) => queue.committed(again),
                None => queue.changed.notify_one(),
            }
        });
    }
    Ok(found.next)
}

/// What a search found.
struct Found {
    due: Vec<(Key, Stored)>,
    /// When the first job is due that is not due yet.
    next: Option<Timestamp>,
    /// How far it came.
    reached: Timestamp,
}

fn find_due(
    engine: &Engine,
    kind: &str,
    queue: &Queue,
    from: Timestamp,
    places: usize,
) -> std::result::Result<Found, Fault> {
    let now = engine.clock().now();
    let mut found = Found { due: Vec::new(), next: None, reached: Timestamp::MAX };
    // Before the snapshot: a job that ends between the two is gone from both.
    let under_way = lock(&queue.under_way).clone();
    let snapshot = engine.store().snapshot();
    let first = (kind.to_owned(), from, String::new());
    JOBS.visit(&*snapshot, &JOBS.starting_at(&first.0, &first), |(_, due, id), job| {
        if due > now {
            (found.next, found.reached) = (Some(due), due);
            return ControlFlow::Break(());
        }
        let key = (due, id);
        if !under_way.contains(&key) {
            found.due.push((key, job));
        }
        if found.due.len() == places {
            found.reached = due;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// One attempt, and the record of how it ended; answers when the job is due again, if it is.
async fn run_one(engine: &Arc<Engine>, kind: &'static str, key: &Key, job: Stored) -> Option<Timestamp> {
    let runner = engine.registry().jobs.get(kind)?.clone();
    let service = kind.split('.').next().unwrap_or_default();
    let caller = Caller::service(format!("{service}.amazonaws.com"), job.scope.account, None);
    let cx = engine.enter(job.scope.clone(), caller);
    // A panic in one job ends that attempt only.
    let attempt = tokio::spawn(runner(cx, job.payload.clone())).await;
    let after = match attempt {
        Ok(Ok(None)) => None,
        Ok(Ok(Some((at, payload)))) => Some((at, Stored { payload, attempt: 0, ..job })),
        Ok(Err(error)) => again_after(engine, kind, job, &crate::door::chain(&error)),
        Err(panic) => again_after(engine, kind, job, &panic.to_string()),
    };
    let again = after.as_ref().map(|(at, _)| *at);
    let old = (kind.to_owned(), key.0, key.1.clone());
    let id = engine.ids().uuid();
    let settled = engine
        .transact_raw(move |tx| {
            JOBS.delete(tx, &old);
            match &after {
                Some((at, stored)) => JOBS.put(tx, &(kind.to_owned(), *at, id), stored),
                None => Ok(()),
            }
        })
        .await;
    match settled {
        Ok(()) => again,
        Err(fault) => {
            tracing::error!(kind, error = %crate::door::chain(&fault), "a job's end could not be recorded; it will run again");
            Some(key.0)
        }
    }
}

fn again_after(engine: &Engine, kind: &str, job: Stored, error: &str) -> Option<(Timestamp, Stored)> {
    let attempt = job.attempt + 1;
    if attempt >= ATTEMPTS_MAX {
        tracing::error!(kind, attempt, error, "job given up");
        return None;
    }
    tracing::warn!(kind, attempt, error, "job failed; it will be tried again");
    let pause = RETRY_PAUSE_FIRST.saturating_mul(1 << attempt.min(16)).min(RETRY_PAUSE_LAST);
    Some((engine.clock().now().plus(pause), Stored { attempt, ..job }))
}
