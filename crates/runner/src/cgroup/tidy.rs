//! Removing the directories of engines that are no more.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// How the directories of engines begin.
pub(crate) const PREFIX: &str = "updraft.";

/// Removes the directories of dead engines below `parent`, and what still runs in them.
pub(super) fn remove_stale(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let engine = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('.').next()?.parse().ok().and_then(Pid::from_raw));
        if engine.is_some_and(|pid| test_kill_process(pid).is_err()) {
            kill_below(&entry.path());
            remove_below(&entry.path());
        }
    }
}

fn kill_below(path: &Path) {
    thaw_below(path);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let processes = fs::read_to_string(entry.path().join("cgroup.procs")).unwrap_or_default();
        for pid in processes.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Lets every frozen environment of an engine go on, so that it can be killed.
pub(crate) fn thaw_below(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let state = entry.path().join("freezer.state");
        if state.exists() {
            let _ = fs::write(state, "THAWED");
        }
    }
}

/// Removes an engine's directory with those of its environments.
pub(crate) fn remove_below(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            let _ = fs::remove_dir(entry.path());
        }
    }
    let _ = fs::remove_dir(path);
}
