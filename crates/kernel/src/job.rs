//! Work that must survive a crash: written in the transaction that decides it, run at least once.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use updraft_types::{Scope, Timestamp};

use crate::engine::Engine;
use crate::store::{Direction, Tx};
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
    pub kind: String,
    pub scope: Scope,
    pub payload: serde_json::Value,
    pub attempt: u32,
}

json_record!(Stored, 1);

/// Jobs by due time and id.
const JOBS: Table<(Timestamp, String), Stored> = Table::new("kernel.job");

/// How many jobs run at once; more wait for their turn in order of due time.
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
    let stored = Stored { kind: J::KIND.to_owned(), scope: scope.clone(), payload, attempt: 0 };
    JOBS.put(tx, &(at, id), &stored)
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

/// The keys of the jobs under way.
type Running = Arc<Mutex<HashSet<(Timestamp, String)>>>;

/// Runs due jobs until the engine stops.
pub(crate) async fn run_due(engine: Arc<Engine>) {
    // What a crash left behind is collected first, as a job would.
    if let Err(fault) = engine.collect_orphans().await {
        tracing::error!(error = %crate::door::chain(&fault), "unused blobs could not be collected");
    }
    let running: Running = Arc::default();
    let places = Arc::new(Semaphore::new(JOBS_RUNNING_MAX));
    loop {
        let woken = engine.jobs_changed.notified();
        let next = match start_due(&engine, &running, &places).await {
            Ok(next) => next,
            Err(fault) => {
                tracing::error!(error = %crate::door::chain(&fault), "jobs cannot be read");
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
            () = woken => {}
            () = pause => {}
            () = engine.stopped() => return,
        }
    }
}

/// Starts every due job that is not under way; answers when the next one is due.
async fn start_due(
    engine: &Arc<Engine>,
    running: &Running,
    places: &Arc<Semaphore>,
) -> std::result::Result<Option<Timestamp>, Fault> {
    let now = engine.clock().now();
    let mut due = Vec::new();
    let mut next = None;
    {
        let snapshot = engine.store().snapshot();
        let under_way = running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        JOBS.visit(&*snapshot, &JOBS.range(&(), None, Direction::Forward), |key, job| {
            if key.0 > now {
                next = Some(key.0);
                return ControlFlow::Break(());
            }
            if !under_way.contains(&key) {
                due.push((key, job));
            }
            if due.len() == JOBS_RUNNING_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    for (key, job) in due {
        let Ok(place) = places.clone().acquire_owned().await else { return Ok(None) };
        running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.clone());
        let (engine, running) = (engine.clone(), running.clone());
        tokio::spawn(async move {
            run_one(&engine, &key, job).await;
            running.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&key);
            drop(place);
            engine.jobs_changed.notify_one();
        });
    }
    Ok(next)
}

/// One attempt, and the record of how it ended.
async fn run_one(engine: &Arc<Engine>, key: &(Timestamp, String), job: Stored) {
    let Some(runner) = engine.registry().jobs.get(job.kind.as_str()).cloned() else {
        tracing::error!(kind = job.kind, "no service runs jobs of this kind; it stays");
        // Nobody can run it in this process, so it must not be found due again at once.
        std::future::pending::<()>().await;
        return;
    };
    let service = job.kind.split('.').next().unwrap_or_default().to_owned();
    let caller = Caller::service(format!("{service}.amazonaws.com"), job.scope.account, None);
    let cx = engine.enter(job.scope.clone(), caller);
    // A panic in one job ends that attempt only.
    let attempt = tokio::spawn(runner(cx, job.payload.clone())).await;
    let after = match attempt {
        Ok(Ok(None)) => None,
        Ok(Ok(Some((at, payload)))) => Some((at, Stored { payload, attempt: 0, ..job })),
        Ok(Err(error)) => again_after(engine, job, &crate::door::chain(&error)),
        Err(panic) => again_after(engine, job, &panic.to_string()),
    };
    let old = key.clone();
    let id = engine.ids().uuid();
    let settled = engine
        .transact_raw(move |tx| {
            JOBS.delete(tx, &old);
            match &after {
                Some((at, stored)) => JOBS.put(tx, &(*at, id), stored),
                None => Ok(()),
            }
        })
        .await;
    if let Err(fault) = settled {
        tracing::error!(error = %crate::door::chain(&fault), "a job's end could not be recorded; it will run again");
    }
}

fn again_after(engine: &Engine, job: Stored, error: &str) -> Option<(Timestamp, Stored)> {
    let attempt = job.attempt + 1;
    if attempt >= ATTEMPTS_MAX {
        tracing::error!(kind = job.kind, attempt, error, "job given up");
        return None;
    }
    tracing::warn!(kind = job.kind, attempt, error, "job failed; it will be tried again");
    let pause = RETRY_PAUSE_FIRST.saturating_mul(1 << attempt.min(16)).min(RETRY_PAUSE_LAST);
    Some((engine.clock().now().plus(pause), Stored { attempt, ..job }))
}
