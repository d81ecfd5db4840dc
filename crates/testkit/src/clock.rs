//! A clock that stands still until it is moved.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use updraft_kernel::Clock;
use updraft_types::Timestamp;

/// Virtual time: waits resolve when a test moves the clock past them.
pub struct VirtualClock {
    now: watch::Sender<Timestamp>,
    /// The earliest wait not yet over; lets a test leap to it.
    waits: Mutex<Vec<Timestamp>>,
}

/// Where a virtual clock begins: 2026-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_millis(1_767_225_600_000);

impl Default for VirtualClock {
    fn default() -> Self {
        Self { now: watch::Sender::new(BEGIN), waits: Mutex::default() }
    }
}

impl VirtualClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = now.plus(by));
    }

    /// Leaps to the earliest wait, if there is one, and says whether there was.
    pub fn leap(&self) -> bool {
        let now = *self.now.borrow();
        let mut waits = self.waits.lock().expect("no test panics while it holds the clock");
        waits.retain(|at| *at > now);
        let Some(next) = waits.iter().min().copied() else { return false };
        drop(waits);
        self.now.send_replace(next);
        true
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        self.waits.lock().expect("no test panics while it holds the clock").push(at);
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // When the clock is gone, nobody waits in earnest any more.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}
