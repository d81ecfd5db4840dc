//! Jobs as a service sees them: each kind has its own places, and each job runs to its end once.

#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use updraft_api::ServiceInfo;
use updraft_kernel::{Job, JobEnd, Result, RunJob, ServeCx, Service};
use updraft_testkit::Bench;
use updraft_types::Timestamp;

/// More than one kind's places.
const CROWD: usize = 300;

#[derive(Serialize, Deserialize)]
struct Slow(usize);

#[derive(Serialize, Deserialize)]
struct Quick;

#[derive(Serialize, Deserialize)]
struct Thrice(u32);

impl Job for Slow {
    const KIND: &'static str = "test.slow";
}

impl Job for Quick {
    const KIND: &'static str = "test.quick";
}

impl Job for Thrice {
    const KIND: &'static str = "test.thrice";
}

#[derive(Default)]
struct Worker {
    release: Notify,
    released: AtomicBool,
    slow: Mutex<Vec<usize>>,
    under_way: AtomicUsize,
    at_most: AtomicUsize,
    quick: AtomicUsize,
    thrice: Mutex<Vec<(u32, Timestamp)>>,
}

impl Service for Worker {
    fn info(&self) -> &'static ServiceInfo {
        &updraft_api::sts::SERVICE
    }
}

impl RunJob<Slow> for Worker {
    async fn run(&self, _cx: ServeCx, job: Slow) -> Result<JobEnd<Slow>> {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.at_most.fetch_max(now, Ordering::SeqCst);
        let released = self.release.notified();
        if !self.released.load(Ordering::SeqCst) {
            released.await;
        }
        self.slow.lock().unwrap().push(job.0);
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(JobEnd::Done)
    }
}

impl RunJob<Quick> for Worker {
    async fn run(&self, _cx: ServeCx, _job: Quick) -> Result<JobEnd<Quick>> {
        self.quick.fetch_add(1, Ordering::SeqCst);
        Ok(JobEnd::Done)
    }
}

impl RunJob<Thrice> for Worker {
    async fn run(&self, cx: ServeCx, Thrice(times): Thrice) -> Result<JobEnd<Thrice>> {
        self.thrice.lock().unwrap().push((times, cx.now()));
        match times {
            3 => Ok(JobEnd::Done),
            times => Ok(JobEnd::Again(cx.now().plus(Duration::from_secs(60)), Thrice(times + 1))),
        }
    }
}

fn bench() -> (Bench, Arc<Worker>) {
    let worker = Arc::new(Worker::default());
    let bench = Bench::with(|registry| {
        registry.job::<_, Slow>(&worker);
        registry.job::<_, Quick>(&worker);
        registry.job::<_, Thrice>(&worker);
    });
    (bench.start(), worker)
}

async fn schedule<J: Job>(bench: &Bench, after: Duration, jobs: Vec<J>) {
    let work = move |cx: &mut updraft_kernel::Cx<'_>| {
        let at = cx.now().plus(after);
        Ok(jobs.iter().try_for_each(|job| cx.schedule(at, job))?)
    };
    bench.root().transact(work).await.unwrap();
}

#[tokio::test]
async fn a_crowd_of_one_kind_holds_up_no_other_and_each_of_it_runs_once() {
    let (bench, worker) = bench();
    schedule(&bench, Duration::ZERO, (0..CROWD).map(Slow).collect()).await;
    bench.until(|| worker.under_way.load(Ordering::SeqCst) == 256).await;
    schedule(&bench, Duration::ZERO, vec![Quick]).await;
    bench.until(|| worker.quick.load(Ordering::SeqCst) == 1).await;
    assert!(worker.slow.lock().unwrap().is_empty());
    worker.released.store(true, Ordering::SeqCst);
    worker.release.notify_waiters();
    bench.until(|| worker.slow.lock().unwrap().len() >= CROWD).await;
    let mut ran = worker.slow.lock().unwrap().clone();
    ran.sort_unstable();
    assert_eq!(ran, (0..CROWD).collect::<Vec<_>>());
    assert_eq!(worker.at_most.load(Ordering::SeqCst), 256);
}

#[tokio::test]
async fn an_earlier_job_does_not_wait_for_a_later_one() {
    let (bench, worker) = bench();
    let begun = bench.root().now();
    schedule(&bench, Duration::from_secs(3_600), vec![Thrice(3)]).await;
    schedule(&bench, Duration::from_secs(10), vec![Thrice(1)]).await;
    bench.until(|| worker.thrice.lock().unwrap().len() == 4).await;
    let ran: Vec<_> =
        worker.thrice.lock().unwrap().iter().map(|(n, at)| (*n, at.since(begun).as_secs())).collect();
    assert_eq!(ran, [(1, 10), (2, 70), (3, 130), (3, 3_600)]);
}
