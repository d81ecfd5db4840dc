//! The system calls that no safe crate offers, each behind a safe function, and nothing else.
#![expect(unsafe_code, reason = "these calls have no safe wrapper; each block says why it is sound")]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use rustix::process::Pid;

/// From `linux/sched.h`; it does not fit the type that libc gives it.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which side of a fork this is.
pub(super) enum Forked {
    /// The new process.
    Child,
    /// The old one, with what it needs of the new one.
    Parent(OwnedFd),
}

fn checked(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether this process has one thread only, so that a forked copy of it is whole.
pub(super) fn single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

/// Forks into new namespaces (`CLONE_NEW…`), and into a cgroup where one is given.
pub(super) fn clone_into(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Forked> {
    debug_assert!(single_threaded(), "a fork copies one thread only");
    let mut pidfd: RawFd = -1;
    // SAFETY: all-zero is a valid `clone_args`: no flags, no stack of its own, no pointers.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = namespaces | libc::CLONE_PIDFD as u64;
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` lives over the call and says its own size. Without CLONE_VM and with no stack the
    // call acts as `fork`; the process has one thread, so the copy holds no lock of another's.
    let pid =
        checked(unsafe { libc::syscall(libc::SYS_clone3, &raw mut args, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(Forked::Child);
    }
    // SAFETY: the kernel has just stored a new descriptor there, which nobody else owns.
    Ok(Forked::Parent(unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

/// Forks. `None` is the child.
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: only called in the init of a sandbox, which has one thread: the child is a whole copy.
    let pid = unsafe { libc::fork() };
    checked(libc::c_long::from(pid))?;
    Ok(Pid::from_raw(pid))
}

/// Leaves namespaces (`CLONE_NEW…`) for new ones.
pub(super) fn unshare(namespaces: libc::c_int) -> io::Result<()> {
    // SAFETY: takes no pointers; the flags used here share no memory or descriptors with others.
    checked(libc::c_long::from(unsafe { libc::unshare(namespaces) })).map(drop)
}

/// Ends the process at once, without running what the process it was copied from had registered.
pub(super) fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` never returns and touches no memory.
    unsafe { libc::_exit(status) }
}

/// Closes every descriptor from 3 up but those to keep.
pub(super) fn close_all_but(keep: &[RawFd]) {
    let mut keep: Vec<RawFd> = keep.iter().copied().filter(|fd| *fd > 2).collect();
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep.into_iter().chain([RawFd::MAX]) {
        if fd > first {
            // SAFETY: called right after a fork, in a process that never drops what its parent owned:
            // no owner of these descriptors will use or close them.
            unsafe { libc::syscall(libc::SYS_close_range, first, fd - 1, 0) };
        }
        first = fd.saturating_add(1);
    }
}

/// Adds attributes (`MOUNT_ATTR_…`) to a whole mount tree.
pub(super) fn restrict_mount(tree: BorrowedFd<'_>, attributes: u64) -> io::Result<()> {
    let attr = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is a C string, `attr` lives over the call and its size is said.
    checked(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    })
    .map(drop)
}

/// Installs a system-call filter for this process and all it starts.
pub(super) fn install_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads `len` instructions from `filter`, which live over the call.
    checked(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) })
        .map(drop)
}

/// Brings the loopback interface of this process's network namespace up.
pub(super) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: all-zero is a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: `request` is what SIOCSIFFLAGS reads, and lives over the call.
    checked(libc::c_long::from(unsafe {
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request)
    }))
    .map(drop)
}

/// Has the kernel reap this process's children by itself, or not.
pub(super) fn reap_children_automatically(automatically: bool) {
    let action = if automatically { libc::SIG_IGN } else { libc::SIG_DFL };
    // SAFETY: installs no handler, only one of the two standard actions.
    unsafe { libc::signal(libc::SIGCHLD, action) };
}

/// The signals that the init of a sandbox waits for instead of being interrupted by them.
pub(super) struct AwaitedSignals(libc::sigset_t);

impl AwaitedSignals {
    /// Holds these signals back from now on.
    pub(super) fn hold(signals: &[libc::c_int]) -> Self {
        // SAFETY: all-zero is a valid `sigset_t` to initialise; `sigemptyset` does, and the other
        // calls get valid pointers to it.
        unsafe {
            let mut set: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, *signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            Self(set)
        }
    }

    /// Waits for one of them.
    pub(super) fn next(&self) -> libc::c_int {
        // SAFETY: the set is initialised; no details of the signal are asked for.
        unsafe { libc::sigwaitinfo(&raw const self.0, std::ptr::null_mut()) }
    }
}

/// Sends a signal to every process of the pid namespace but its init, which calls this.
pub(super) fn signal_all_others(signal: libc::c_int) {
    // SAFETY: takes no pointers. From the init of a pid namespace, -1 is everyone else in it.
    unsafe { libc::kill(-1, signal) };
}
