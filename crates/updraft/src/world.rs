//! The real clock and real chance.

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use ring::rand::{SecureRandom, SystemRandom};
use updraft_kernel::{Clock, Ids};
use updraft_types::Timestamp;

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else takes the time from"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let pause = at.since(self.now());
        Box::pin(async move {
            // A short floor keeps a clock that was set back from making a loop spin.
            if !pause.is_zero() {
                tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
            }
        })
    }
}

/// The machine's random numbers.
pub struct SystemIds(SystemRandom);

impl Default for SystemIds {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Ids for SystemIds {
    fn fill(&self, out: &mut [u8]) {
        self.0.fill(out).expect("the system gives random numbers");
    }
}
