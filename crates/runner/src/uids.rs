//! The uids of environments: one each, and a name for it, since programs ask who they are.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::config::{UID_FIRST, UID_RANGES, UIDS_NAMED};

/// Hands out uids; the lowest free one each time.
#[derive(Debug)]
pub(crate) struct Uids {
    first: u32,
    used: Mutex<BTreeSet<u32>>,
}

impl Uids {
    /// For the engine with this process id: engines side by side use different ranges.
    pub(crate) fn new(process: u32) -> Self {
        let first = UID_FIRST + (process % UID_RANGES) * UIDS_NAMED;
        Self { first, used: Mutex::default() }
    }

    /// A uid that no environment has.
    pub(crate) fn take(&self) -> u32 {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.first;
        while used.contains(&free) {
            free += 1;
        }
        used.insert(free);
        free
    }

    /// Nothing runs under it any more.
    pub(crate) fn give_back(&self, uid: u32) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).remove(&uid);
    }

    /// `/etc/passwd` in which each has a name: the one that functions have on Lambda.
    pub(crate) fn passwd(&self) -> String {
        let mut text = "root:x:0:0:root:/root:/sbin/nologin\n".to_owned();
        for uid in self.first..self.first + UIDS_NAMED {
            let _ = writeln!(text, "sbx_user1051:x:{uid}:{uid}::/home/sbx_user1051:/sbin/nologin");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_uid_is_taken_and_has_a_name() {
        let uids = Uids::new(7);
        let (one, two) = (uids.take(), uids.take());
        assert_eq!((one, two), (107_168, 107_169));
        uids.give_back(one);
        assert_eq!((uids.take(), uids.take()), (one, two + 1));
        assert!(uids.passwd().contains("\nsbx_user1051:x:107168:107168:"));
        assert_ne!(Uids::new(8).take(), one);
    }
}
