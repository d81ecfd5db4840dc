//! A sandbox as the engine holds it, and the making of one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rustix::process::{Signal, pidfd_send_signal};
use tokio::io::unix::AsyncFd;
use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Handle;
use updraft_kernel::{Clock, Fault};

use crate::call::Ticket;
use crate::cgroup::{Cgroup, Cgroups};
use crate::config::{FILES_MAX, PROCESSES_MAX};
use crate::freezer::Freezer;
use crate::runtimes::Runtime;
use crate::spawner::{AssignSpec, EarlyStart, Request, ScratchSpec, SpawnSpec, Spawner, StartSpec};
use crate::uids::Uids;
use crate::vars;
use crate::watch::MemoryWatch;

/// The `/tmp` of runtimes that are started early: Lambda's usual size.
pub(crate) const EARLY_SCRATCH_MIB: u32 = 512;

/// What a sandbox tells when code is in place for a runtime that was started early.
const CODE_IN_PLACE: u8 = b'R';

/// How a sandbox ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The runtime ended by itself.
    Status(i32),
    /// A signal ended it.
    Signal(i32),
    /// The sandbox could not be built, or the runtime's program not be started.
    Failed(String),
}

/// Makes sandboxes.
#[derive(Debug)]
pub(crate) struct Factory {
    pub(crate) spawner: Spawner,
    pub(crate) cgroups: Cgroups,
    /// Whether sandboxes have uids of their own.
    own_uids: bool,
    door_port: u16,
    handle: Handle,
    numbers: AtomicU64,
    uids: Uids,
    templates: tokio::sync::Mutex<HashSet<&'static str>>,
    /// Every sandbox that has not ended, so that all can be ended at once.
    alive: Mutex<HashMap<u64, Arc<OwnedFd>>>,
}

/// A running sandbox. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Sandbox {
    number: u64,
    factory: Arc<Factory>,
    pidfd: Arc<OwnedFd>,
    ended: Receiver,
    told: Vec<u8>,
    /// Its `/tmp`, which a runtime that was started early has from the beginning.
    scratch: Option<Arc<Scratch>>,
    pub(crate) cgroup: Arc<Cgroup>,
    watch: Option<MemoryWatch>,
    pub(crate) api: TcpListener,
    door: Option<TcpListener>,
    logs: Option<(OwnedFd, OwnedFd)>,
    /// What must not be given back before every process has ended.
    burden: Option<Arc<Ticket>>,
}

/// A `/tmp`, which outlives the sandboxes of its environment, and the uid that owns what is in it.
#[derive(Debug)]
pub(crate) struct Scratch {
    factory: Arc<Factory>,
    pub(crate) number: u64,
    pub(crate) id: u32,
}

impl Factory {
    pub(crate) fn new(spawner: Spawner, cgroups: Cgroups, door_port: u16) -> Self {
        Self {
            spawner,
            cgroups,
            own_uids: rustix::process::geteuid().is_root(),
            door_port,
            handle: Handle::current(),
            numbers: AtomicU64::new(1),
            uids: Uids::new(std::process::id()),
            templates: tokio::sync::Mutex::new(HashSet::new()),
            alive: Mutex::new(HashMap::new()),
        }
    }

    /// Makes a sandbox for a kind of runtime, which waits for code; with the runtime started, where
    /// it is said for how much memory.
    pub(crate) async fn make(
        self: &Arc<Self>,
        runtime: &Runtime,
        started_for_mib: Option<u32>,
    ) -> Result<Sandbox, Fault> {
        self.prepare_template(runtime).await?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let slot = self.spawner.ask(Request::NetSlot { door_port: self.door_port }, Vec::new()).await?;
        let Ok([net, api, door]) = <[OwnedFd; 3]>::try_from(slot) else {
            return Err(Fault::new("make a network: the spawner answered something else"));
        };
        let made = |what: &'static str| move |error| Fault::because(what, error);
        let cgroup = self.cgroups.make(&number.to_string()).map_err(made("make a cgroup"))?;
        let (output, output_in) = std::io::pipe().map_err(made("make a log pipe"))?;
        let (frames, frames_in) = std::io::pipe().map_err(made("make a log pipe"))?;
        let (join, joined) = cgroup.join().map_err(made("open a cgroup"))?;
        let scratch = started_for_mib.map(|_| Arc::new(self.scratch()));
        let early = scratch.as_ref().zip(started_for_mib).map(|(scratch, memory_mib)| EarlyStart {
            scratch: ScratchSpec { number: scratch.number, mib: EARLY_SCRATCH_MIB },
            id: scratch.id,
            start: self.start_spec(
                runtime.managed_argv(memory_mib),
                vars::early(runtime, self.door_port),
                runtime.kind.writes_frames(),
                EARLY_SCRATCH_MIB,
            ),
        });
        let template = runtime.kind.name().to_owned();
        let spec = SpawnSpec { sandbox: number, template, cgroup: join, early };
        let fds = [net, output_in.into(), frames_in.into()].into_iter().chain(joined).collect();
        let spawned = match self.spawner.ask(Request::Spawn(spec), fds).await {
            Ok(spawned) => spawned,
            Err(fault) => {
                cgroup.remove();
                return Err(fault);
            }
        };
        let Ok([pidfd, ended]) = <[OwnedFd; 2]>::try_from(spawned) else {
            return Err(Fault::new("make a sandbox: the spawner answered something else"));
        };
        let pidfd = Arc::new(pidfd);
        self.alive().insert(number, Arc::clone(&pidfd));
        Ok(Sandbox {
            number,
            factory: Arc::clone(self),
            pidfd,
            ended: Receiver::from_owned_fd(ended).map_err(made("watch a sandbox"))?,
            told: Vec::new(),
            watch: None,
            scratch,
            cgroup: Arc::new(cgroup),
            api: listener(api).map_err(made("listen for a runtime"))?,
            door: Some(listener(door).map_err(made("listen at the door"))?),
            logs: Some((output.into(), frames.into())),
            burden: None,
        })
    }

    /// How a runtime is started, with the limits that all have.
    pub(crate) fn start_spec(
        &self,
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        frames: bool,
        scratch_mib: u32,
    ) -> StartSpec {
        StartSpec {
            argv,
            env,
            frames,
            files_max: FILES_MAX,
            processes_max: self.count_by_uid().then_some(PROCESSES_MAX),
            file_size_max: u64::from(scratch_mib) * 1024 * 1024,
        }
    }

    /// A new `/tmp` with a uid.
    pub(crate) fn scratch(self: &Arc<Self>) -> Scratch {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        Scratch { factory: Arc::clone(self), number, id: self.uids.take() }
    }

    /// Whether processes must be counted by uid, for want of a cgroup. Where all environments share
    /// one uid, that would bound them together, so nothing does.
    fn count_by_uid(&self) -> bool {
        self.own_uids && !self.cgroups.bounds_processes()
    }

    /// Ends every sandbox, busy ones too.
    pub(crate) fn end_all(&self) {
        for pidfd in self.alive().values() {
            let _ = pidfd_send_signal(pidfd.as_fd(), Signal::KILL);
        }
    }

    async fn prepare_template(&self, runtime: &Runtime) -> Result<(), Fault> {
        let mut built = self.templates.lock().await;
        if !built.contains(runtime.kind.name()) {
            self.spawner.ask(Request::Template(runtime.template(self.uids.passwd())), Vec::new()).await?;
            built.insert(runtime.kind.name());
        }
        Ok(())
    }

    fn alive(&self) -> MutexGuard<'_, HashMap<u64, Arc<OwnedFd>>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listener(fd: OwnedFd) -> std::io::Result<TcpListener> {
    let listener = std::net::TcpListener::from(fd);
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

impl Sandbox {
    /// Gives it its code and starts the runtime.
    pub(crate) async fn assign(&self, mut spec: AssignSpec) -> Result<(), Fault> {
        spec.sandbox = self.number;
        self.factory.spawner.ask(Request::Assign(Box::new(spec)), Vec::new()).await.map(drop)
    }

    /// Bounds its memory: by the kernel, or where it does not, by watching.
    pub(crate) fn limit_memory(&mut self, mib: u32, clock: &Arc<dyn Clock>) -> Result<(), Fault> {
        if self.factory.cgroups.bounds_memory() {
            let limited = self.cgroup.limit_memory(mib);
            return limited.map_err(|error| Fault::because("limit the memory of a sandbox", error));
        }
        self.watch = Some(MemoryWatch::start(Arc::clone(&self.pidfd), mib, Arc::clone(clock)));
        Ok(())
    }

    /// The most memory it ever used, as far as anybody has seen.
    pub(crate) fn memory_peak_mib(&self) -> Option<u32> {
        self.watch.as_ref().map(MemoryWatch::peak_mib).or_else(|| self.cgroup.memory_peak_mib())
    }

    /// Whether it was ended, or a process of it killed, for want of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        self.watch.as_ref().is_some_and(MemoryWatch::exceeded) || self.cgroup.ran_out_of_memory()
    }

    /// What stops it between calls.
    pub(crate) fn freezer(&self) -> Freezer {
        Freezer::new(Arc::clone(&self.cgroup), Arc::clone(&self.pidfd))
    }

    /// The pipes that its output comes from; once.
    pub(crate) fn take_logs(&mut self) -> Option<(OwnedFd, OwnedFd)> {
        self.logs.take()
    }

    /// The `/tmp` of a runtime that was started early.
    pub(crate) fn early_scratch(&self) -> Option<Arc<Scratch>> {
        self.scratch.clone()
    }

    /// Whether the code of a runtime that was started early is in place.
    pub(crate) fn has_code(&self) -> bool {
        self.told.first() == Some(&CODE_IN_PLACE)
    }

    /// The listener of the door; once.
    pub(crate) fn take_door(&mut self) -> Option<TcpListener> {
        self.door.take()
    }

    /// Keeps the right to an environment, and its uid, until every process has ended.
    pub(crate) fn burden(&mut self, ticket: Arc<Ticket>, scratch: Arc<Scratch>) {
        (self.burden, self.scratch) = (Some(ticket), Some(scratch));
    }

    /// How the sandbox ended, once it has.
    pub(crate) fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<Exit> {
        loop {
            let mut space = [0; 512];
            match self.ended.try_read(&mut space) {
                Ok(0) => return Poll::Ready(Exit::parse(&self.told)),
                Ok(read) => self.told.extend_from_slice(&space[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    if ready!(self.ended.poll_read_ready(cx)).is_err() {
                        return Poll::Ready(Exit::parse(&self.told));
                    }
                }
                Err(_) => return Poll::Ready(Exit::parse(&self.told)),
            }
        }
    }

    /// Resolves when every process in it has ended; they are killed first.
    pub(crate) async fn end(self) {
        let pidfd = Arc::clone(&self.pidfd);
        drop(self);
        wait_until_ended(pidfd).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A process in a frozen v1 cgroup takes no signal.
        self.cgroup.freeze(false);
        let _ = pidfd_send_signal(self.pidfd.as_fd(), Signal::KILL);
        let (number, factory) = (self.number, Arc::clone(&self.factory));
        let (pidfd, cgroup) = (Arc::clone(&self.pidfd), Arc::clone(&self.cgroup));
        let burden = (self.burden.take(), self.scratch.take());
        // Without an engine's runtime, the spawner ends as well and clears away.
        self.factory.handle.spawn(async move {
            wait_until_ended(pidfd).await;
            cgroup.remove();
            factory.alive().remove(&number);
            factory.spawner.tell(Request::Forget { sandbox: number });
            drop(burden);
        });
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.factory.uids.give_back(self.id);
        self.factory.spawner.tell(Request::ReleaseScratch { scratch: self.number });
    }
}

#[expect(unsafe_code, reason = "the only way to wait for a descriptor of another sort")]
async fn wait_until_ended(pidfd: Arc<OwnedFd>) {
    // A descriptor of its own: two who wait cannot register the same.
    let Ok(pidfd) = pidfd.try_clone() else { return };
    // SAFETY: an `OwnedFd` names the same open descriptor for as long as it lives, and the
    // registration owns it.
    if let Ok(pidfd) = unsafe { AsyncFd::register(pidfd) } {
        let _ = pidfd.readable().await;
    }
}

impl Exit {
    /// Reads what the sandbox's init told before it ended.
    fn parse(told: &[u8]) -> Self {
        let told = told.strip_prefix(&[CODE_IN_PLACE]).unwrap_or(told);
        match told {
            [b'X', status @ ..] if status.len() == 4 => {
                let status = i32::from_le_bytes([status[0], status[1], status[2], status[3]]);
                // The form of a wait status: the signal in the low seven bits, else the exit code above.
                match status & 0x7f {
                    0 => Self::Status((status >> 8) & 0xff),
                    signal => Self::Signal(signal),
                }
            }
            [b'F', why @ ..] => Self::Failed(String::from_utf8_lossy(why).into_owned()),
            // The init was killed with everything else.
            _ => Self::Signal(Signal::KILL.as_raw()),
        }
    }

    /// AWS's words for it: what follows `Error: ` in logs and error documents.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Status(0) => "Runtime exited without providing a reason".to_owned(),
            Self::Status(status) => format!("Runtime exited with error: exit status {status}"),
            Self::Signal(signal) => format!("Runtime exited with error: signal: {}", signal_name(*signal)),
            Self::Failed(why) => format!("Runtime failed to start: {why}"),
        }
    }

    /// The error type that goes with it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Failed(why) if why.starts_with("execute") => "Runtime.InvalidEntrypoint",
            _ => "Runtime.ExitError",
        }
    }
}

/// A signal's name as Lambda, being written in Go, prints it.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        24 => "CPU time limit exceeded",
        25 => "file size limit exceeded",
        31 => "bad system call",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_lambdas_words() {
        let told = |status: i32| {
            let mut told = vec![b'X'];
            told.extend(status.to_le_bytes());
            Exit::parse(&told).cause()
        };
        assert_eq!(told(1 << 8), "Runtime exited with error: exit status 1");
        assert_eq!(told(0), "Runtime exited without providing a reason");
        assert_eq!(told(11), "Runtime exited with error: signal: segmentation fault");
        assert_eq!(Exit::parse(b"").cause(), "Runtime exited with error: signal: killed");
        assert_eq!(Exit::parse(b"Fexecute x: gone").kind(), "Runtime.InvalidEntrypoint");
        assert_eq!(Exit::parse(b"Fjoin a cgroup: no").kind(), "Runtime.ExitError");
    }
}
