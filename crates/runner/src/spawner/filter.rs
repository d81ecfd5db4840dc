//! The system-call filter: what a function never needs and the kernel would be safer without.
//!
//! The filter is a binary search over the refused numbers. The kernel's time to load a filter grows
//! with its length, and a call's with the path through it; a chain of comparisons costs five times
//! as much (measured: 165 against about 30 µs to load).

use libc::{c_long, sock_filter};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Refused as not permitted.
    Refuse,
    /// Refused as unknown: libc then uses an older call that can be looked into.
    Unknown,
    /// Allowed unless the first argument has one of these bits.
    UnlessBits(u32),
    /// Allowed if the first argument is one of these.
    IfFirst(&'static [u32]),
    /// Allowed unless the second argument is one of these.
    UnlessSecond(&'static [u32]),
}

/// New namespaces, by `clone`.
const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

/// The socket families that a function may use. Netlink only lists interfaces here.
const FAMILIES: [u32; 4] =
    [libc::AF_UNIX as u32, libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_NETLINK as u32];

/// Terminal calls that type as someone else: `TIOCSTI`, `TIOCLINUX`.
const TERMINAL: [u32; 2] = [0x5412, 0x541C];

/// Refused on every architecture: mounts, namespaces, other processes' memory, kernel interfaces
/// with a history, and the machine's own state.
const REFUSED: [c_long; 47] = [
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_mount_setattr,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];

#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: [c_long; 4] =
    [libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_kexec_file_load];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: [c_long; 0] = [];

/// `AUDIT_ARCH_…` of this architecture.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

/// Numbers from here up are x32 calls, a second door to the same kernel.
const X32: u32 = 0x4000_0000;

// Offsets into the kernel's `seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST: u32 = 16;
const SECOND: u32 = 24;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const IF_AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const IF_BITS: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// The whole filter.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = vec![
        statement(LOAD, ARCH),
        jump(IF_EQUAL, ARCHITECTURE, 1, 0),
        statement(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        statement(LOAD, NUMBER),
        jump(IF_AT_LEAST, X32, 0, 1),
        statement(RETURN, REFUSE),
    ];
    program.extend(search(&rules()));
    program
}

fn rules() -> Vec<(u32, Verdict)> {
    let refused = REFUSED.into_iter().chain(REFUSED_HERE).map(|number| (number, Verdict::Refuse));
    let special = [
        (libc::SYS_clone3, Verdict::Unknown),
        (libc::SYS_clone, Verdict::UnlessBits(NAMESPACES)),
        (libc::SYS_socket, Verdict::IfFirst(&FAMILIES)),
        (libc::SYS_ioctl, Verdict::UnlessSecond(&TERMINAL)),
    ];
    let mut rules: Vec<_> = refused
        .chain(special)
        .filter_map(|(number, verdict)| Some((u32::try_from(number).ok()?, verdict)))
        .collect();
    rules.sort_unstable_by_key(|(number, _)| *number);
    rules
}

/// A search through sorted rules; every path ends in a `RETURN`.
fn search(rules: &[(u32, Verdict)]) -> Vec<sock_filter> {
    match rules {
        [] => vec![statement(RETURN, libc::SECCOMP_RET_ALLOW)],
        [(number, verdict)] => {
            let code = judge(*verdict);
            let mut program = vec![jump(IF_EQUAL, *number, 0, code.len())];
            program.extend(code);
            program.push(statement(RETURN, libc::SECCOMP_RET_ALLOW));
            program
        }
        _ => {
            let (below, above) = rules.split_at(rules.len() / 2);
            let below = search(below);
            let mut program = vec![jump(IF_AT_LEAST, above[0].0, below.len(), 0)];
            program.extend(below);
            program.extend(search(above));
            program
        }
    }
}

fn judge(verdict: Verdict) -> Vec<sock_filter> {
    match verdict {
        Verdict::Refuse => vec![statement(RETURN, REFUSE)],
        Verdict::Unknown => vec![statement(RETURN, UNKNOWN)],
        Verdict::UnlessBits(bits) => vec![
            statement(LOAD, FIRST),
            jump(IF_BITS, bits, 0, 1),
            statement(RETURN, REFUSE),
            statement(RETURN, libc::SECCOMP_RET_ALLOW),
        ],
        Verdict::IfFirst(values) => one_of(FIRST, values, libc::SECCOMP_RET_ALLOW, REFUSE),
        Verdict::UnlessSecond(values) => one_of(SECOND, values, REFUSE, libc::SECCOMP_RET_ALLOW),
    }
}

fn one_of(argument: u32, values: &[u32], found: u32, otherwise: u32) -> Vec<sock_filter> {
    let mut program = vec![statement(LOAD, argument)];
    for (index, value) in values.iter().enumerate() {
        program.push(jump(IF_EQUAL, *value, values.len() - index, 0));
    }
    program.push(statement(RETURN, otherwise));
    program.push(statement(RETURN, found));
    program
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn jump(code: u32, k: u32, then: usize, otherwise: usize) -> sock_filter {
    let short = |distance: usize| u8::try_from(distance).expect("half of this filter is under 256 long");
    sock_filter { code: code as u16, jt: short(then), jf: short(otherwise), k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel would.
    fn run(architecture: u32, number: u32, first: u32, second: u32) -> u32 {
        let program = program();
        let (mut at, mut loaded) = (0_usize, 0);
        loop {
            let step = program[at];
            at += 1;
            let code = u32::from(step.code);
            let taken = match code {
                RETURN => return step.k,
                LOAD => {
                    loaded = match step.k {
                        NUMBER => number,
                        ARCH => architecture,
                        FIRST => first,
                        SECOND => second,
                        other => panic!("no such offset: {other}"),
                    };
                    continue;
                }
                IF_EQUAL => loaded == step.k,
                IF_AT_LEAST => loaded >= step.k,
                IF_BITS => loaded & step.k != 0,
                other => panic!("no such instruction: {other}"),
            };
            at += usize::from(if taken { step.jt } else { step.jf });
        }
    }

    fn number(call: c_long) -> u32 {
        u32::try_from(call).unwrap()
    }

    #[test]
    fn every_refused_call_is_refused_and_every_other_allowed() {
        let refused: Vec<u32> = REFUSED.into_iter().chain(REFUSED_HERE).map(number).collect();
        let special = [libc::SYS_clone3, libc::SYS_clone, libc::SYS_socket, libc::SYS_ioctl].map(number);
        for call in (0..600).filter(|call| !special.contains(call)) {
            let expected = if refused.contains(&call) { REFUSE } else { libc::SECCOMP_RET_ALLOW };
            assert_eq!(run(ARCHITECTURE, call, 0, 0), expected, "call {call}");
        }
    }

    #[test]
    fn threads_may_be_made_and_namespaces_not() {
        let clone = number(libc::SYS_clone);
        let thread = (libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_THREAD | libc::CLONE_SIGHAND) as u32;
        assert_eq!(run(ARCHITECTURE, clone, thread, 0), libc::SECCOMP_RET_ALLOW);
        assert_eq!(run(ARCHITECTURE, clone, libc::CLONE_NEWUSER as u32, 0), REFUSE);
        assert_eq!(run(ARCHITECTURE, number(libc::SYS_clone3), 0, 0), UNKNOWN);
    }

    #[test]
    fn only_listed_socket_families_and_no_typing_into_terminals() {
        let (socket, ioctl) = (number(libc::SYS_socket), number(libc::SYS_ioctl));
        for family in FAMILIES {
            assert_eq!(run(ARCHITECTURE, socket, family, 0), libc::SECCOMP_RET_ALLOW);
        }
        for family in [libc::AF_PACKET, libc::AF_ALG, libc::AF_VSOCK, 0, 9999] {
            assert_eq!(run(ARCHITECTURE, socket, family as u32, 0), REFUSE);
        }
        assert_eq!(run(ARCHITECTURE, ioctl, 0, TERMINAL[0]), REFUSE);
        assert_eq!(run(ARCHITECTURE, ioctl, 0, 0x5401), libc::SECCOMP_RET_ALLOW);
    }

    #[test]
    fn other_architectures_die_and_x32_is_refused() {
        assert_eq!(run(ARCHITECTURE ^ 1, 0, 0, 0), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(run(ARCHITECTURE, X32 + 1, 0, 0), REFUSE);
    }
}
