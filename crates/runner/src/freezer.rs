//! Stopping environments between calls, as Lambda does.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Signal, pidfd_send_signal};

use crate::cgroup::Cgroup;

/// Freezes an idle environment. Whoever freezes and whoever uses it meet here, so that none is
/// frozen in the middle of a call.
#[derive(Debug)]
pub(crate) struct Freezer {
    cgroup: Arc<Cgroup>,
    init: Arc<OwnedFd>,
    state: Mutex<FreezerState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FreezerState {
    Busy,
    Idle,
    Frozen,
}

impl Freezer {
    pub(crate) fn new(cgroup: Arc<Cgroup>, init: Arc<OwnedFd>) -> Self {
        Self { cgroup, init, state: Mutex::new(FreezerState::Busy) }
    }

    /// A call has ended.
    pub(crate) fn rest(&self) {
        *self.state() = FreezerState::Idle;
    }

    /// A call begins.
    pub(crate) fn wake(&self) {
        let mut state = self.state();
        if *state == FreezerState::Frozen {
            self.stop(false);
        }
        *state = FreezerState::Busy;
    }

    /// Freezes it if it is idle.
    pub(crate) fn freeze(&self) {
        let mut state = self.state();
        if *state == FreezerState::Idle {
            self.stop(true);
            *state = FreezerState::Frozen;
        }
    }

    /// Where there is no freezer, the sandbox's init stops and continues the others.
    fn stop(&self, stopped: bool) {
        if !self.cgroup.freeze(stopped) {
            let signal = if stopped { Signal::USR1 } else { Signal::USR2 };
            let _ = pidfd_send_signal(&self.init, signal);
        }
    }

    /// The sandbox ends: never freeze it again.
    pub(crate) fn retire(&self) {
        self.wake();
    }

    fn state(&self) -> MutexGuard<'_, FreezerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
