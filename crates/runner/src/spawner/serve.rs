//! The spawner's loop: one request, one answer, in order.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::{Signal, pidfd_send_signal};

use super::wire::{
    AssignSpec, Assignment, CgroupJoin, EarlyStart, Reply, Request, ScratchSpec, SpawnSpec, Started,
    borrowed, receive, send,
};
use super::{init, mounts, net, probe, sys, template};

/// The namespaces of every sandbox. The network namespace is made beforehand and joined.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u64;

/// How long killed sandboxes may take to end when the engine is gone.
const LAST_WAIT_SECS: i64 = 5;

/// How often the removal of cgroups is tried; what is left then, the next engine removes.
const REMOVALS_MAX: usize = 40;

/// What could not be done.
pub(super) type Attempt<T> = Result<T, String>;

/// Names what failed.
pub(super) fn tried<T, E: Display>(result: Result<T, E>, what: impl Display) -> Attempt<T> {
    result.map_err(|error| format!("{what}: {error}"))
}

struct Child {
    pidfd: OwnedFd,
    control: OwnedFd,
}

struct Server {
    base: PathBuf,
    /// Whether sandboxes get uids of their own; a rootless spawner has only one to give.
    own_uids: bool,
    sandboxes: HashMap<u64, Child>,
    scratches: HashSet<u64>,
    cgroups: Vec<PathBuf>,
}

/// Serves the socket that is standard input, until it closes.
pub(super) fn run() -> ExitCode {
    let socket = std::io::stdin();
    match Server::set_up() {
        Ok(mut server) => {
            server.serve(socket.as_fd());
            server.end();
            ExitCode::SUCCESS
        }
        Err(error) => {
            // The first request is answered with the reason, so that the engine can say it.
            let _ = receive::<Request>(socket.as_fd());
            let _ = send(socket.as_fd(), &Reply::Failed(error), &[]);
            ExitCode::FAILURE
        }
    }
}

impl Server {
    fn set_up() -> Attempt<Self> {
        let base = std::env::args_os().nth(1).map(PathBuf::from).ok_or("the spawner needs its directory")?;
        // A session of its own: a terminal's interrupt is for the engine, which ends us in order.
        let _ = rustix::process::setsid();
        let own_uids = rustix::process::geteuid().is_root();
        if own_uids {
            tried(sys::unshare(libc::CLONE_NEWNS), "make a mount namespace")?;
        } else {
            enter_user_namespace()?;
        }
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        tried(mount_change("/", private), "make mounts private")?;
        let options = c"mode=0755,size=1m";
        tried(
            mount("tmpfs", &base, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options),
            "mount scratch",
        )?;
        sys::reap_children_automatically(true);
        Ok(Self { base, own_uids, sandboxes: HashMap::new(), scratches: HashSet::new(), cgroups: Vec::new() })
    }

    fn serve(&mut self, socket: impl AsFd) {
        while let Ok(Some((request, fds))) = receive::<Request>(socket.as_fd()) {
            let (reply, answered) = match self.answer(request, fds) {
                Ok((reply, fds)) => (reply, fds),
                Err(error) => (Reply::Failed(error), Vec::new()),
            };
            if send(socket.as_fd(), &reply, &borrowed(&answered)).is_err() {
                break;
            }
        }
    }

    fn answer(&mut self, request: Request, fds: Vec<OwnedFd>) -> Attempt<(Reply, Vec<OwnedFd>)> {
        match request {
            Request::Probe => return Ok((Reply::Probed(probe::probe(self.own_uids)), Vec::new())),
            Request::Template(spec) => template::build(&self.base, &spec)?,
            Request::NetSlot { door_port } => return Ok((Reply::Done, net::slot(door_port)?)),
            Request::Spawn(spec) => return self.spawn(&spec, fds),
            Request::Assign(spec) => self.assign(&spec)?,
            Request::Forget { sandbox } => drop(self.sandboxes.remove(&sandbox)),
            Request::ReleaseScratch { scratch } => self.release_scratch(scratch),
            Request::OwnCgroups(paths) => self.cgroups = paths,
        }
        Ok((Reply::Done, Vec::new()))
    }

    fn spawn(&mut self, spec: &SpawnSpec, fds: Vec<OwnedFd>) -> Attempt<(Reply, Vec<OwnedFd>)> {
        let mut fds = fds.into_iter();
        let (Some(net), Some(output), Some(frames)) = (fds.next(), fds.next(), fds.next()) else {
            return Err("spawn a sandbox: descriptors are missing".to_owned());
        };
        let cgroups: Vec<OwnedFd> = fds.collect();
        let early = match &spec.early {
            Some(early) => Some((self.scratch_tree(early.scratch)?, self.started(early))),
            None => None,
        };
        let (control, inside) = tried(control_pair(), "make a control socket")?;
        let (ended, status) =
            tried(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC), "make a pipe")?;
        let born_in = match spec.cgroup {
            CgroupJoin::Born => cgroups.first().map(AsFd::as_fd),
            CgroupJoin::None | CgroupJoin::Write => None,
        };
        match tried(sys::clone_into(NAMESPACES, born_in), "clone into new namespaces")? {
            sys::Forked::Child => init::run(init::Seat {
                root: template::root(&self.base, &spec.template),
                net,
                output,
                frames,
                control: inside,
                status,
                early,
                cgroups: if spec.cgroup == CgroupJoin::Write { cgroups } else { Vec::new() },
            }),
            sys::Forked::Parent(pidfd) => {
                let for_engine = tried(pidfd.try_clone(), "copy a pidfd")?;
                self.sandboxes.insert(spec.sandbox, Child { pidfd, control });
                Ok((Reply::Done, vec![for_engine, ended]))
            }
        }
    }

    fn assign(&mut self, spec: &AssignSpec) -> Attempt<()> {
        let mut places = vec![PathBuf::from("/var/task")];
        let mut trees = vec![mounts::read_only_tree(&spec.code)?];
        if !spec.layers.is_empty() {
            places.push("/opt".into());
            trees.push(mounts::layers(&spec.layers)?);
        }
        if let Some(late) = &spec.late {
            places.push("/tmp".into());
            trees.push(self.scratch_tree(late.scratch)?);
        }
        let late = spec.late.as_ref().map(|late| self.started(late));
        let child = self.sandboxes.get(&spec.sandbox).ok_or("assign code: the sandbox is gone")?;
        let assignment = Assignment { places, late };
        tried(send(child.control.as_fd(), &assignment, &borrowed(&trees)), "reach the sandbox")
    }

    fn started(&self, early: &EarlyStart) -> Started {
        Started { id: self.own_uids.then_some(early.id), start: early.start.clone() }
    }

    /// A `/tmp`, ready to be put into a sandbox; made if it is new.
    fn scratch_tree(&mut self, scratch: ScratchSpec) -> Attempt<OwnedFd> {
        let path = self.base.join(format!("tmp-{}", scratch.number));
        if self.scratches.insert(scratch.number) {
            mounts::make_scratch(&path, scratch.mib)?;
        }
        mounts::tree(&path)
    }

    fn release_scratch(&mut self, scratch: u64) {
        if self.scratches.remove(&scratch) {
            let path = self.base.join(format!("tmp-{scratch}"));
            let _ = unmount(&path, UnmountFlags::DETACH);
            let _ = fs::remove_dir(&path);
        }
    }

    /// The engine is gone: so is everything it had started.
    fn end(&mut self) {
        for cgroup in &self.cgroups {
            // Processes in a frozen v1 cgroup take no signal, not even this one.
            crate::cgroup::thaw_below(cgroup);
        }
        for child in self.sandboxes.values() {
            let _ = pidfd_send_signal(&child.pidfd, Signal::KILL);
        }
        let wait = Timespec { tv_sec: LAST_WAIT_SECS, tv_nsec: 0 };
        for child in self.sandboxes.values() {
            let _ = poll(&mut [PollFd::new(&child.pidfd, PollFlags::IN)], Some(&wait));
        }
        // A cgroup may be busy for a moment after its last process.
        let pause = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        for _ in 0..REMOVALS_MAX {
            for cgroup in &self.cgroups {
                crate::cgroup::remove_below(cgroup);
            }
            if !self.cgroups.iter().any(|cgroup| cgroup.exists()) {
                break;
            }
            let _ = poll(&mut [], Some(&pause));
        }
    }
}

fn control_pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    rustix::net::socketpair(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )
}

/// Becomes root of a user namespace of our own, in which an ordinary user may make the others.
fn enter_user_namespace() -> Attempt<()> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    tried(sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS), "make a user namespace")?;
    let write = |path: &str, text: String| tried(fs::write(Path::new("/proc/self").join(path), text), path);
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("0 {uid} 1"))?;
    write("gid_map", format!("0 {gid} 1"))
}
