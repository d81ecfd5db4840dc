//! Deployment packages: taken in from a request or from S3, kept as blobs, unpacked into the cache.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use updraft_api::s3;
use updraft_kernel::{As, BlobId, BlobReceipt, Error, Fault, Result, ServeCx};

use super::model::Code;
use super::refusals;
use super::unzip::{UNZIPPED_BYTES_MAX, UnzipError, unzip};

/// The largest zip file in a request ("Lambda quotas", Lambda developer guide, read 2026-11).
const DIRECT_BYTES_MAX: usize = 52_428_800;

/// What AWS says the largest request is: the same in base64 with its envelope.
const REQUEST_BYTES_MAX: u64 = 69_905_067;

/// Where a package comes from.
pub(crate) enum Source {
    /// The request itself.
    Direct(Bytes),
    /// An object of S3.
    Object { bucket: String, key: String, version: Option<String> },
}

impl Source {
    /// Reads the members that create and update share; exactly one source must be named.
    pub fn read(
        zip_file: Option<Bytes>,
        s3_bucket: Option<String>,
        s3_key: Option<String>,
        s3_object_version: Option<String>,
        image_uri: Option<&str>,
    ) -> Result<Self> {
        if image_uri.is_some() {
            let hint = "Build a zip file instead: PackageType Zip with one of the runtimes.";
            return Err(refusals::unsupported("A container image (Code.ImageUri)", hint).into());
        }
        match (zip_file, s3_bucket, s3_key) {
            (Some(zip), None, None) => Ok(Self::Direct(zip)),
            (None, Some(bucket), Some(key)) => Ok(Self::Object { bucket, key, version: s3_object_version }),
            (Some(_), ..) => Err(refusals::invalid_parameter(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.",
            )
            .into()),
            (None, ..) => {
                Err(refusals::invalid_parameter("Please provide a source for function code.").into())
            }
        }
    }

    /// The package's bytes, fetched as the caller where they are in S3.
    async fn fetch(self, cx: &ServeCx, operation: &str) -> Result<Bytes> {
        match self {
            Self::Direct(zip) if zip.len() > DIRECT_BYTES_MAX => Err(refusals::entity_too_large(format!(
                "Request must be smaller than {REQUEST_BYTES_MAX} bytes for the {operation} operation"
            ))
            .into()),
            Self::Direct(zip) if zip.is_empty() => {
                Err(refusals::invalid_parameter("Uploaded file must be a non-empty zip").into())
            }
            Self::Direct(zip) => Ok(zip),
            Self::Object { bucket, key, version } => {
                let input = s3::GetObjectRequest {
                    bucket,
                    key,
                    version_id: version,
                    ..s3::GetObjectRequest::default()
                };
                let object = cx.call::<s3::ops::GetObject>(As::Caller, input).await.map_err(s3_failed)?;
                let body = object.body.unwrap_or_default();
                body.collect(UNZIPPED_BYTES_MAX).await.map_err(|error| match error {
                    updraft_api::StreamError::TooLarge => too_large().into(),
                    other => Error::from(Fault::because("read a package from S3", other)),
                })
            }
        }
    }
}

fn too_large() -> updraft_api::Refusal {
    refusals::invalid_parameter(format!("Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes"))
}

/// S3's refusal as Lambda passes it on; a refused permission stays one.
fn s3_failed(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.code == "AccessDenied" => {
            updraft_api::Refusal::new("AccessDeniedException", 403, refusal.message)
                .with("Type", "User")
                .into()
        }
        Error::Refused(refusal) => refusals::invalid_parameter(format!(
            "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
            refusal.code, refusal.message
        ))
        .into(),
        fault => fault,
    }
}

/// A package taken in: durable, unpacked, and pinned until a record refers to it.
pub(crate) struct Package {
    pub code: Code,
    /// Held until the record is committed.
    pub receipt: BlobReceipt,
}

/// The unpacked packages in the engine's cache folder.
#[derive(Default)]
pub(crate) struct CodeCache {
    /// Unpackings under way, so that many calls at once wait for one.
    under_way: Mutex<HashMap<BlobId, Unpacking>>,
}

type Unpacking = Shared<BoxFuture<'static, std::result::Result<PathBuf, Arc<Fault>>>>;

impl CodeCache {
    /// Takes a package in for an operation.
    pub async fn take_in(&self, cx: &ServeCx, source: Source, operation: &str) -> Result<Package> {
        let zip = source.fetch(cx, operation).await?;
        let zipped_bytes = zip.len() as u64;
        let receipt =
            cx.blobs().put(zip.clone().into()).await.map_err(|e| Fault::because("keep a package", e))?;
        let unpacked = blocking(unpack_job(cx, receipt.id, zip)).await?;
        let (_, unzipped_bytes) = unpacked.map_err(|error| match error {
            UnzipError::TooLarge => Error::from(too_large()),
            UnzipError::Empty => refusals::invalid_parameter("Uploaded file must be a non-empty zip").into(),
            UnzipError::Malformed(_) | UnzipError::Escapes(_) => refusals::bad_zip().into(),
            UnzipError::Io { ref source, .. } if is_packages_fault(source) => refusals::bad_zip().into(),
            UnzipError::Io { .. } => Fault::because("unpack a package", error).into(),
        })?;
        Ok(Package { code: Code { blob: receipt.id, zipped_bytes, unzipped_bytes }, receipt })
    }

    /// The folder with the unpacked package, unpacked again where the cache has lost it.
    pub async fn folder(&self, cx: &ServeCx, code: &Code) -> Result<PathBuf> {
        let folder = folder_of(cx, code.blob);
        if folder.is_dir() {
            return Ok(folder);
        }
        let unpacking = self.begin(cx, code.blob);
        let result = unpacking.await;
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&code.blob);
        result.map_err(|fault| Fault::because("unpack a package again", fault).into())
    }

    fn begin(&self, cx: &ServeCx, blob: BlobId) -> Unpacking {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || {
            let cx = cx.clone();
            let again = async move {
                let zip = cx.blobs().read_all(blob).await?;
                match blocking(unpack_job(&cx, blob, zip)).await? {
                    Ok((folder, _)) => Ok(folder),
                    Err(error) => Err(Fault::because("unpack a package", error)),
                }
            };
            again.map(|result| result.map_err(Arc::new)).boxed().shared()
        };
        under_way.entry(blob).or_insert_with(begin).clone()
    }
}

/// Whether writing failed for what the package holds (one path as file and folder, a name too
/// long) and not for the disk.
fn is_packages_fault(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::AlreadyExists
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
    )
}

fn folder_of(cx: &ServeCx, blob: BlobId) -> PathBuf {
    cx.cache_dir().join("lambda").join("code").join(blob.to_string())
}

/// Runs disk work beside the asynchronous threads.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> std::result::Result<R, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Fault::because("work on a package", e))
}

fn unpack_job(
    cx: &ServeCx,
    blob: BlobId,
    zip: Bytes,
) -> impl FnOnce() -> std::result::Result<(PathBuf, u64), UnzipError> + Send + 'static {
    let folder = folder_of(cx, blob);
    let draft = cx.cache_dir().join("lambda").join("unpacking").join(cx.ids().uuid());
    move || {
        let result = unzip(&zip, &draft).and_then(|bytes| {
            put_in_place(&draft, &folder)
                .map_err(|source| UnzipError::Io { path: folder.display().to_string(), source })?;
            Ok((folder, bytes))
        });
        // Nothing is left of the draft where it was renamed; what is left is of no use.
        let _ = std::fs::remove_dir_all(&draft);
        result
    }
}

/// Makes the draft the folder at once, or leaves the folder that another made first.
fn put_in_place(draft: &Path, folder: &Path) -> std::io::Result<()> {
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::rename(draft, folder) {
        Err(_) if folder.is_dir() => Ok(()),
        result => result,
    }
}
