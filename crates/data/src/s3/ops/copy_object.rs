//! `CopyObject`: the copy refers to the same blobs, so its cost does not grow with its size.

use updraft_api::Refusal;
use updraft_api::s3::ops::CopyObject;
use updraft_api::s3::{CopyObjectOutput, CopyObjectRequest, CopyObjectResult};
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::Scope;

use super::get_object::find;
use crate::s3::checksum::{self, Meter};
use crate::s3::condition::{Failed, ReadConditions};
use crate::s3::model::{self, Description, Object};
use crate::s3::{S3, body, checksum_members, condition, describe, guard, refusals};

impl Serve<CopyObject> for S3 {
    fn access(&self, scope: &Scope, input: &CopyObjectRequest) -> Result<Vec<Access>> {
        let source = Source::read(&input.copy_source)?;
        let mut accesses = guard::on_object(scope, source.action(), &source.bucket, &source.key)?;
        accesses.extend(guard::on_object(scope, "s3:PutObject", &input.bucket, &input.key)?);
        if input.tagging.is_some() {
            accesses.extend(guard::on_object(scope, "s3:PutObjectTagging", &input.bucket, &input.key)?);
        }
        Ok(accesses)
    }

    async fn serve(&self, cx: ServeCx, input: CopyObjectRequest) -> Result<CopyObjectOutput> {
        describe::refuse_unbuilt!(&input)?;
        let source = Source::read(&input.copy_source)?;
        let replaced = describe::description!(&input)?;
        let original = cx.view(|view| source.find(view, input.expected_source_bucket_owner.as_deref()))?;
        source_conditions(&input).check(&original).map_err(source_refusal)?;
        let replace_metadata =
            is_replace(input.metadata_directive.as_ref().map(|d| d.as_str()), "x-amz-metadata-directive")?;
        let replace_tags =
            is_replace(input.tagging_directive.as_ref().map(|d| d.as_str()), "x-amz-tagging-directive")?;
        let to_itself = source.bucket == input.bucket && source.key == input.key && source.version.is_none();
        if to_itself
            && !replace_metadata
            && input.storage_class.is_none()
            && input.server_side_encryption.is_none()
        {
            let message = "This copy request is illegal because it is trying to copy an object to itself without \
                           changing the object's metadata, storage class, website redirect location or encryption \
                           attributes.";
            return Err(refusals::invalid_request(message).into());
        }
        if original.size > body::BODY_MAX {
            let message = "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
            return Err(refusals::invalid_request(message).into());
        }
        let description = described(&original.description, replaced, replace_metadata, replace_tags);
        let algorithm = match input.checksum_algorithm.as_ref() {
            Some(name) => Some(checksum_members::named(name.as_str())?),
            None => None,
        };
        let sums = sums(&cx, &original, algorithm).await?;
        let copy_source_version_id = original.version.clone();
        let (etag, checksum) = (sums.md5_hex(), sums.checksum);
        let stored = cx
            .transact(move |cx| {
                let bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
                // The source is found again: its blobs may have gone since.
                let original = source.find(cx, input.expected_source_bucket_owner.as_deref())?;
                let current = model::current(cx, &input.bucket, &input.key)?;
                condition::check_write(
                    input.if_match.as_deref(),
                    input.if_none_match.as_deref(),
                    &input.key,
                    current.as_ref(),
                )?;
                let asked = input.server_side_encryption.as_ref().map(|sse| sse.as_str());
                let encryption = describe::encryption(asked, input.ssekms_key_id.as_deref(), &bucket)?;
                let object = Object {
                    version: None,
                    sequence: 0,
                    etag,
                    modified: cx.now(),
                    checksum: Some(checksum),
                    checksum_type: "FULL_OBJECT".to_owned(),
                    parts: Vec::new(),
                    description,
                    encryption,
                    ..original
                };
                Ok(model::put_object(cx, &input.bucket, &bucket, &input.key, object)?)
            })
            .await?;
        let mut result = CopyObjectResult {
            e_tag: Some(stored.quoted_etag()),
            last_modified: Some(stored.modified),
            checksum_type: Some(stored.checksum_type.as_str().into()),
            ..Default::default()
        };
        checksum_members::fill!(&mut result, stored.checksum.as_ref());
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id,
            version_id: stored.version,
            server_side_encryption: Some(stored.encryption.algorithm.as_str().into()),
            bucket_key_enabled: stored.encryption.bucket_key.then_some(true),
            ..Default::default()
        })
    }
}

/// Where a copy comes from: `bucket/key`, `/bucket/key`, with `?versionId=…`, percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
}

impl Source {
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            let message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            refusals::invalid_argument(message, "x-amz-copy-source", text)
        };
        let (path, version) = match text.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (text, None),
        };
        // A plus sign in a path is itself, unlike in a query.
        let path = describe::decode(&path.replace('+', "%2B")).ok_or_else(wrong)?;
        let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/').ok_or_else(wrong)?;
        if bucket.is_empty() || key.is_empty() {
            return Err(wrong());
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned(), version })
    }

    pub(super) fn action(&self) -> &'static str {
        if self.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" }
    }

    pub(super) fn find(
        &self,
        read: &(impl updraft_kernel::Read + ?Sized),
        owner: Option<&str>,
    ) -> Result<Object> {
        guard::bucket(read, &self.bucket, owner)?;
        find(read, &self.bucket, &self.key, self.version.as_deref())
    }
}

fn source_conditions(input: &CopyObjectRequest) -> ReadConditions<'_> {
    ReadConditions {
        if_match: input.copy_source_if_match.as_deref(),
        if_none_match: input.copy_source_if_none_match.as_deref(),
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    }
}

/// A copy's source conditions fail with 412 alike, whichever it is.
pub(super) fn source_refusal(failed: Failed) -> Refusal {
    match failed {
        Failed::Precondition("If-Match") => refusals::precondition_failed("x-amz-copy-source-If-Match"),
        Failed::Precondition(_) => refusals::precondition_failed("x-amz-copy-source-If-Unmodified-Since"),
        Failed::NotModified => refusals::precondition_failed("x-amz-copy-source-If-None-Match"),
    }
}

fn is_replace(directive: Option<&str>, header: &str) -> Result<bool, Refusal> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(other) => Err(refusals::invalid_argument("Unknown metadata directive.", header, other)),
    }
}

fn described(original: &Description, replaced: Description, metadata: bool, tags: bool) -> Description {
    let (original_tags, replaced_tags) = (original.tags.clone(), replaced.tags.clone());
    let storage_class = replaced.storage_class.clone();
    let mut description = if metadata { replaced } else { original.clone() };
    description.tags = if tags { replaced_tags } else { original_tags };
    description.storage_class = storage_class;
    description
}

/// The sums of the copy: known already unless the source came in parts or another checksum is
/// asked for; then its body is read once more.
async fn sums(
    cx: &ServeCx,
    original: &Object,
    algorithm: Option<checksum::Algorithm>,
) -> Result<checksum::Sums> {
    let algorithm = algorithm
        .or(original.checksum.as_ref().map(|sum| sum.algorithm))
        .unwrap_or(checksum::Algorithm::Crc64nvme);
    let stream = body::send(cx.blobs(), &original.segments, 0, original.size).await?;
    let (stream, meter) = Meter::attach(stream, algorithm);
    body::drain(stream).await?;
    Ok(meter.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_in_all_their_forms() {
        let read = |text| Source::read(text).map(|s| (s.bucket, s.key, s.version));
        let plain = ("b".to_owned(), "k y/z+".to_owned(), None);
        assert_eq!(read("b/k%20y/z+").unwrap(), plain);
        assert_eq!(read("/b/k%20y/z%2B").unwrap(), plain);
        assert_eq!(read("b/k?versionId=v1").unwrap().2.as_deref(), Some("v1"));
        for wrong in ["b", "/b", "b/", "/k", "b/%zz"] {
            assert_eq!(read(wrong).unwrap_err().code, "InvalidArgument", "{wrong}");
        }
    }
}
