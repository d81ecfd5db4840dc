//! What S3 keeps: buckets, objects with their versions, uploads under way.
//!
//! The current object of a key stands in `CURRENT`; older versions and all delete markers stand in
//! `OLDER`, newest first. Bodies are blobs; an object is a list of segments, so that completing an
//! upload copies nothing.

use std::collections::BTreeMap;

use updraft_kernel::{BlobId, Cx, Fault, Read, Table, json_record};
use updraft_types::{AccountId, Region, Timestamp};

use super::checksum::Checksum;

/// A bucket and its configuration.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Bucket {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) versioning: Versioning,
    #[serde(default)]
    pub(crate) policy: Option<String>,
    #[serde(default)]
    pub(crate) public_access_block: Option<PublicAccessBlock>,
    #[serde(default)]
    pub(crate) encryption: Encryption,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) ownership: Option<String>,
}

json_record!(Bucket, 1);

/// Whether a bucket keeps the versions of its objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Versioning {
    /// Never switched on.
    #[default]
    Off,
    Enabled,
    Suspended,
}

/// The four switches that keep a bucket private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct PublicAccessBlock {
    pub(crate) block_public_acls: bool,
    pub(crate) ignore_public_acls: bool,
    pub(crate) block_public_policy: bool,
    pub(crate) restrict_public_buckets: bool,
}

/// A bucket's default encryption.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Encryption {
    pub(crate) algorithm: String,
    pub(crate) key_id: Option<String>,
    pub(crate) bucket_key: bool,
}

impl Default for Encryption {
    /// Every bucket encrypts with S3's own keys since January 2023 ("Amazon S3 now automatically
    /// encrypts all new objects", user guide).
    fn default() -> Self {
        Self { algorithm: "AES256".to_owned(), key_id: None, bucket_key: false }
    }
}

/// A piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Segment {
    pub(crate) blob: BlobId,
    pub(crate) length: u64,
}

/// What a writer says of an object beside its body.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Description {
    pub(crate) content_type: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) expires: Option<String>,
    pub(crate) website_redirect: Option<String>,
    pub(crate) storage_class: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Object {
    /// The version's id; `None` is the null version.
    pub(crate) version: Option<String>,
    /// Newer versions have greater numbers.
    pub(crate) sequence: u64,
    pub(crate) segments: Vec<Segment>,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    pub(crate) checksum: Option<Checksum>,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(crate) checksum_type: String,
    /// The parts of a multipart upload, in order.
    #[serde(default)]
    pub(crate) parts: Vec<PartInfo>,
    pub(crate) description: Description,
    pub(crate) encryption: Encryption,
}

json_record!(Object, 1);

impl Object {
    /// The version's id as the API writes it.
    pub(crate) fn version_id(&self) -> &str {
        self.version.as_deref().unwrap_or("null")
    }

    /// The entity tag with its quotes.
    pub(crate) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }
}

/// A part of a finished multipart upload.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct PartInfo {
    pub(crate) number: u32,
    pub(crate) size: u64,
    pub(crate) checksum: Option<Checksum>,
}

/// A version that is not current, or a delete marker.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Older {
    Object(Box<Object>),
    DeleteMarker { version: Option<String>, sequence: u64, modified: Timestamp },
}

json_record!(Older, 1);

impl Older {
    pub(crate) fn version_id(&self) -> &str {
        match self {
            Self::Object(object) => object.version_id(),
            Self::DeleteMarker { version, .. } => version.as_deref().unwrap_or("null"),
        }
    }

    fn sequence(&self) -> u64 {
        match self {
            Self::Object(object) => object.sequence,
            Self::DeleteMarker { sequence, .. } => *sequence,
        }
    }
}

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Upload {
    pub(crate) initiated: Timestamp,
    pub(crate) description: Description,
    pub(crate) algorithm: Option<super::checksum::Algorithm>,
    pub(crate) checksum_type: Option<String>,
    pub(crate) encryption: Encryption,
}

json_record!(Upload, 1);

/// A part of an upload under way.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Part {
    pub(crate) segments: Vec<Segment>,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Checksum,
    pub(crate) modified: Timestamp,
}

json_record!(Part, 1);

/// Buckets by name: names are unique over all accounts.
pub(crate) const BUCKETS: Table<String, Bucket> = Table::new("s3.bucket");
/// Current objects by bucket and key.
pub(crate) const CURRENT: Table<(String, String), Object> = Table::new("s3.current");
/// Older versions and delete markers by bucket, key and age (newest first).
pub(crate) const OLDER: Table<(String, String, u64), Older> = Table::new("s3.older");
/// Uploads by bucket, key and upload id.
pub(crate) const UPLOADS: Table<(String, String, String), Upload> = Table::new("s3.upload");
/// Parts by upload id and number.
pub(crate) const PARTS: Table<(String, u32), Part> = Table::new("s3.part");
/// The greatest sequence number given out.
const SEQUENCE: Table<(), u64> = Table::new("s3.sequence");

/// What a deletion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// The version removed, or the delete marker made; none in an unversioned bucket.
    pub(crate) version: Option<String>,
    /// Whether that is a delete marker.
    pub(crate) marker: bool,
}

/// A version found by its id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Object(Box<Object>),
    DeleteMarker { version: String, modified: Timestamp },
}

fn older_key(bucket: &str, key: &str, sequence: u64) -> (String, String, u64) {
    (bucket.to_owned(), key.to_owned(), u64::MAX - sequence)
}

/// The older versions and delete markers of a key, newest first.
pub(crate) fn older(read: &(impl Read + ?Sized), bucket: &str, key: &str) -> Result<Vec<Older>, Fault> {
    let all = OLDER.all(read, &(bucket.to_owned(), key.to_owned()))?;
    Ok(all.into_iter().map(|(_, version)| version).collect())
}

/// The current object of a key, or the delete marker that hides it, or nothing.
pub(crate) fn current(read: &(impl Read + ?Sized), bucket: &str, key: &str) -> Result<Option<Found>, Fault> {
    if let Some(object) = CURRENT.get(read, &(bucket.to_owned(), key.to_owned()))? {
        return Ok(Some(Found::Object(Box::new(object))));
    }
    Ok(older(read, bucket, key)?.into_iter().next().map(found))
}

fn found(older: Older) -> Found {
    match older {
        Older::Object(object) => Found::Object(object),
        Older::DeleteMarker { ref version, modified, .. } => {
            Found::DeleteMarker { version: version.clone().unwrap_or_else(|| "null".to_owned()), modified }
        }
    }
}

/// One version of a key by its id.
pub(crate) fn version(
    read: &(impl Read + ?Sized),
    bucket: &str,
    key: &str,
    id: &str,
) -> Result<Option<Found>, Fault> {
    if let Some(object) = CURRENT.get(read, &(bucket.to_owned(), key.to_owned()))?
        && object.version_id() == id
    {
        return Ok(Some(Found::Object(Box::new(object))));
    }
    Ok(older(read, bucket, key)?.into_iter().find(|older| older.version_id() == id).map(found))
}

/// Makes `object` the current one of its key. The caller's blobs are retained here, those of what
/// it replaces for good are released.
pub(crate) fn put_object(
    cx: &mut Cx<'_>,
    bucket_name: &str,
    bucket: &Bucket,
    key: &str,
    mut object: Object,
) -> Result<Object, Fault> {
    object.sequence = next_sequence(cx)?;
    object.version = (bucket.versioning == Versioning::Enabled).then(|| version_id(cx));
    for segment in &object.segments {
        cx.retain_blob(segment.blob)?;
    }
    make_room(cx, bucket_name, bucket, key)?;
    CURRENT.put(cx, &(bucket_name.to_owned(), key.to_owned()), &object)?;
    Ok(object)
}

/// Deletes a key: removes it, or hides it behind a delete marker where versions are kept.
pub(crate) fn delete_object(
    cx: &mut Cx<'_>,
    bucket_name: &str,
    bucket: &Bucket,
    key: &str,
) -> Result<Deleted, Fault> {
    make_room(cx, bucket_name, bucket, key)?;
    if bucket.versioning == Versioning::Off {
        return Ok(Deleted { version: None, marker: false });
    }
    let sequence = next_sequence(cx)?;
    let version = (bucket.versioning == Versioning::Enabled).then(|| version_id(cx));
    let marker = Older::DeleteMarker { version: version.clone(), sequence, modified: cx.now() };
    OLDER.put(cx, &older_key(bucket_name, key, sequence), &marker)?;
    Ok(Deleted { version: Some(version.unwrap_or_else(|| "null".to_owned())), marker: true })
}

/// Removes one version for good; the newest one left becomes current.
pub(crate) fn delete_version(
    cx: &mut Cx<'_>,
    bucket: &str,
    key: &str,
    id: &str,
) -> Result<Option<Deleted>, Fault> {
    let place = (bucket.to_owned(), key.to_owned());
    let current = CURRENT.get(cx, &place)?;
    if let Some(object) = current.as_ref().filter(|object| object.version_id() == id) {
        release(cx, &object.segments)?;
        CURRENT.delete(cx, &place);
        promote(cx, bucket, key)?;
        return Ok(Some(Deleted { version: Some(id.to_owned()), marker: false }));
    }
    let Some(gone) = older(cx, bucket, key)?.into_iter().find(|older| older.version_id() == id) else {
        return Ok(None);
    };
    OLDER.delete(cx, &older_key(bucket, key, gone.sequence()));
    let marker = match &gone {
        Older::Object(object) => {
            release(cx, &object.segments)?;
            false
        }
        Older::DeleteMarker { .. } => true,
    };
    if current.is_none() {
        promote(cx, bucket, key)?;
    }
    Ok(Some(Deleted { version: Some(id.to_owned()), marker }))
}

/// Writes one version back where it stands.
pub(crate) fn replace(cx: &mut Cx<'_>, bucket: &str, key: &str, object: Object) -> Result<(), Fault> {
    let place = (bucket.to_owned(), key.to_owned());
    let is_current = CURRENT.get(cx, &place)?.is_some_and(|current| current.sequence == object.sequence);
    if is_current {
        return CURRENT.put(cx, &place, &object);
    }
    OLDER.put(cx, &older_key(bucket, key, object.sequence), &Older::Object(Box::new(object)))
}

/// Gives back the blobs of a body.
pub(crate) fn release(cx: &mut Cx<'_>, segments: &[Segment]) -> Result<(), Fault> {
    segments.iter().try_for_each(|segment| cx.release_blob(segment.blob))
}

/// The next sequence number.
fn next_sequence(cx: &mut Cx<'_>) -> Result<u64, Fault> {
    let next = SEQUENCE.get(cx, &())?.unwrap_or(0) + 1;
    SEQUENCE.put(cx, &(), &next)?;
    Ok(next)
}

/// A version id: 32 characters, as AWS's are.
fn version_id(cx: &Cx<'_>) -> String {
    cx.ids().text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._", 32)
}

/// Clears the current place of a key: what stands there becomes an older version where versions
/// are kept, and goes for good where not. A null version is never kept beside another.
fn make_room(cx: &mut Cx<'_>, bucket_name: &str, bucket: &Bucket, key: &str) -> Result<(), Fault> {
    let place = (bucket_name.to_owned(), key.to_owned());
    if let Some(object) = CURRENT.get(cx, &place)? {
        CURRENT.delete(cx, &place);
        if bucket.versioning != Versioning::Enabled && object.version.is_none() {
            release(cx, &object.segments)?;
        } else {
            let at = older_key(bucket_name, key, object.sequence);
            OLDER.put(cx, &at, &Older::Object(Box::new(object)))?;
        }
    }
    if bucket.versioning == Versioning::Suspended {
        for null in older(cx, bucket_name, key)?.iter().filter(|older| older.version_id() == "null") {
            if let Older::Object(object) = null {
                release(cx, &object.segments)?;
            }
            OLDER.delete(cx, &older_key(bucket_name, key, null.sequence()));
        }
    }
    Ok(())
}

/// Makes the newest older version current, unless it is a delete marker.
fn promote(cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<(), Fault> {
    if let Some(Older::Object(object)) = older(cx, bucket, key)?.into_iter().next() {
        OLDER.delete(cx, &older_key(bucket, key, object.sequence));
        CURRENT.put(cx, &(bucket.to_owned(), key.to_owned()), &object)?;
    }
    Ok(())
}
