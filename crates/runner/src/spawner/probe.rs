//! Trying each part of the isolation, so that the engine can say what holds on this machine.

use std::path::Path;

use super::serve::Attempt;
use super::wire::{Part, ProbeResult};
use super::{mounts, net, privileges, sys};

/// Tries them.
pub(super) fn probe(own_uids: bool) -> Vec<ProbeResult> {
    vec![
        user(own_uids),
        tell(Part::Mounts, Ok("own root, read-only but for /tmp".to_owned()), ""),
        tell(Part::Namespaces, namespaces(), "a function would see the host's other processes"),
        tell(
            Part::Network,
            net::slot(0)
                .map(|_| "loopback only: the Runtime API and the door, no route elsewhere".to_owned()),
            "functions cannot be run: their only way to the engine is inside one",
        ),
        tell(
            Part::ReadOnlyCode,
            mounts::read_only_tree(Path::new("/usr"))
                .map(|_| "mount_setattr on /var/task and /opt".to_owned()),
            "functions cannot be run: Linux 5.12 or later is needed",
        ),
        tell(Part::NoNewPrivileges, Ok("no capabilities, no set-uid programs".to_owned()), ""),
        tell(Part::SystemCalls, Ok("51 calls refused, 4 looked into (seccomp)".to_owned()), ""),
        landlock(),
    ]
}

fn user(own_uids: bool) -> ProbeResult {
    let detail = if own_uids {
        "the engine is root; each environment has a uid of its own"
    } else {
        "the engine is not root; environments are root of a user namespace without capabilities, under \
         the engine's own uid outside"
    };
    tell(Part::User, Ok(detail.to_owned()), "")
}

fn namespaces() -> Attempt<String> {
    let namespaces = libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS | libc::CLONE_NEWCGROUP;
    match sys::clone_into(namespaces as u64, None) {
        Ok(sys::Forked::Child) => sys::exit_now(0),
        Ok(sys::Forked::Parent(_)) => Ok("a function sees its own processes only".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn landlock() -> ProbeResult {
    let holds = if privileges::landlock_works() {
        Ok("writes only below /tmp, a second lock behind the read-only root".to_owned())
    } else {
        Err("this kernel has no Landlock".to_owned())
    };
    tell(Part::Landlock, holds, "the read-only root and the uid still hold")
}

fn tell(part: Part, outcome: Attempt<String>, cost: &str) -> ProbeResult {
    let (holds, detail) = match outcome {
        Ok(detail) => (true, detail),
        Err(why) => (false, format!("{why}: {cost}")),
    };
    ProbeResult { part, holds, detail }
}
