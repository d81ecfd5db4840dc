//! Which files go into a package, in which order, with which mode.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// The file that names what stays out of a package, in the syntax of `.gitignore`.
pub const IGNORE_FILE: &str = ".updraftignore";

/// What never belongs into a function: other tools' folders and the tests' leavings.
const NEVER: [&str; 9] = [
    ".git",
    ".updraft",
    ".aws-sam",
    ".DS_Store",
    "__pycache__",
    ".pytest_cache",
    ".venv",
    IGNORE_FILE,
    ".gitignore",
];

/// The most files in a package; AWS bounds only their size, this bounds the walk.
const FILES_MAX: usize = 100_000;

/// A file on its way into a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileEntry {
    /// Its path in the package, with `/`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it may be run.
    pub executable: bool,
}

/// The files of a folder, sorted by name, without what is ignored.
///
/// Links are followed, so that a package holds no link; `.gitignore` is not asked, since what a build
/// has put there is often ignored by git.
pub fn files(root: &Path) -> Result<Vec<FileEntry>, PackageError> {
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .follow_links(true)
        .filter_entry(|entry| !NEVER.iter().any(|name| entry.file_name() == *name))
        .build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|source| PackageError::Walk { root: root.to_owned(), source })?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(PackageError::TooMany { root: root.to_owned() });
        }
        files.push(file_entry(root, entry.path())?);
    }
    files.sort();
    Ok(files)
}

fn file_entry(root: &Path, path: &Path) -> Result<FileEntry, PackageError> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
    let name = parts.ok_or_else(|| PackageError::Name { path: path.to_owned() })?.join("/");
    Ok(FileEntry { name, path: path.to_owned(), executable: is_executable(path) })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "bootstrap")
}

/// Why a folder makes no package.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It cannot be listed.
    #[error("cannot list the files of {root}", root = root.display())]
    Walk {
        /// The folder.
        root: PathBuf,
        /// Why.
        #[source]
        source: ignore::Error,
    },
    /// Too many files.
    #[error("{root} holds more than {FILES_MAX} files", root = root.display())]
    TooMany {
        /// The folder.
        root: PathBuf,
    },
    /// A name that a zip cannot carry.
    #[error("the name of {path} is not UTF-8", path = path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The zip cannot be written.
    #[error("cannot write the package")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// More than Lambda takes.
    #[error("the package is {size} bytes unpacked, and Lambda takes {max} at most")]
    TooLarge {
        /// What it is.
        size: u64,
        /// What it may be.
        max: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_stays_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("app.js", "");
        write("lib/b.js", "");
        write("lib/a.test.js", "");
        write("__pycache__/x.pyc", "");
        write(".git/HEAD", "");
        write(".env.local", "");
        write("node_modules/left-pad/index.js", "");
        write(".gitignore", "node_modules");
        write(IGNORE_FILE, "*.test.js\n.env*\n");
        let names: Vec<_> = files(folder.path()).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["app.js", "lib/b.js", "node_modules/left-pad/index.js"]);
    }
}
