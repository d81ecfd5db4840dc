//! Bounding memory where no cgroup does: looking at the processes of a sandbox again and again, and
//! ending it when they use too much. Coarser than the kernel's limit, and better than none.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};
use tokio::task::JoinHandle;
use updraft_kernel::Clock;

/// How often a sandbox is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The most processes that are looked at; a sandbox with more is over any limit on processes.
const PROCESSES_MAX: usize = 4096;

/// A watch over one sandbox.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    peak_mib: AtomicU32,
    exceeded: AtomicBool,
}

impl MemoryWatch {
    /// Watches the sandbox whose init this is.
    pub(crate) fn start(init: Arc<OwnedFd>, limit_mib: u32, clock: Arc<dyn Clock>) -> Self {
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(watch(init, limit_mib, clock, Arc::clone(&seen)));
        Self { seen, task }
    }

    pub(crate) fn peak_mib(&self) -> u32 {
        self.seen.peak_mib.load(Ordering::Relaxed)
    }

    /// Whether the sandbox was ended for using too much.
    pub(crate) fn exceeded(&self) -> bool {
        self.seen.exceeded.load(Ordering::Relaxed)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(init: Arc<OwnedFd>, limit_mib: u32, clock: Arc<dyn Clock>, seen: Arc<Seen>) {
    // Gone already, if it has no number.
    let Some(pid) = process_of(&init) else { return };
    loop {
        let used = used_mib(pid);
        seen.peak_mib.fetch_max(used.min(limit_mib), Ordering::Relaxed);
        if used > limit_mib {
            seen.exceeded.store(true, Ordering::Relaxed);
            let _ = pidfd_send_signal(init.as_fd(), Signal::KILL);
            return;
        }
        clock.sleep_until(clock.now().plus(LOOK_EVERY)).await;
    }
}

/// The number of the process that a pidfd stands for.
fn process_of(pidfd: &OwnedFd) -> Option<u32> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()
}

/// The memory of a process and all below it that they share with no file.
fn used_mib(init: u32) -> u32 {
    let mut pages = 0;
    let mut left = vec![init];
    let mut looked_at = 0;
    while let Some(pid) = left.pop() {
        pages += private_pages(pid).unwrap_or_default();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        left.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        looked_at += 1;
        if looked_at >= PROCESSES_MAX {
            break;
        }
    }
    let page = rustix::param::page_size() as u64;
    u32::try_from(pages * page / (1024 * 1024)).unwrap_or(u32::MAX)
}

/// Resident pages less those of files, from `/proc/<pid>/statm`.
fn private_pages(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut fields = text.split(' ').skip(1).map(str::parse::<u64>);
    let (resident, shared) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(resident.saturating_sub(shared))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_of_its_own() {
        let ballast = vec![1_u8; 64 << 20];
        let used = used_mib(std::process::id());
        assert!(used >= 64, "{used}");
        assert_eq!(ballast[ballast.len() - 1], 1);
        assert_eq!(private_pages(u32::MAX), None);
    }
}
