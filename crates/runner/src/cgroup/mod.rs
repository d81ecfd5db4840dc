//! Limits on memory, processes and CPU, and the freezer: cgroup v2 where it is delegated to us, v1
//! controllers where the machine still has them, nothing where neither is ours to use.
//!
//! Every engine has one directory per hierarchy, `updraft.<pid>.<n>`, with one directory per
//! environment in it. Directories of engines that are no more are removed at the next start.

mod find;
mod tidy;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use tidy::{remove_below, thaw_below};

use crate::config::{CPU_PERIOD, MEMORY_PER_CPU_MIB, PROCESSES_MAX};
use crate::spawner::CgroupJoin;

const MIB: u64 = 1024 * 1024;

/// The least CPU time per period that the kernel accepts.
const CPU_QUOTA_MIN: Duration = Duration::from_millis(1);

/// What the machine lets us use.
#[derive(Debug)]
pub(crate) enum Cgroups {
    /// One hierarchy.
    V2(PathBuf),
    /// One directory per controller; each may be missing.
    V1(Controllers<Option<PathBuf>>),
    /// Nothing.
    None(String),
}

/// Something for each controller of v1 that is used here.
#[derive(Debug, Default)]
pub(crate) struct Controllers<T> {
    pub(crate) memory: T,
    pub(crate) pids: T,
    pub(crate) cpu: T,
    pub(crate) freezer: T,
}

impl Cgroups {
    /// Finds what there is, removes what dead engines left, and makes this engine's directories.
    pub(crate) fn set_up(mark: &str) -> Self {
        find::set_up(mark)
    }

    /// This engine's directories, for whoever removes them when it is gone.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        match self {
            Self::V2(root) => vec![root.clone()],
            Self::V1(roots) => roots.each().into_iter().flatten().cloned().collect(),
            Self::None(_) => Vec::new(),
        }
    }

    /// Whether the kernel bounds memory here.
    pub(crate) fn bounds_memory(&self) -> bool {
        match self {
            Self::V2(_) => true,
            Self::V1(roots) => roots.memory.is_some(),
            Self::None(_) => false,
        }
    }

    /// Whether processes are counted here.
    pub(crate) fn bounds_processes(&self) -> bool {
        match self {
            Self::V2(_) => true,
            Self::V1(roots) => roots.pids.is_some(),
            Self::None(_) => false,
        }
    }

    /// A cgroup for one environment, with no limits but that of processes.
    pub(crate) fn make(&self, name: &str) -> io::Result<Cgroup> {
        let at = match self {
            Self::V2(root) => Place::V2(make_dir(root, name)?),
            Self::V1(roots) => {
                let make =
                    |root: &Option<PathBuf>| root.as_ref().map(|root| make_dir(root, name)).transpose();
                Place::V1(Controllers {
                    memory: make(&roots.memory)?,
                    pids: make(&roots.pids)?,
                    cpu: make(&roots.cpu)?,
                    freezer: make(&roots.freezer)?,
                })
            }
            Self::None(_) => Place::None,
        };
        let cgroup = Cgroup { peak: at.open_peak(), at };
        if let Some(pids) = cgroup.at.pids() {
            fs::write(pids.join("pids.max"), PROCESSES_MAX.to_string())?;
        }
        Ok(cgroup)
    }
}

impl<T> Controllers<T> {
    fn each(&self) -> [&T; 4] {
        [&self.memory, &self.pids, &self.cpu, &self.freezer]
    }
}

fn make_dir(root: &Path, name: &str) -> io::Result<PathBuf> {
    let path = root.join(name);
    fs::create_dir(&path)?;
    Ok(path)
}

/// The cgroup of one environment.
#[derive(Debug)]
pub(crate) struct Cgroup {
    at: Place,
    /// The high-water mark of memory, kept open: it is read after every call.
    peak: Option<File>,
}

#[derive(Debug)]
enum Place {
    V2(PathBuf),
    V1(Controllers<Option<PathBuf>>),
    None,
}

impl Place {
    fn memory(&self) -> Option<&PathBuf> {
        match self {
            Self::V2(path) => Some(path),
            Self::V1(paths) => paths.memory.as_ref(),
            Self::None => None,
        }
    }

    fn pids(&self) -> Option<&PathBuf> {
        match self {
            Self::V2(path) => Some(path),
            Self::V1(paths) => paths.pids.as_ref(),
            Self::None => None,
        }
    }

    fn open_peak(&self) -> Option<File> {
        let open = |name| File::open(self.memory()?.join(name)).ok();
        match self {
            // Before Linux 5.19 there is no high-water mark in v2, only the present use.
            Self::V2(_) => open("memory.peak").or_else(|| open("memory.current")),
            Self::V1(_) => open("memory.max_usage_in_bytes"),
            Self::None => None,
        }
    }
}

impl Cgroup {
    /// How a new process gets in, and the descriptors it needs for that.
    pub(crate) fn join(&self) -> io::Result<(CgroupJoin, Vec<OwnedFd>)> {
        match &self.at {
            Place::V2(path) => Ok((CgroupJoin::Born, vec![File::open(path)?.into()])),
            Place::V1(paths) => {
                let open = |path: &PathBuf| OpenOptions::new().write(true).open(path.join("cgroup.procs"));
                let fds = paths.each().into_iter().flatten().map(|path| open(path).map(OwnedFd::from));
                Ok((CgroupJoin::Write, fds.collect::<io::Result<_>>()?))
            }
            Place::None => Ok((CgroupJoin::None, Vec::new())),
        }
    }

    /// Bounds the memory; a process that goes past it is killed.
    pub(crate) fn limit_memory(&self, mib: u32) -> io::Result<()> {
        let bytes = (u64::from(mib) * MIB).to_string();
        match &self.at {
            Place::V2(path) => {
                fs::write(path.join("memory.max"), bytes)?;
                // One killed process of a runtime leaves no working whole. Both are missing on some
                // machines, and the limit holds without them.
                let _ = fs::write(path.join("memory.oom.group"), "1");
                let _ = fs::write(path.join("memory.swap.max"), "0");
                Ok(())
            }
            Place::V1(Controllers { memory: Some(path), .. }) => {
                fs::write(path.join("memory.limit_in_bytes"), &bytes)?;
                // Missing where the kernel does not account for swap.
                let _ = fs::write(path.join("memory.memsw.limit_in_bytes"), &bytes);
                Ok(())
            }
            Place::V1(_) | Place::None => Ok(()),
        }
    }

    /// Gives the CPU share that comes with the memory. Only after the init phase: starting a runtime
    /// on a small share takes many times as long, and Lambda does not bound it then either.
    pub(crate) fn limit_cpu(&self, memory_mib: u32) -> io::Result<()> {
        let period = CPU_PERIOD.as_micros() as u64;
        let share = period * u64::from(memory_mib) / MEMORY_PER_CPU_MIB;
        let quota = share.max(CPU_QUOTA_MIN.as_micros() as u64);
        match &self.at {
            Place::V2(path) => fs::write(path.join("cpu.max"), format!("{quota} {period}")),
            Place::V1(Controllers { cpu: Some(path), .. }) => {
                fs::write(path.join("cpu.cfs_period_us"), period.to_string())?;
                fs::write(path.join("cpu.cfs_quota_us"), quota.to_string())
            }
            Place::V1(_) | Place::None => Ok(()),
        }
    }

    /// Stops every process, or lets them go on. `false` where there is no freezer.
    pub(crate) fn freeze(&self, frozen: bool) -> bool {
        match &self.at {
            Place::V2(path) => fs::write(path.join("cgroup.freeze"), if frozen { "1" } else { "0" }).is_ok(),
            Place::V1(Controllers { freezer: Some(path), .. }) => {
                fs::write(path.join("freezer.state"), if frozen { "FROZEN" } else { "THAWED" }).is_ok()
            }
            Place::V1(_) | Place::None => false,
        }
    }

    /// The most memory it ever used, in mebibytes, rounded up.
    pub(crate) fn memory_peak_mib(&self) -> Option<u32> {
        let mut text = [0; 32];
        let read = self.peak.as_ref()?.read_at(&mut text, 0).ok()?;
        let bytes: u64 = std::str::from_utf8(&text[..read]).ok()?.trim().parse().ok()?;
        u32::try_from(bytes.div_ceil(MIB)).ok()
    }

    /// Whether a process was killed for want of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let (path, name) = match (&self.at, self.at.memory()) {
            (Place::V2(_), Some(path)) => (path, "memory.events"),
            (Place::V1(_), Some(path)) => (path, "memory.oom_control"),
            _ => return false,
        };
        let text = fs::read_to_string(path.join(name)).unwrap_or_default();
        text.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count.trim() != "0"))
    }

    /// Removes it; its processes have ended.
    pub(crate) fn remove(&self) {
        let paths = match &self.at {
            Place::V2(path) => vec![path],
            Place::V1(paths) => paths.each().into_iter().flatten().collect(),
            Place::None => Vec::new(),
        };
        for path in paths {
            if let Err(error) = fs::remove_dir(path) {
                tracing::debug!(path = %path.display(), %error, "a cgroup stays until the engine ends");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: PathBuf) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn v2_limits_are_written_as_the_kernel_reads_them() {
        let root = tempfile::tempdir().unwrap();
        let cgroup = Cgroups::V2(root.path().to_owned()).make("7").unwrap();
        cgroup.limit_memory(128).unwrap();
        cgroup.limit_cpu(1769).unwrap();
        assert!(cgroup.freeze(true));
        let file = |name: &str| read(root.path().join("7").join(name));
        assert_eq!(file("memory.max"), "134217728");
        assert_eq!(file("cpu.max"), "20000 20000");
        assert_eq!(file("pids.max"), "1024");
        assert_eq!(file("cgroup.freeze"), "1");
        assert_eq!(cgroup.join().unwrap().0, CgroupJoin::Born);
        fs::write(root.path().join("7/memory.events"), "low 0\noom 1\noom_kill 2\n").unwrap();
        assert!(cgroup.ran_out_of_memory());
    }

    #[test]
    fn v1_limits_are_written_to_each_controller_there_is() {
        let root = tempfile::tempdir().unwrap();
        let controller = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir(&path).unwrap();
            Some(path)
        };
        let (memory, pids, cpu) = (controller("memory"), controller("pids"), controller("cpu"));
        let cgroups = Cgroups::V1(Controllers { memory, pids, cpu, freezer: None });
        let cgroup = cgroups.make("7").unwrap();
        cgroup.limit_memory(256).unwrap();
        cgroup.limit_cpu(64).unwrap();
        let file = |name: &str| read(root.path().join(name));
        assert_eq!(file("memory/7/memory.limit_in_bytes"), "268435456");
        // The least that the kernel accepts is more than this share.
        assert_eq!(file("cpu/7/cpu.cfs_quota_us"), "1000");
        assert_eq!(file("pids/7/pids.max"), "1024");
        assert!(!cgroup.freeze(true), "there is no freezer");
        assert!(!cgroup.ran_out_of_memory());
        cgroup.remove();
    }

    #[test]
    fn the_high_water_mark_is_read_anew_each_time() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().join("7");
        fs::create_dir(&at).unwrap();
        fs::write(at.join("memory.peak"), "1048577\n").unwrap();
        let place = Place::V2(at.clone());
        let cgroup = Cgroup { peak: place.open_peak(), at: place };
        assert_eq!(cgroup.memory_peak_mib(), Some(2));
        fs::write(at.join("memory.peak"), "5242880\n").unwrap();
        assert_eq!(cgroup.memory_peak_mib(), Some(5));
    }
}
