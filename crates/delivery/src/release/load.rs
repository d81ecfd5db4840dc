//! Declared requests, sent at a steady rate while real traffic is thin. Open loop: a slow answer does
//! not slow the next request down, as real users would not wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::client::HttpClient;
use crate::config::{Load, LoadRequest};

/// Requests that may be unanswered at once; more are not sent, and counted as skipped. Each may cost an
/// execution environment: more than this and a small machine is busy with starting them, which slows
/// every request down and asks for still more.
const IN_FLIGHT_MAX: usize = 32;
/// How long a request may take: as long as an HTTP API waits for its integration (30 s).
const TIMEOUT: Duration = Duration::from_secs(30);

/// Chooses requests by weight, evenly spread: the one that is most behind its share comes next.
#[derive(Debug, Clone)]
pub struct Pick {
    weights: Vec<f64>,
    credit: Vec<f64>,
}

impl Pick {
    /// Over these weights.
    #[must_use]
    pub fn new(weights: Vec<f64>) -> Self {
        Self { credit: vec![0.0; weights.len()], weights }
    }
}

impl Iterator for Pick {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let total: f64 = self.weights.iter().sum();
        for (credit, weight) in self.credit.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let (most, _) = self.credit.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        self.credit[most] -= total;
        Some(most)
    }
}

/// Sends an app's declared requests until it is dropped.
pub struct LoadGenerator {
    task: JoinHandle<()>,
    sent: Arc<AtomicU64>,
    skipped: Arc<AtomicU64>,
}

impl LoadGenerator {
    /// Begins to send `load` to the app at `url`.
    #[must_use]
    pub fn start(http: HttpClient, url: &str, load: &Load, rate: f64) -> Self {
        let (sent, skipped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let requests: Arc<[LoadRequest]> = load.requests.clone().into();
        let work =
            send(http, url.trim_end_matches('/').to_owned(), requests, rate, sent.clone(), skipped.clone());
        Self { task: tokio::spawn(work), sent, skipped }
    }

    /// How many requests were sent, and how many were not because too many were unanswered.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.skipped.load(Ordering::Relaxed))
    }
}

impl Drop for LoadGenerator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn send(
    http: HttpClient,
    url: String,
    requests: Arc<[LoadRequest]>,
    rate: f64,
    sent: Arc<AtomicU64>,
    skipped: Arc<AtomicU64>,
) {
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let slots = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let pick = Pick::new(requests.iter().map(|request| request.weight).collect());
    for index in pick {
        pace.tick().await;
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            skipped.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let request = requests[index].clone();
        let (http, url) = (http.clone(), format!("{url}{}", request.path));
        sent.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            // What comes of it is the engine's to count; that it was sent is all that matters here.
            let body = request.body.map(Bytes::from).unwrap_or_default();
            let answer = http.send(&request.method, &url, &request.headers, body, TIMEOUT).await;
            if let Err(error) = answer {
                tracing::debug!(%error, %url, "a declared request was not answered");
            }
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_by_weight_and_evenly() {
        let picked: Vec<_> = Pick::new(vec![3.0, 1.0]).take(8).collect();
        assert_eq!(picked.iter().filter(|index| **index == 0).count(), 6);
        assert!(!picked.windows(4).any(|four| four.iter().all(|index| *index == 0)), "{picked:?}");
    }
}
