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
use super::wire::{Assignment, StartSpec, receive};
use super::{mounts, privileges, sys};

/// Where a sandbox's mounts go, in the order in which they come.
const PLACES: [&str; 3] = ["/var/task", "/tmp", "/opt"];

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
    /// Tells the engine how the sandbox ended: `X` and a wait status, or `F` and what failed.
    pub(super) status: OwnedFd,
    /// v1 `cgroup.procs` files to write itself into.
    pub(super) cgroups: Vec<OwnedFd>,
}

/// Runs as the init of a sandbox until the runtime ends.
pub(super) fn run(seat: Seat) -> ! {
    let status = File::from(seat.status);
    let control = seat.control;
    let ended = build(&seat.root, seat.net, seat.output, &seat.frames, seat.cgroups, &control, &status)
        .and_then(|()| receive_assignment(&control))
        .and_then(|assignment| match assignment {
            Some((assignment, trees)) => start(&assignment, &trees, &seat.frames).map(Some),
            None => Ok(None),
        });
    drop((control, seat.frames));
    match ended {
        Ok(Some(runtime)) => watch(runtime, status),
        // The engine has no use for this sandbox any more.
        Ok(None) => {}
        Err(error) => tell(status, b'F', error.as_bytes()),
    }
    sys::exit_now(0)
}

fn build(
    root: &Path,
    net: OwnedFd,
    output: OwnedFd,
    frames: &OwnedFd,
    cgroups: Vec<OwnedFd>,
    control: &OwnedFd,
    status: &File,
) -> Attempt<()> {
    tried(set_parent_process_death_signal(Some(Signal::KILL)), "tie to the spawner")?;
    // Another sandbox's control socket, or the engine's, must not live on in here.
    let own = [&net, &output, frames, control].map(|fd| fd.as_raw_fd());
    let keep: Vec<_> =
        own.into_iter().chain([status.as_raw_fd()]).chain(cgroups.iter().map(AsRawFd::as_raw_fd)).collect();
    sys::close_all_but(&keep);
    sys::reap_children_automatically(false);
    for cgroup in cgroups {
        tried(File::from(cgroup).write_all(b"0"), "join a cgroup")?;
    }
    tried(move_into_link_name_space(net.as_fd(), Some(LinkNameSpaceType::Network)), "join the network")?;
    tried(rustix::system::sethostname(HOST_NAME), "name the host")?;
    enter_root(root)?;
    let null = tried(File::open("/dev/null"), "open /dev/null")?;
    tried(rustix::stdio::dup2_stdin(&null), "set standard input")?;
    tried(rustix::stdio::dup2_stdout(&output), "set standard output")?;
    tried(rustix::stdio::dup2_stderr(&output), "set standard error")
}

fn enter_root(root: &Path) -> Attempt<()> {
    tried(rustix::process::chdir(root), "enter the root")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    tried(mount("proc", "proc", "proc", flags, c"hidepid=invisible"), "mount /proc")?;
    tried(rustix::process::pivot_root(".", "."), "change the root")?;
    tried(unmount(".", UnmountFlags::DETACH), "leave the host's files")?;
    tried(rustix::process::chdir("/"), "enter the new root")
}

fn receive_assignment(control: &OwnedFd) -> Attempt<Option<(Assignment, Vec<OwnedFd>)>> {
    tried(receive(control.as_fd()), "receive code")
}

/// Puts the code into place, gives up all privileges, starts the runtime.
fn start(assignment: &Assignment, trees: &[OwnedFd], frames: &OwnedFd) -> Attempt<Pid> {
    for (tree, at) in trees.iter().zip(PLACES) {
        mounts::place(tree, Path::new(at))?;
    }
    privileges::drop_all(assignment.id, &assignment.start)?;
    // Changing the uid has cleared it.
    tried(set_parent_process_death_signal(Some(Signal::KILL)), "tie to the spawner")?;
    // The runtime has our uid; it must not look into our memory, which is a copy of the spawner's.
    let hidden = rustix::process::DumpableBehavior::NotDumpable;
    tried(rustix::process::set_dumpable_behavior(hidden), "hide the init")?;
    match tried(sys::fork(), "start the runtime")? {
        Some(runtime) => Ok(runtime),
        None => Err(execute(&assignment.start, frames)),
    }
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
fn watch(runtime: Pid, status: File) {
    let signals = sys::AwaitedSignals::hold(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2]);
    loop {
        // Children that ended before the signals were held are found by this first look.
        while let Ok(Some((pid, ended))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == runtime {
                return tell(status, b'X', &ended.as_raw().to_le_bytes());
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

fn tell(mut status: File, kind: u8, what: &[u8]) {
    let mut message = vec![kind];
    message.extend_from_slice(what);
    // Nobody is left to hear of a failure here.
    let _ = status.write_all(&message);
}
