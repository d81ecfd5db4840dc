//! The first process of a sandbox: it builds the walls, waits for code, gives up every privilege,
//! starts the runtime, then reaps orphans and tells how the runtime ended.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Pid, Signal, WaitOptions, set_parent_process_death_signal};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::serve::{Attempt, tried};
use super::wire::{Assignment, StartSpec, Started, receive};
use super::{mounts, privileges, sys};

/// The name of the machine, as a function sees it.
const HOST_NAME: &[u8] = b"sandbox";

/// What the process was given when it was forked.
pub(super) struct Seat {
    /// The root file system that it shares.
    pub(super) root: PathBuf,
    pub(super) net: OwnedFd,
    pub(super) output: OwnedFd,
    pub(super) frames: OwnedFd,
    pub(super) control: OwnedFd,
    /// Tells the engine how the sandbox ended: `X` and a wait status, or `F` and what failed; and
    /// before that by `R` that the code of a runtime that was started early is in place.
    pub(super) status: OwnedFd,
    /// A runtime to start before there is code, and its `/tmp`.
    pub(super) early: Option<(OwnedFd, Started)>,
    /// v1 `cgroup.procs` files to write itself into.
    pub(super) cgroups: Vec<OwnedFd>,
}

/// Runs as the init of a sandbox until the runtime ends.
pub(super) fn run(mut seat: Seat) -> ! {
    match live(&mut seat) {
        Ok(Some(runtime)) => watch(runtime, File::from(seat.status)),
        // The engine has no use for this sandbox any more.
        Ok(None) => {}
        Err(error) => tell(&mut File::from(seat.status), b'F', error.as_bytes()),
    }
    sys::exit_now(0)
}

/// From an empty process to a running runtime with its code.
fn live(seat: &mut Seat) -> Attempt<Option<Pid>> {
    build(seat)?;
    let early = match seat.early.take() {
        Some((scratch, started)) => {
            mounts::place(&scratch, Path::new("/tmp"))?;
            Some((start(&started, &seat.frames, Privileges::Kept)?, started))
        }
        None => None,
    };
    let Some((assignment, trees)) = receive_assignment(&seat.control)? else { return Ok(None) };
    for (tree, at) in trees.iter().zip(&assignment.places) {
        mounts::place(tree, at)?;
    }
    drop(trees);
    match (early, assignment.late) {
        (Some((runtime, started)), _) => {
            give_up(&started)?;
            tell(&mut File::from(tried(seat.status.try_clone(), "report")?), b'R', &[]);
            Ok(Some(runtime))
        }
        (None, Some(started)) => start(&started, &seat.frames, Privileges::GivenUp).map(Some),
        (None, None) => Err("start the runtime: none is named".to_owned()),
    }
}

fn build(seat: &mut Seat) -> Attempt<()> {
    tried(set_parent_process_death_signal(Some(Signal::KILL)), "tie to the spawner")?;
    // Another sandbox's control socket, or the engine's, must not live on in here.
    let own = [&seat.net, &seat.output, &seat.frames, &seat.control, &seat.status];
    let scratch = seat.early.as_ref().map(|(scratch, _)| scratch);
    let keep = own.into_iter().chain(scratch).chain(&seat.cgroups).map(AsRawFd::as_raw_fd);
    sys::close_all_but(&keep.collect::<Vec<_>>());
    sys::reap_children_automatically(false);
    for cgroup in seat.cgroups.drain(..) {
        tried(File::from(cgroup).write_all(b"0"), "join a cgroup")?;
    }
    let network = Some(LinkNameSpaceType::Network);
    tried(move_into_link_name_space(seat.net.as_fd(), network), "join the network")?;
    tried(rustix::system::sethostname(HOST_NAME), "name the host")?;
    enter_root(&seat.root)?;
    let null = tried(File::open("/dev/null"), "open /dev/null")?;
    tried(rustix::stdio::dup2_stdin(&null), "set standard input")?;
    tried(rustix::stdio::dup2_stdout(&seat.output), "set standard output")?;
    tried(rustix::stdio::dup2_stderr(&seat.output), "set standard error")
}

fn enter_root(root: &Path) -> Attempt<()> {
    tried(rustix::process::chdir(root), "enter the root")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    tried(mount("proc", "proc", "proc", flags, c"hidepid=2"), "mount /proc")?;
    tried(rustix::process::pivot_root(".", "."), "change the root")?;
    tried(unmount(".", UnmountFlags::DETACH), "leave the host's files")?;
    tried(rustix::process::chdir("/"), "enter the new root")
}

fn receive_assignment(control: &OwnedFd) -> Attempt<Option<(Assignment, Vec<OwnedFd>)>> {
    tried(receive(control.as_fd()), "receive code")
}

/// What the init does with its privileges when it starts the runtime, which never has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privileges {
    /// It needs them to put the code into place.
    Kept,
    GivenUp,
}

/// Starts the runtime.
fn start(started: &Started, frames: &OwnedFd, privileges: Privileges) -> Attempt<Pid> {
    if privileges == Privileges::GivenUp {
        give_up(started)?;
    }
    match tried(sys::fork(), "start the runtime")? {
        Some(runtime) => Ok(runtime),
        None => {
            let ready = if privileges == Privileges::Kept { give_up(started) } else { Ok(()) };
            Err(ready.err().unwrap_or_else(|| execute(&started.start, frames)))
        }
    }
}

/// Gives up every privilege, for good.
fn give_up(started: &Started) -> Attempt<()> {
    privileges::drop_all(started.id, &started.start)?;
    // Changing the uid has cleared it. For the runtime it ties to the init, which is as good.
    tried(set_parent_process_death_signal(Some(Signal::KILL)), "tie to the spawner")?;
    // The runtime has the init's uid; it must not look into its memory, a copy of the spawner's.
    let hidden = rustix::process::DumpableBehavior::NotDumpable;
    tried(rustix::process::set_dumpable_behavior(hidden), "hide the init")
}

/// Becomes the runtime; returns only why it could not.
fn execute(start: &StartSpec, frames: &OwnedFd) -> String {
    let Some((program, arguments)) = start.argv.split_first() else {
        return "start the runtime: no program is named".to_owned();
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&start.env).current_dir("/var/task");
    if start.frames {
        if let Err(error) = rustix::io::fcntl_setfd(frames, rustix::io::FdFlags::empty()) {
            return format!("hand over the log: {error}");
        }
        command.env("_LAMBDA_TELEMETRY_LOG_FD", frames.as_raw_fd().to_string());
    }
    format!("execute {program}: {}", command.exec())
}

/// Reaps whatever ends, hands SIGTERM on, and reports the runtime's end.
fn watch(runtime: Pid, mut status: File) {
    let signals = sys::AwaitedSignals::hold(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2]);
    loop {
        // Children that ended before the signals were held are found by this first look.
        while let Ok(Some((pid, ended))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == runtime {
                return tell(&mut status, b'X', &ended.as_raw().to_le_bytes());
            }
        }
        match signals.next() {
            libc::SIGTERM => sys::signal_all_others(libc::SIGTERM),
            // Where no freezer is, the engine stops and continues the sandbox through us.
            libc::SIGUSR1 => sys::signal_all_others(libc::SIGSTOP),
            libc::SIGUSR2 => sys::signal_all_others(libc::SIGCONT),
            _ => {}
        }
    }
}

fn tell(status: &mut File, kind: u8, what: &[u8]) {
    let mut message = vec![kind];
    message.extend_from_slice(what);
    // Nobody is left to hear of a failure here.
    let _ = status.write_all(&message);
}
