//! Blobs in memory.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use updraft_kernel::{BlobId, BlobReceipt, Blobs, Fault, InUse};
use updraft_kernel::{ByteStream, StreamError};

/// The largest blob the twin holds; tests have no use for more.
const BLOB_BYTES_MAX: u64 = 1 << 30;

/// Blobs in memory, with a folder for those who must have a file.
#[derive(Default)]
pub(crate) struct MemoryBlobs {
    bodies: Mutex<HashMap<BlobId, Body>>,
    files: Mutex<Option<tempfile::TempDir>>,
}

struct Body {
    bytes: Bytes,
    /// Shared with the receipts; alone means that none lives.
    pin: Arc<()>,
}

impl MemoryBlobs {
    fn bodies(&self) -> MutexGuard<'_, HashMap<BlobId, Body>> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: BlobId) -> Result<Bytes, Fault> {
        let bytes = self.bodies().get(&id).map(|body| body.bytes.clone());
        bytes.ok_or_else(|| Fault::new(format!("read blob {id}: there is none")))
    }
}

impl Blobs for MemoryBlobs {
    fn put(&self, body: ByteStream) -> BoxFuture<'_, Result<BlobReceipt, StreamError>> {
        Box::pin(async move {
            let bytes = body.collect(BLOB_BYTES_MAX).await?;
            let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
            let id = BlobId(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"));
            let length = bytes.len() as u64;
            let mut bodies = self.bodies();
            let body = bodies.entry(id).or_insert_with(|| Body { bytes, pin: Arc::default() });
            Ok(BlobReceipt { id, length, pin: body.pin.clone() })
        })
    }

    fn read(&self, id: BlobId, offset: u64, length: u64) -> BoxFuture<'_, Result<ByteStream, Fault>> {
        Box::pin(async move {
            let bytes = self.get(id)?;
            let end = offset.checked_add(length).filter(|end| *end <= bytes.len() as u64);
            let end = end.ok_or_else(|| {
                Fault::new(format!("read {length} bytes from {offset} of blob {id}: it has {}", bytes.len()))
            })?;
            Ok(bytes.slice(offset as usize..end as usize).into())
        })
    }

    fn read_all(&self, id: BlobId) -> BoxFuture<'_, Result<Bytes, Fault>> {
        Box::pin(async move { self.get(id) })
    }

    fn path(&self, id: BlobId) -> PathBuf {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let folder =
            files.get_or_insert_with(|| tempfile::tempdir().expect("tests may write temporary files"));
        let path = folder.path().join(id.to_string());
        if let Ok(bytes) = self.get(id)
            && !path.exists()
        {
            std::fs::write(&path, bytes).expect("tests may write temporary files");
        }
        path
    }

    fn remove(&self, id: BlobId, in_use: InUse) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let mut bodies = self.bodies();
            if bodies.get(&id).is_some_and(|body| Arc::strong_count(&body.pin) == 1) && !in_use()? {
                bodies.remove(&id);
            }
            Ok(())
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<BlobId>, Fault>> {
        Box::pin(async move { Ok(self.bodies().keys().copied().collect()) })
    }
}
