//! Which hierarchies the machine has, and where in them this engine may make its directories.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Cgroups, Controllers, tidy};

/// The controllers that v2 must give us.
const V2_CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// A mounted hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mounted {
    /// Where in the hierarchy the mount begins.
    root: PathBuf,
    at: PathBuf,
    /// v1 controllers; `None` for v2.
    controllers: Option<Vec<String>>,
}

pub(super) fn set_up(mark: &str) -> Cgroups {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mounted: Vec<Mounted> = mounts.lines().filter_map(parse_mount).collect();
    let refusal = match v2(&mounted, &own, mark) {
        Ok(root) => return Cgroups::V2(root),
        Err(refusal) => refusal,
    };
    let v1 = Controllers {
        memory: v1(&mounted, &own, mark, "memory"),
        pids: v1(&mounted, &own, mark, "pids"),
        cpu: v1(&mounted, &own, mark, "cpu"),
        freezer: v1(&mounted, &own, mark, "freezer"),
    };
    if v1.each().into_iter().any(Option::is_some) { Cgroups::V1(v1) } else { Cgroups::None(refusal) }
}

fn v2(mounted: &[Mounted], own: &str, mark: &str) -> Result<PathBuf, String> {
    let hierarchy =
        mounted.iter().find(|mount| mount.controllers.is_none()).ok_or("cgroup v2 is not mounted")?;
    let mut refusal = String::new();
    // Our own cgroup may hold us and so be no place for limits; the top of the mount then is.
    for parent in [own_path(hierarchy, own, ""), hierarchy.at.clone()] {
        match v2_below(&parent, mark) {
            Ok(root) => return Ok(root),
            Err(error) => refusal = format!("no cgroup v2 below {}: {error}", parent.display()),
        }
    }
    Err(refusal)
}

fn v2_below(parent: &Path, mark: &str) -> io::Result<PathBuf> {
    let wanted = V2_CONTROLLERS.map(|name| format!("+{name}")).join(" ");
    tidy::remove_stale(parent);
    let root = parent.join(mark);
    // Fails where the parent holds processes, which is no harm if it hands the controllers on already.
    let _ = fs::write(parent.join("cgroup.subtree_control"), &wanted);
    fs::create_dir(&root)?;
    let enabled = fs::write(root.join("cgroup.subtree_control"), &wanted);
    if enabled.is_err() {
        fs::remove_dir(&root)?;
    }
    enabled.map(|()| root)
}

fn v1(mounted: &[Mounted], own: &str, mark: &str, controller: &str) -> Option<PathBuf> {
    let has = |mount: &&Mounted| {
        mount
            .controllers
            .as_ref()
            .is_some_and(|controllers| controllers.iter().any(|name| name == controller))
    };
    let hierarchy = mounted.iter().find(has)?;
    let parent = own_path(hierarchy, own, controller);
    tidy::remove_stale(&parent);
    let root = parent.join(mark);
    fs::create_dir(&root).ok()?;
    Some(root)
}

/// Where in the file system this process's own cgroup of a hierarchy is.
fn own_path(hierarchy: &Mounted, own: &str, controller: &str) -> PathBuf {
    let path = own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        controllers.split(',').any(|name| name == controller).then_some(path)
    });
    let below = Path::new(path.unwrap_or("/")).strip_prefix(&hierarchy.root).unwrap_or(Path::new(""));
    hierarchy.at.join(below)
}

/// Reads a line of `/proc/self/mountinfo`.
fn parse_mount(line: &str) -> Option<Mounted> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, at) = (PathBuf::from(before.next()?), PathBuf::from(before.next()?));
    let mut after = after.split(' ');
    let (kind, options) = (after.next()?, after.nth(1)?);
    let controllers = match kind {
        "cgroup2" => None,
        "cgroup" => Some(options.split(',').map(str::to_owned).collect()),
        _ => return None,
    };
    Some(Mounted { root, at, controllers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchies_are_found_among_mounts() {
        let v1 = parse_mount("30 29 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory");
        let v1 = v1.unwrap();
        assert_eq!(v1.at, Path::new("/sys/fs/cgroup/memory"));
        assert!(v1.controllers.as_ref().unwrap().contains(&"memory".to_owned()));
        let v2 =
            parse_mount("35 29 0:31 /docker/x /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate");
        assert_eq!(
            v2,
            Some(Mounted { root: "/docker/x".into(), at: "/sys/fs/cgroup".into(), controllers: None })
        );
        assert_eq!(parse_mount("22 1 8:1 / / rw - ext4 /dev/sda1 rw"), None);
    }

    #[test]
    fn the_own_cgroup_is_relative_to_the_mount() {
        let own = "4:memory:/docker/x/job\n3:cpu,cpuacct:/y\n0::/docker/x/unit\n";
        let v2 = Mounted { root: "/docker/x".into(), at: "/cg".into(), controllers: None };
        assert_eq!(own_path(&v2, own, ""), Path::new("/cg/unit"));
        let cpu = Mounted { root: "/".into(), at: "/cg/cpu".into(), controllers: Some(vec![]) };
        assert_eq!(own_path(&cpu, own, "cpuacct"), Path::new("/cg/cpu/y"));
        assert_eq!(own_path(&cpu, own, "pids"), Path::new("/cg/cpu/"));
    }
}
