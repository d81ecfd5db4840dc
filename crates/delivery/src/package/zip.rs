//! The zip: sorted names, fixed times and modes, one way of compressing. The same files give the same
//! bytes on every machine and every day, so an artifact's digest names what is in it.

use std::io::Write as _;
use std::path::Path;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter, ZipDataWriter};

use super::plan::{FileEntry, PackageError, files};
use crate::Digest;

/// The most that Lambda unpacks: 250 MB, "deployment package (.zip file archive) size" of the Lambda
/// quotas page.
const UNPACKED_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Modes of what may be run and what may not; the function runs as another user, so all may read.
const MODES: (u32, u32) = (0o100_755, 0o100_644);
/// One level for everybody: another would be another digest.
const LEVEL: u32 = 6;

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The digest of its bytes: its name.
    pub digest: Digest,
    /// The zip.
    pub bytes: Bytes,
    /// How many files it holds.
    pub files: usize,
}

/// Packs a folder.
pub fn pack(root: &Path) -> Result<Artifact, PackageError> {
    let files = files(root)?;
    let mut archive = ZipArchiveWriter::new(Vec::new());
    let mut unpacked = 0;
    for file in &files {
        unpacked += add(&mut archive, file)?;
        if unpacked > UNPACKED_BYTES_MAX {
            return Err(PackageError::TooLarge { size: unpacked, max: UNPACKED_BYTES_MAX });
        }
    }
    let bytes = archive.finish().map_err(|error| PackageError::Write(error.into()))?;
    Ok(Artifact { digest: Digest::of(&bytes), bytes: bytes.into(), files: files.len() })
}

fn add(archive: &mut ZipArchiveWriter<Vec<u8>>, file: &FileEntry) -> Result<u64, PackageError> {
    let contents =
        std::fs::read(&file.path).map_err(|source| PackageError::Read { path: file.path.clone(), source })?;
    let mode = if file.executable { MODES.0 } else { MODES.1 };
    write_entry(archive, &file.name, mode, &contents).map_err(PackageError::Write)?;
    Ok(contents.len() as u64)
}

fn write_entry(
    archive: &mut ZipArchiveWriter<Vec<u8>>,
    name: &str,
    mode: u32,
    contents: &[u8],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // No time is given, so the format's zero (1980-01-01) is written.
    let (mut entry, config) = archive
        .new_file(name)
        .compression_method(CompressionMethod::DEFLATE)
        .unix_permissions(mode)
        .start()?;
    let encoder = DeflateEncoder::new(&mut entry, Compression::new(LEVEL));
    let mut writer: ZipDataWriter<_> = config.wrap(encoder);
    writer.write_all(contents)?;
    let (encoder, descriptor) = writer.finish()?;
    encoder.finish()?;
    entry.finish(descriptor)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("contents of {name}")).unwrap();
        }
        folder
    }

    #[cfg(unix)]
    fn set_mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn two_folders_made_differently_give_the_same_bytes() {
        let one = folder(&["b.py", "a/z.py", "a/b/c.txt"]);
        let two = folder(&["a/b/c.txt", "b.py", "a/z.py"]);
        // Another time and other bits that do not matter.
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * 5_000);
        let file = std::fs::File::options().write(true).open(two.path().join("b.py")).unwrap();
        file.set_modified(old).unwrap();
        set_mode(&two.path().join("b.py"), 0o600);
        let (one, two) = (pack(one.path()).unwrap(), pack(two.path()).unwrap());
        assert_eq!(one.bytes, two.bytes);
        assert_eq!(one.files, 3);
    }

    #[test]
    fn contents_names_and_the_right_to_run_make_a_difference() {
        let base = folder(&["bootstrap"]);
        let digest = pack(base.path()).unwrap().digest;
        set_mode(&base.path().join("bootstrap"), 0o755);
        let executable = pack(base.path()).unwrap().digest;
        std::fs::write(base.path().join("bootstrap"), "other").unwrap();
        let changed = pack(base.path()).unwrap().digest;
        assert!(digest != executable && executable != changed);
        assert_ne!(pack(folder(&["bootstrap2"]).path()).unwrap().digest, digest);
    }

    #[test]
    fn python_reads_what_was_packed() {
        let base = folder(&["app.py", "dir/data.txt"]);
        set_mode(&base.path().join("app.py"), 0o755);
        let artifact = pack(base.path()).unwrap();
        let archive = base.path().join("../").join(format!("{}.zip", artifact.digest));
        std::fs::write(&archive, &artifact.bytes).unwrap();
        let script = "import sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;\
            print([(i.filename,oct(i.external_attr>>16),i.date_time[0]) for i in z.infolist()])";
        let ran = std::process::Command::new("python3").args(["-c", script]).arg(&archive).output();
        std::fs::remove_file(&archive).unwrap();
        let ran = ran.expect("python3 is needed for this test");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(
            said.contains("[('app.py', '0o100755', 1980), ('dir/data.txt', '0o100644', 1980)]"),
            "{said}{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}
