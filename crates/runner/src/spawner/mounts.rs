//! Mount trees that are made here and put into place inside a sandbox.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, OpenTreeFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, mount, move_mount, open_tree,
};

use super::serve::{Attempt, tried};
use super::sys;

/// Nothing may be written, no set-uid bit counts, no device node works.
const READ_ONLY: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// A detached copy of what is at a path, mounts below it included.
pub(super) fn tree(path: &Path) -> Attempt<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    tried(open_tree(CWD, path, flags), format_args!("copy the mount {}", path.display()))
}

/// A detached copy that nobody can write to. A link is followed: what it points to now is meant.
pub(super) fn read_only_tree(path: &Path) -> Attempt<OwnedFd> {
    let tree = tree(&tried(path.canonicalize(), format_args!("find {}", path.display()))?)?;
    tried(sys::restrict_mount(tree.as_fd(), READ_ONLY), format_args!("make {} read-only", path.display()))?;
    Ok(tree)
}

/// A detached copy of a device node.
pub(super) fn device_tree(path: &Path) -> Attempt<OwnedFd> {
    let tree = tree(path)?;
    let attributes = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
    tried(sys::restrict_mount(tree.as_fd(), attributes), format_args!("restrict {}", path.display()))?;
    Ok(tree)
}

/// Layers over one another, the last on top, as Lambda extracts them in order into `/opt`.
pub(super) fn layers(layers: &[PathBuf]) -> Attempt<OwnedFd> {
    if let [layer] = layers {
        return read_only_tree(layer);
    }
    let mut lower = String::new();
    for layer in layers.iter().rev() {
        let path = layer.to_str().filter(|path| !path.contains([':', '\\', ',']));
        let path = path.ok_or_else(|| format!("stack layers: {} has an odd name", layer.display()))?;
        if !lower.is_empty() {
            lower.push(':');
        }
        lower.push_str(path);
    }
    let stack = tried(fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC), "open an overlay")?;
    tried(fsconfig_set_string(stack.as_fd(), "lowerdir", lower), "name the layers")?;
    tried(fsconfig_create(stack.as_fd()), "stack layers")?;
    let attributes = MountAttrFlags::MOUNT_ATTR_RDONLY
        | MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV;
    tried(fsmount(stack.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes), "mount the layers")
}

/// Puts a detached tree into place.
pub(super) fn place(tree: &OwnedFd, at: &Path) -> Attempt<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    tried(move_mount(tree, "", CWD, at, flags), format_args!("mount {}", at.display()))
}

/// Makes a `/tmp` of a bounded size.
pub(super) fn make_scratch(at: &Path, mib: u32) -> Attempt<()> {
    tried(std::fs::create_dir(at), format_args!("make {}", at.display()))?;
    let options = format!("mode=1777,size={mib}m\0");
    let options = tried(std::ffi::CStr::from_bytes_with_nul(options.as_bytes()), "write mount options")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    tried(mount("tmpfs", at, "tmpfs", flags, options), "mount a /tmp")
}
