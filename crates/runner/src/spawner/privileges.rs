//! Giving up privileges for good, in the order in which each step is still allowed.

use std::io;

use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
};
use rustix::process::{Gid, Resource, Rlimit, Uid, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};

use super::filter;
use super::serve::{Attempt, tried};
use super::sys;
use super::wire::StartSpec;

/// The Landlock rules used here; older kernels apply what they know of them.
const LANDLOCK: ABI = ABI::V3;

/// Drops everything a function has no use for. `id` is its own uid and gid, where there is one.
pub(super) fn drop_all(id: Option<u32>, start: &StartSpec) -> Attempt<()> {
    limit_resources(start)?;
    tried(empty_bounding_set(), "empty the bounding set")?;
    let _ = rustix::thread::clear_ambient_capability_set();
    if let Some(id) = id {
        take_id(id)?;
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    tried(rustix::thread::set_capabilities(None, sets), "drop capabilities")?;
    tried(rustix::thread::set_no_new_privs(true), "renounce new privileges")?;
    // Best effort: the read-only root and the uid hold without it.
    let _ = restrict_files();
    tried(sys::install_filter(&filter::program()), "filter system calls")
}

fn limit_resources(start: &StartSpec) -> Attempt<()> {
    let limits =
        [(Resource::Nofile, start.files_max), (Resource::Fsize, start.file_size_max), (Resource::Core, 0)];
    let processes = start.processes_max.map(|limit| (Resource::Nproc, limit));
    for (resource, limit) in limits.into_iter().chain(processes) {
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        tried(setrlimit(resource, limit), format_args!("limit {resource:?}"))?;
    }
    Ok(())
}

fn empty_bounding_set() -> io::Result<()> {
    for number in 0..u64::BITS {
        match rustix::thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(
            1 << number,
        )) {
            Ok(()) => {}
            // Past the last capability that this kernel knows.
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn take_id(id: u32) -> Attempt<()> {
    let (uid, gid) = (Uid::from_raw(id), Gid::from_raw(id));
    tried(rustix::thread::set_thread_groups(&[]), "leave all groups")?;
    tried(rustix::thread::set_thread_res_gid(gid, gid, gid), "change the group")?;
    tried(rustix::thread::set_thread_res_uid(uid, uid, uid), "change the user")
}

/// Landlock: read and execute anywhere, write to `/tmp` and devices only.
fn restrict_files() -> Result<(), RulesetError> {
    let read = AccessFs::from_read(LANDLOCK);
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(LANDLOCK))?.create()?;
    for (path, access) in
        [("/", read), ("/dev", AccessFs::from_file(LANDLOCK)), ("/tmp", AccessFs::from_all(LANDLOCK))]
    {
        if let Ok(path) = PathFd::new(path) {
            ruleset = ruleset.add_rule(PathBeneath::new(path, access))?;
        }
    }
    ruleset.restrict_self().map(drop)
}

/// Whether this kernel has Landlock.
pub(super) fn landlock_works() -> bool {
    use landlock::Compatible;
    Ruleset::default()
        .set_compatibility(landlock::CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(|ruleset| ruleset.create())
        .is_ok()
}
