//! The data folder: its lock, its format, its migrations.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::OpenError;

/// A step from one format of the folder to the next. It must bear being run again after a crash.
type Migration = fn(&Path) -> io::Result<()>;

/// The steps, in order: the first leads from format 1 to format 2.
const MIGRATIONS: &[Migration] = &[];

/// The format of a folder without any migration.
const FORMAT_FIRST: u32 = 1;

/// A data folder that this process holds.
pub(super) struct Folder {
    path: PathBuf,
    /// Locked while it is open; the system unlocks it however the process ends.
    _lock: File,
}

impl Folder {
    /// Takes hold of the folder, making it if it is not there, and brings it to this build's format.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(path).map_err(io_error("make", path))?;
        let path = &path.canonicalize().map_err(io_error("find", path))?;
        let folder = Self { path: path.clone(), _lock: lock(path)? };
        folder.migrate(MIGRATIONS)?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn records(&self) -> PathBuf {
        self.path.join("records")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// An empty place to make the records in.
    pub(super) fn records_new(&self) -> Result<PathBuf, OpenError> {
        let new = self.path.join("records.new");
        match std::fs::remove_dir_all(&new) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error("clear", &new)(source)),
            _ => Ok(new),
        }
    }

    /// Moves newly made records to their place.
    pub(super) fn install_records(&self, new: &Path) -> Result<(), OpenError> {
        std::fs::rename(new, self.records()).map_err(io_error("move", new))?;
        sync_dir(&self.path).map_err(io_error("flush", &self.path))
    }

    fn migrate(&self, migrations: &[Migration]) -> Result<(), OpenError> {
        let known = FORMAT_FIRST + migrations.len() as u32;
        let found = match self.read_format()? {
            None => return self.write_format(known),
            Some(found) if found > known => {
                return Err(OpenError::TooNew { path: self.path.clone(), found, known });
            }
            Some(found) => found,
        };
        for (format, migration) in (FORMAT_FIRST..).zip(migrations).filter(|(format, _)| *format >= found) {
            tracing::info!(from = format, to = format + 1, "migrating the data folder");
            migration(&self.path).map_err(io_error("migrate", &self.path))?;
            self.write_format(format + 1)?;
        }
        Ok(())
    }

    /// The folder's format; `None` for a new folder.
    fn read_format(&self) -> Result<Option<u32>, OpenError> {
        let path = self.path.join("FORMAT");
        let unmarked = || OpenError::Unmarked { path: self.path.clone() };
        match std::fs::read_to_string(&path) {
            Ok(text) => match text.trim().parse() {
                Ok(format) if format >= FORMAT_FIRST => Ok(Some(format)),
                _ => Err(unmarked()),
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.records().exists() => Err(unmarked()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io_error("read", &path)(source)),
        }
    }

    fn write_format(&self, format: u32) -> Result<(), OpenError> {
        let path = self.path.join("FORMAT");
        let new = self.path.join("FORMAT.new");
        let write = || {
            let mut file = File::create(&new)?;
            writeln!(file, "{format}")?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            sync_dir(&self.path)
        };
        write().map_err(io_error("write", &path))
    }
}

/// Takes the folder's lock, or says who has it.
fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join("LOCK");
    let failed = io_error("lock", &path);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(&failed)?;
    match file.try_lock() {
        Ok(()) => {
            let mut note = || {
                file.set_len(0)?;
                file.rewind()?;
                writeln!(file, "process {}", std::process::id())
            };
            note().map_err(&failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // The note is a help, not a need: without it the lock still holds.
            let _ = file.read_to_string(&mut owner);
            let owner = if owner.trim().is_empty() { "another process" } else { owner.trim() };
            Err(OpenError::Locked { path: folder.to_owned(), owner: owner.to_owned() })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Makes what was made, moved or removed in a folder durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(super) fn io_error(attempted: &'static str, path: &Path) -> impl Fn(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { attempted, path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("FORMAT")).unwrap()
    }

    #[test]
    fn migrations_run_once_each_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        assert_eq!(format(dir.path()), "1\n");
        fn note(path: &Path, step: &str) -> io::Result<()> {
            writeln!(OpenOptions::new().create(true).append(true).open(path.join("steps"))?, "{step}")
        }
        let steps: [Migration; 2] = [|path| note(path, "to 2"), |path| note(path, "to 3")];
        folder.migrate(&steps).unwrap();
        folder.migrate(&steps).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("steps")).unwrap(), "to 2\nto 3\n");
        assert_eq!(format(dir.path()), "3\n");
    }

    #[test]
    fn a_failed_migration_leaves_the_format_where_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let steps: [Migration; 2] = [|_| Ok(()), |_| Err(io::Error::other("no"))];
        assert!(matches!(folder.migrate(&steps), Err(OpenError::Io { .. })));
        assert_eq!(format(dir.path()), "2\n");
    }

    #[test]
    fn newer_and_unmarked_folders_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("FORMAT"), "99\n").unwrap();
        assert!(matches!(Folder::open(dir.path()), Err(OpenError::TooNew { found: 99, known: 1, .. })));
        for text in ["", "0", "one"] {
            std::fs::write(dir.path().join("FORMAT"), text).unwrap();
            assert!(matches!(Folder::open(dir.path()), Err(OpenError::Unmarked { .. })), "{text}");
        }
        std::fs::remove_file(dir.path().join("FORMAT")).unwrap();
        std::fs::create_dir(dir.path().join("records")).unwrap();
        assert!(matches!(Folder::open(dir.path()), Err(OpenError::Unmarked { .. })));
    }
}
