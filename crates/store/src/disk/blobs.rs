//! Blobs as files: `blobs/ab/abcd…`, named by the SHA-256 of their content.
//!
//! A file gets its name only when it is whole and flushed, so a named file is never half-written.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use ring::digest;
use tempfile::NamedTempFile;
use updraft_kernel::{BlobId, BlobReceipt, Blobs, Fault, InUse};
use updraft_kernel::{ByteStream, StreamError};

use super::OpenError;
use super::folder::{io_error, sync_dir};

/// How much of a body is gathered before it is written.
const WRITE_BYTES: usize = 1 << 20;

/// How much of a body is read at a time.
const READ_BYTES: u64 = 256 << 10;

/// The blobs of one data folder.
pub(super) struct DiskBlobs {
    root: Arc<Path>,
    pins: Arc<Pins>,
}

/// How many receipts of each blob live. Who names or removes a blob's file holds the lock.
#[derive(Default)]
struct Pins(Mutex<HashMap<BlobId, usize>>);

impl Pins {
    fn lock(&self) -> MutexGuard<'_, HashMap<BlobId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a receipt holds.
struct Pin {
    id: BlobId,
    pins: Arc<Pins>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.id);
            }
        }
    }
}

impl DiskBlobs {
    /// Opens the blobs in `root`; bodies that were cut short by a crash are swept away.
    pub(super) fn open(root: PathBuf) -> Result<Self, OpenError> {
        let unfinished = root.join("tmp");
        match std::fs::remove_dir_all(&unfinished) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("sweep", &unfinished)(source));
            }
            _ => {}
        }
        let make = || {
            std::fs::create_dir_all(&unfinished)?;
            if !root.join("ff").exists() {
                (0..=u8::MAX)
                    .try_for_each(|first| std::fs::create_dir_all(root.join(format!("{first:02x}"))))?;
            }
            sync_dir(&root)
        };
        make().map_err(io_error("make folders in", &root))?;
        Ok(Self { root: root.into(), pins: Arc::default() })
    }
}

impl Blobs for DiskBlobs {
    fn put(&self, body: ByteStream) -> BoxFuture<'_, Result<BlobReceipt, StreamError>> {
        Box::pin(async move {
            let (root, pins) = (self.root.clone(), self.pins.clone());
            let mut incoming = blocking(move || Incoming::begin(root, pins)).await.map_err(not_stored)?;
            match body {
                ByteStream::Whole(bytes) => blocking(move || incoming.write(&[bytes])?.finish()).await,
                ByteStream::Pieces { mut pieces, .. } => {
                    let mut gathered = Vec::new();
                    let mut length = 0;
                    while let Some(piece) = pieces.next().await {
                        let piece = piece?;
                        length += piece.len();
                        gathered.push(piece);
                        if length >= WRITE_BYTES {
                            let write = std::mem::take(&mut gathered);
                            incoming = blocking(move || incoming.write(&write)).await.map_err(not_stored)?;
                            length = 0;
                        }
                    }
                    blocking(move || incoming.write(&gathered)?.finish()).await
                }
            }
            .map_err(not_stored)
        })
    }

    fn read(&self, id: BlobId, offset: u64, length: u64) -> BoxFuture<'_, Result<ByteStream, Fault>> {
        Box::pin(async move {
            let file = Arc::new(self.open_file(id).await?);
            let size = file.metadata().map_err(|e| unreadable(id, e))?.len();
            let Some(end) = offset.checked_add(length).filter(|end| *end <= size) else {
                return Err(Fault::new(format!(
                    "read {length} bytes from {offset} of blob {id}: it has {size}"
                )));
            };
            if length <= READ_BYTES {
                let bytes = blocking(move || read_at(&file, offset, length)).await;
                return Ok(bytes.map_err(|e| unreadable(id, e))?.into());
            }
            let pieces = futures::stream::unfold(offset, move |from| {
                let file = file.clone();
                async move {
                    let length = READ_BYTES.min(end - from);
                    if length == 0 {
                        return None;
                    }
                    let bytes = blocking(move || read_at(&file, from, length)).await;
                    Some((bytes.map_err(not_stored), from + length))
                }
            });
            Ok(ByteStream::pieces(pieces, Some(length)))
        })
    }

    fn read_all(&self, id: BlobId) -> BoxFuture<'_, Result<Bytes, Fault>> {
        Box::pin(async move {
            let path = self.path(id);
            blocking(move || std::fs::read(path)).await.map(Bytes::from).map_err(|e| unreadable(id, e))
        })
    }

    fn path(&self, id: BlobId) -> PathBuf {
        path(&self.root, id)
    }

    fn remove(&self, id: BlobId, in_use: InUse) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let (path, pins) = (self.path(id), self.pins.clone());
            let removed = blocking(move || {
                // Held to the end: a receipt that is dropped only now has its record committed.
                let pins = pins.lock();
                if pins.contains_key(&id) || in_use().map_err(io::Error::other)? {
                    return Ok(());
                }
                match std::fs::remove_file(path) {
                    Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                    other => other,
                }
            });
            removed.await.map_err(|e| Fault::because(format!("remove blob {id}"), e))
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<BlobId>, Fault>> {
        Box::pin(async move {
            let root = self.root.clone();
            blocking(move || list(&root)).await.map_err(|e| Fault::because("list the blobs", e))
        })
    }
}

impl DiskBlobs {
    async fn open_file(&self, id: BlobId) -> Result<File, Fault> {
        let path = self.path(id);
        blocking(move || File::open(path)).await.map_err(|e| unreadable(id, e))
    }
}

/// A body on its way to the disk.
struct Incoming {
    root: Arc<Path>,
    pins: Arc<Pins>,
    file: NamedTempFile,
    digest: digest::Context,
    length: u64,
}

impl Incoming {
    fn begin(root: Arc<Path>, pins: Arc<Pins>) -> io::Result<Self> {
        let file = NamedTempFile::new_in(root.join("tmp"))?;
        Ok(Self { root, pins, file, digest: digest::Context::new(&digest::SHA256), length: 0 })
    }

    fn write(mut self, pieces: &[Bytes]) -> io::Result<Self> {
        for piece in pieces {
            self.digest.update(piece);
            self.length += piece.len() as u64;
            self.file.write_all(piece)?;
        }
        Ok(self)
    }

    /// Flushes the body and gives it its name.
    fn finish(self) -> io::Result<BlobReceipt> {
        let id = BlobId(self.digest.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"));
        let path = path(&self.root, id);
        self.file.as_file().sync_all()?;
        let pin = {
            let mut pins = self.pins.lock();
            if !path.exists() {
                self.file.persist(&path).map_err(|e| e.error)?;
            }
            *pins.entry(id).or_default() += 1;
            Pin { id, pins: self.pins.clone() }
        };
        // Also where the blob was there already: who wrote it may not have come this far.
        sync_dir(path.parent().expect("a blob's file is in a folder"))?;
        Ok(BlobReceipt { id, length: self.length, pin: Arc::new(pin) })
    }
}

fn path(root: &Path, id: BlobId) -> PathBuf {
    root.join(format!("{:02x}", id.0[0])).join(id.to_string())
}

fn list(root: &Path) -> io::Result<Vec<BlobId>> {
    let mut ids = Vec::new();
    for first in 0..=u8::MAX {
        for file in std::fs::read_dir(root.join(format!("{first:02x}")))? {
            // What has no blob's name was not put here by the store, which leaves it alone.
            ids.extend(file?.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok()));
        }
    }
    Ok(ids)
}

fn read_at(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = BytesMut::zeroed(length as usize);
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes.freeze())
}

/// Runs a step that waits for the disk where it holds up nobody.
async fn blocking<T: Send + 'static>(step: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(step).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

fn not_stored(error: io::Error) -> StreamError {
    tracing::error!(%error, "a blob could not be written or read");
    StreamError::Storage(error.to_string())
}

fn unreadable(id: BlobId, error: io::Error) -> Fault {
    Fault::because(format!("read blob {id}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8], pieces: usize) -> ByteStream {
        let all: Vec<_> =
            bytes.chunks(bytes.len().div_ceil(pieces)).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
        ByteStream::pieces(futures::stream::iter(all), None)
    }

    fn unused() -> InUse {
        Box::new(|| Ok(false))
    }

    #[tokio::test]
    async fn bodies_are_named_by_content_and_read_back_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = DiskBlobs::open(folder.path().join("blobs")).unwrap();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let one = blobs.put(body(&bytes, 7)).await.unwrap();
        let same = blobs.put(Bytes::from(bytes.clone()).into()).await.unwrap();
        assert_eq!((one.id, one.length), (same.id, 3_000_000));
        assert_eq!(blobs.all().await.unwrap(), [one.id]);
        assert_eq!(blobs.read_all(one.id).await.unwrap(), bytes);
        for (offset, length) in [(0, 10), (100, 2_000_000), (2_999_999, 1), (3_000_000, 0)] {
            let part = blobs.read(one.id, offset, length).await.unwrap();
            let part = part.collect(u64::MAX).await.unwrap();
            assert_eq!(part, bytes[offset as usize..(offset + length) as usize]);
        }
        for (offset, length) in [(3_000_000, 1), (u64::MAX, 2)] {
            assert!(blobs.read(one.id, offset, length).await.is_err());
        }
        assert!(blobs.read_all(BlobId([0; 32])).await.is_err());
    }

    #[tokio::test]
    async fn a_blob_goes_when_neither_receipt_nor_record_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = DiskBlobs::open(folder.path().join("blobs")).unwrap();
        let receipt = blobs.put(Bytes::from_static(b"x").into()).await.unwrap();
        let id = receipt.id;
        blobs.remove(id, unused()).await.unwrap();
        assert!(blobs.path(id).exists(), "a receipt holds it");
        drop(receipt);
        blobs.remove(id, Box::new(|| Ok(true))).await.unwrap();
        assert!(blobs.path(id).exists(), "a record holds it");
        blobs.remove(id, unused()).await.unwrap();
        assert!(!blobs.path(id).exists());
        blobs.remove(id, unused()).await.unwrap();
    }

    #[tokio::test]
    async fn a_body_cut_short_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("blobs");
        let blobs = DiskBlobs::open(root.clone()).unwrap();
        let pieces = [Ok(Bytes::from_static(b"half")), Err(StreamError::Truncated)];
        let cut = ByteStream::pieces(futures::stream::iter(pieces), Some(8));
        assert!(blobs.put(cut).await.is_err());
        assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0);
        assert!(blobs.all().await.unwrap().is_empty());
        std::fs::write(root.join("tmp/left"), "by a crash").unwrap();
        drop(blobs);
        DiskBlobs::open(root.clone()).unwrap();
        assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    }
}
