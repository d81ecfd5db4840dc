//! Source files: listed, digested, copied.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Digest;
use crate::package::{FileEntry, PackageError, files};

/// The source files of a folder without the named subfolders at its top.
pub(super) fn sources(root: &Path, without: &[&str]) -> Result<Vec<FileEntry>, PackageError> {
    let mut found = files(root)?;
    found.retain(|file| {
        let top = file.name.split('/').next().unwrap_or_default();
        !without.contains(&top)
    });
    Ok(found)
}

/// The digest of each file, with its right to run.
pub(super) fn digests(files: &[FileEntry]) -> Result<BTreeMap<String, Digest>, PackageError> {
    let digest = |file: &FileEntry| {
        let contents = std::fs::read(&file.path)
            .map_err(|source| PackageError::Read { path: file.path.clone(), source })?;
        let mode: &[u8] = if file.executable { b"x" } else { b"-" };
        Ok((file.name.clone(), Digest::of_parts([mode, &contents])))
    };
    files.iter().map(digest).collect()
}

/// Copies files into a folder, with their modes and times: a tool that looks at times must not see
/// every source as new.
pub(super) fn copy(files: &[FileEntry], to: &Path) -> std::io::Result<()> {
    for file in files {
        let path = to.join(&file.name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(&file.path, &path)?;
        let modified = std::fs::metadata(&file.path)?.modified()?;
        std::fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|copy| copy.set_modified(modified))
            .or_else(
                // A file that may not be written keeps the time of its copying.
                |error| {
                    if error.kind() == std::io::ErrorKind::PermissionDenied { Ok(()) } else { Err(error) }
                },
            )?;
    }
    Ok(())
}

/// Makes a folder empty, and sees that it is there.
pub(super) fn clear(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(folder)
}
