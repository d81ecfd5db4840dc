//! Root file systems that sandboxes of one kind share: a read-only tmpfs with read-only binds.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, mount, mount_remount};

use super::mounts::{device_tree, place, read_only_tree};
use super::serve::{Attempt, tried};
use super::wire::TemplateSpec;

/// Directories of the root that on merged systems are links into `/usr`.
const USR_LINKS: [&str; 6] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/// The only devices.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Links that programs expect in `/dev`.
const DEVICE_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Mount points for what each sandbox brings.
const POINTS: [&str; 6] = ["proc", "tmp", "opt", "var/task", "var/runtime", "dev"];

/// Files and directories of the host's `/etc` that programs need and that say nothing of the host:
/// where libraries are, and which certificates to trust.
const ETC_BINDS: [&str; 7] = [
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/ca-trust",
];

/// The rest of `/etc`, written for the sandbox; the users in it come with the request.
const ETC_FILES: [(&str, &str); 5] = [
    ("group", "root:x:0:\n"),
    ("hosts", "127.0.0.1 localhost\n"),
    ("resolv.conf", "# Sandboxes have no network but the engine's own addresses.\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ("host.conf", "multi on\n"),
];

/// Where a template's root is.
pub(super) fn root(base: &Path, name: &str) -> PathBuf {
    base.join(format!("root-{name}"))
}

/// Builds one.
pub(super) fn build(base: &Path, spec: &TemplateSpec) -> Attempt<()> {
    let root = root(base, &spec.name);
    if root.exists() {
        return Ok(());
    }
    make_dir(&root)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    tried(mount("tmpfs", &root, "tmpfs", flags, c"mode=0755,size=4m"), "mount a root")?;
    for point in POINTS {
        make_dir(&root.join(point))?;
    }
    bind_system(&root)?;
    for path in &spec.binds {
        bind(path, &root)?;
    }
    fill_etc(&root)?;
    fill_dev(&root)?;
    for (path, text, executable) in &spec.files {
        let mode = if *executable { 0o755 } else { 0o644 };
        write(&inside(&root, path), text, mode)?;
    }
    tried(symlink(&spec.lang, root.join("var/lang")), "link /var/lang")?;
    let read_only = flags | MountFlags::RDONLY | MountFlags::BIND;
    tried(mount_remount(&root, read_only, c""), "make the root read-only")
}

fn bind_system(root: &Path) -> Attempt<()> {
    bind(Path::new("/usr"), root)?;
    for name in USR_LINKS {
        let host = Path::new("/").join(name);
        match fs::read_link(&host) {
            Ok(target) => tried(symlink(target, root.join(name)), format_args!("link /{name}"))?,
            Err(_) if host.is_dir() => bind(&host, root)?,
            Err(_) => {}
        }
    }
    Ok(())
}

fn fill_etc(root: &Path) -> Attempt<()> {
    for name in ETC_BINDS {
        let host = Path::new("/etc").join(name);
        if host.exists() {
            bind(&host, root)?;
        }
    }
    for (name, text) in ETC_FILES {
        write(&root.join("etc").join(name), text, 0o644)?;
    }
    Ok(())
}

fn fill_dev(root: &Path) -> Attempt<()> {
    for name in DEVICES {
        let at = root.join("dev").join(name);
        write(&at, "", 0o666)?;
        place(&device_tree(&Path::new("/dev").join(name))?, &at)?;
    }
    for (name, target) in DEVICE_LINKS {
        tried(symlink(target, root.join("dev").join(name)), format_args!("link /dev/{name}"))?;
    }
    Ok(())
}

/// Binds a host path read-only at the same path inside.
fn bind(host: &Path, root: &Path) -> Attempt<()> {
    let real = tried(host.canonicalize(), format_args!("find {}", host.display()))?;
    let at = inside(root, host);
    if real.is_dir() {
        make_dir(&at)?;
    } else {
        write(&at, "", 0o644)?;
    }
    place(&read_only_tree(&real)?, &at)
}

fn inside(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn make_dir(path: &Path) -> Attempt<()> {
    tried(fs::create_dir_all(path), format_args!("make {}", path.display()))
}

fn write(path: &Path, text: &str, mode: u32) -> Attempt<()> {
    if let Some(parent) = path.parent() {
        make_dir(parent)?;
    }
    let written =
        fs::write(path, text).and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)));
    tried(written, format_args!("write {}", path.display()))
}
