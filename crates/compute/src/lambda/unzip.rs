//! Unpacking of deployment packages from strangers: bounded, and never outside its folder.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use rawzip::{CompressionMethod, ZipArchive, ZipFileHeaderRecord, ZipSliceArchive};

/// The size of a package with all its layers when unpacked ("Lambda quotas", Lambda developer
/// guide, read 2026-11).
pub(crate) const UNZIPPED_BYTES_MAX: u64 = 262_144_000;

/// How many entries a package may have: our own bound, against archives of nothing but names.
const ENTRIES_MAX: usize = 200_000;

/// The longest target of a symbolic link: Linux's longest path.
const LINK_BYTES_MAX: u64 = 4_096;

/// Why a package cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnzipError {
    /// The bytes are no sound zip file.
    #[error("not a sound zip file")]
    Malformed(#[source] Option<rawzip::Error>),
    /// Nothing is in it.
    #[error("the zip file is empty")]
    Empty,
    /// An entry would land outside the folder, or links outside.
    #[error("the entry {0} leaves the package")]
    Escapes(String),
    /// More bytes than a package may have.
    #[error("unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")]
    TooLarge,
    /// The disk failed, or the package names one path in two ways.
    #[error("cannot write {path}")]
    Io {
        /// The path inside the package.
        path: String,
        /// What the disk said.
        #[source]
        source: io::Error,
    },
}

impl From<rawzip::Error> for UnzipError {
    fn from(error: rawzip::Error) -> Self {
        Self::Malformed(Some(error))
    }
}

/// Unpacks a package into a new folder; answers how many bytes its files have.
pub(crate) fn unzip(zip: &[u8], folder: &Path) -> Result<u64, UnzipError> {
    let archive = ZipArchive::from_slice(zip)?;
    let mut left = UNZIPPED_BYTES_MAX;
    let mut links = Vec::new();
    let mut entries = archive.entries();
    let mut count = 0_usize;
    make_folder(folder).map_err(io_error("the package's folder"))?;
    while let Some(entry) = entries.next_entry()? {
        count += 1;
        if count > ENTRIES_MAX {
            return Err(UnzipError::TooLarge);
        }
        let path = inner_path(&entry)?;
        let shown = path.display().to_string();
        if entry.is_dir() {
            make_folder(&folder.join(&path)).map_err(io_error(&shown))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            make_folder(&folder.join(parent)).map_err(io_error(&shown))?;
        }
        if entry.mode().is_symlink() {
            links.push((path, link_target(&archive, &entry)?));
        } else {
            left -= write_file(&archive, &entry, &folder.join(&path), left)?;
        }
    }
    if count == 0 {
        return Err(UnzipError::Empty);
    }
    // Links come last, so that nothing is ever written through one.
    for (path, target) in links {
        let shown = path.display().to_string();
        if leaves(&path, &target) {
            return Err(UnzipError::Escapes(shown));
        }
        symlink(&target, folder.join(&path)).map_err(io_error(&shown))?;
    }
    Ok(UNZIPPED_BYTES_MAX - left)
}

fn io_error(path: &str) -> impl FnOnce(io::Error) -> UnzipError {
    let path = path.to_owned();
    move |source| UnzipError::Io { path, source }
}

/// Folders are readable by the sandbox's user, whatever this process's mask is.
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// The entry's path, if it is a plain one below the package's root.
fn inner_path(entry: &ZipFileHeaderRecord<'_>) -> Result<PathBuf, UnzipError> {
    let name = entry.file_path();
    let text = std::str::from_utf8(name.as_ref()).map_err(|_| UnzipError::Malformed(None))?;
    let escapes = || UnzipError::Escapes(text.to_owned());
    if text.contains(['\0', '\\']) || text.is_empty() {
        return Err(escapes());
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(escapes()),
        }
    }
    Ok(path)
}

/// Whether a link at `path` with this target points outside the package.
fn leaves(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count() as i64 - 1;
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => return true,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn link_target(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
) -> Result<PathBuf, UnzipError> {
    let mut target = Vec::new();
    let written = inflate(archive, entry, &mut target, LINK_BYTES_MAX)?;
    let target = String::from_utf8(target).map_err(|_| UnzipError::Malformed(None))?;
    if written == 0 || target.contains('\0') {
        return Err(UnzipError::Malformed(None));
    }
    Ok(target.into())
}

fn write_file(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
    path: &Path,
    bytes_max: u64,
) -> Result<u64, UnzipError> {
    let shown = path.display().to_string();
    // The sandbox runs as a user of its own: what the owner may do, it may do, except write.
    let given = entry.mode().permissions();
    let mode = if given & 0o111 == 0 { 0o644 } else { 0o755 };
    let options = || fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path);
    let mut file = options().map_err(io_error(&shown))?;
    let written = inflate(archive, entry, &mut file, bytes_max)?;
    file.set_permissions(fs::Permissions::from_mode(mode)).map_err(io_error(&shown))?;
    Ok(written)
}

/// Writes the entry's content, having checked its length and checksum.
fn inflate(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &ZipFileHeaderRecord<'_>,
    out: &mut impl Write,
    bytes_max: u64,
) -> Result<u64, UnzipError> {
    if entry.uncompressed_size_hint() > bytes_max {
        return Err(UnzipError::TooLarge);
    }
    let local = archive.get_entry(entry.wayfinder())?;
    let data = local.data();
    let mut content: Box<dyn Read + '_> = match entry.compression_method() {
        CompressionMethod::STORE => Box::new(local.verifying_reader(data)),
        CompressionMethod::DEFLATE => {
            Box::new(local.verifying_reader(flate2::bufread::DeflateDecoder::new(data)))
        }
        _ => return Err(UnzipError::Malformed(None)),
    };
    // One byte more than allowed shows that the size in the archive's directory is a lie.
    let mut bounded = (&mut content).take(bytes_max + 1);
    let written = io::copy(&mut bounded, out).map_err(|_| UnzipError::Malformed(None))?;
    if written > bytes_max { Err(UnzipError::TooLarge) } else { Ok(written) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A zip file of stored entries: name, Unix mode with its type, content.
    pub(crate) fn zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut archive = rawzip::ZipArchiveWriter::new(&mut out);
        for (name, mode, content) in entries {
            if name.ends_with('/') {
                archive.new_dir(name).create().unwrap();
                continue;
            }
            let (mut entry, config) = archive
                .new_file(rawzip::path::EntryPath::verbatim(name.as_bytes()))
                .compression_method(CompressionMethod::DEFLATE)
                .unix_permissions(*mode)
                .start()
                .unwrap();
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(content).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
        archive.finish().unwrap();
        out
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("updraft-unzip-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_folders_modes_and_links_come_out() {
        let folder = Folder::new("sound");
        let package = zip(&[
            ("index.js", 0o100_600, b"exports.handler = 1"),
            ("bin/", 0, b""),
            ("bin/run", 0o100_700, b"#!"),
            ("bin/link", 0o120_777, b"../index.js"),
        ]);
        assert_eq!(unzip(&package, &folder.0).unwrap(), 21);
        assert_eq!(fs::read(folder.0.join("bin/link")).unwrap(), b"exports.handler = 1");
        let mode = |path: &str| fs::metadata(folder.0.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("index.js"), mode("bin/run"), mode("bin")), (0o644, 0o755, 0o755));
    }

    #[test]
    fn what_would_leave_the_folder_is_refused() {
        let rows: [(&str, u32, &[u8]); 6] = [
            ("../evil", 0o100_644, b"x"),
            ("/etc/evil", 0o100_644, b"x"),
            ("a/../../evil", 0o100_644, b"x"),
            ("a\\..\\evil", 0o100_644, b"x"),
            ("link", 0o120_777, b"/etc/shadow"),
            ("a/link", 0o120_777, b"../../x"),
        ];
        for (name, mode, content) in rows {
            let folder = Folder::new("escape");
            let result = unzip(&zip(&[(name, mode, content)]), &folder.0);
            assert!(matches!(result, Err(UnzipError::Escapes(_))), "{name}: {result:?}");
        }
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = Folder::new("through");
        let package = zip(&[("d", 0o120_777, b"e"), ("d/file", 0o100_644, b"x"), ("e/", 0, b"")]);
        assert!(unzip(&package, &folder.0).is_err(), "d is both a link and a folder");
        assert!(!folder.0.join("e/file").exists());
    }

    #[test]
    fn garbage_and_emptiness_are_refused() {
        let folder = Folder::new("garbage");
        assert!(matches!(unzip(b"not a zip", &folder.0), Err(UnzipError::Malformed(_))));
        assert!(matches!(unzip(&zip(&[]), &folder.0), Err(UnzipError::Empty)));
        let mut cut = zip(&[("index.js", 0o100_644, &[7; 4_000])]);
        let middle = cut.len() / 4;
        cut[middle] ^= 0xff;
        assert!(unzip(&cut, &folder.0).is_err());
    }
}
