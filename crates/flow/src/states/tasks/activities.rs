//! Work that waits for a worker: activities' tasks, in order of their coming.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use updraft_lang::asl::TaskStart;
use updraft_types::Arn;

use crate::states::model::ExecutionKey;

/// A task that waits for a worker.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub key: ExecutionKey,
    pub start: TaskStart,
}

/// The tasks that wait. They are in their executions' records; here they only stand in line.
#[derive(Default)]
pub(crate) struct Activities {
    lines: Mutex<HashMap<Arn, VecDeque<Offer>>>,
    changed: Notify,
}

impl Activities {
    /// Puts a task at the end of the line.
    pub fn offer(&self, activity: Arn, key: ExecutionKey, start: TaskStart) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(activity).or_default().push_back(Offer { key, start });
        drop(lines);
        self.changed.notify_waiters();
    }

    /// Takes the first task in line; waits for one as long as it takes.
    pub async fn take(&self, activity: &Arn) -> Offer {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Enabled before the look, so that no offer in between goes unnoticed.
            changed.as_mut().enable();
            if let Some(offer) = self.first(activity) {
                return offer;
            }
            changed.await;
        }
    }

    fn first(&self, activity: &Arn) -> Option<Offer> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).get_mut(activity)?.pop_front()
    }

    /// Takes a task out of the line: nobody waits for it any more.
    pub fn forget(&self, key: &ExecutionKey, frame: u32, attempt: u64) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in lines.values_mut() {
            line.retain(|offer| {
                offer.key != *key || offer.start.frame != frame || offer.start.attempt != attempt
            });
        }
    }
}
