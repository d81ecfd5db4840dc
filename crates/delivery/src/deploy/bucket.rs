//! The environment's bucket: packages by digest, and the records of deployments and releases.

use bytes::Bytes;
use updraft_api::s3;
use updraft_types::{AccountId, Region};

use crate::Digest;
use crate::client::{CallError, Client};

/// S3's bound on a bucket's name ("Bucket naming rules" of the S3 guide).
const NAME_LEN_MAX: usize = 63;
/// The region in which CreateBucket takes no location ("CreateBucket" of the S3 API reference).
const REGION_WITHOUT_LOCATION: &str = "us-east-1";
/// Records of deployments are a few kilobytes.
const RECORD_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What DeleteObjects takes at once.
const DELETE_MAX: i32 = 1_000;

/// An environment's bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    /// Its name.
    pub name: String,
}

/// The name of an environment's bucket: unique over all of AWS by its account and region.
#[must_use]
pub fn bucket_name(stack: &str, account: &AccountId, region: &Region) -> String {
    let name = format!("updraft-{stack}-{account}-{region}").to_lowercase();
    if name.len() <= NAME_LEN_MAX {
        return name;
    }
    let digest = Digest::of(name.as_bytes()).short();
    format!("{}-{digest}", name[..NAME_LEN_MAX - digest.len() - 1].trim_end_matches('-'))
}

impl Bucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Makes the bucket unless it is there.
    pub async fn ensure(&self) -> Result<(), CallError> {
        let head = s3::HeadBucketRequest { bucket: self.name.clone(), ..Default::default() };
        match self.client.call::<s3::ops::HeadBucket>(head).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        let region = self.client.target().region.to_string();
        let location = (region != REGION_WITHOUT_LOCATION).then(|| s3::CreateBucketConfiguration {
            location_constraint: Some(region.as_str().into()),
            ..Default::default()
        });
        let create = s3::CreateBucketRequest {
            bucket: self.name.clone(),
            create_bucket_configuration: location,
            ..Default::default()
        };
        match self.client.call::<s3::ops::CreateBucket>(create).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts a package in its place, unless it is there: its name says what is in it. Whether it was sent.
    pub async fn put_artifact(
        &self,
        digest: Digest,
        bytes: impl AsyncFnOnce() -> std::io::Result<Bytes>,
    ) -> Result<bool, PutError> {
        let key = artifact_key(digest);
        let head =
            s3::HeadObjectRequest { bucket: self.name.clone(), key: key.clone(), ..Default::default() };
        match self.client.call::<s3::ops::HeadObject>(head).await {
            Ok(_) => return Ok(false),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        match self.put(&key, "application/zip", bytes().await?, Some("*")).await {
            Ok(()) => Ok(true),
            // Someone else was faster with the same bytes.
            Err(error) if matches!(error.status(), Some(409 | 412)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an object; with `if_none_match` only when the condition holds.
    pub async fn put(
        &self,
        key: &str,
        content_type: &str,
        body: Bytes,
        if_none_match: Option<&str>,
    ) -> Result<(), CallError> {
        let put = s3::PutObjectRequest {
            bucket: self.name.clone(),
            key: key.to_owned(),
            content_type: Some(content_type.to_owned()),
            content_length: i64::try_from(body.len()).ok(),
            if_none_match: if_none_match.map(str::to_owned),
            body: Some(body.into()),
            ..Default::default()
        };
        self.client.call::<s3::ops::PutObject>(put).await.map(|_| ())
    }

    /// Reads a record; none when it, or the bucket, is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, CallError> {
        let get =
            s3::GetObjectRequest { bucket: self.name.clone(), key: key.to_owned(), ..Default::default() };
        match self.client.call::<s3::ops::GetObject>(get).await {
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
            Ok(found) => {
                let body = found.body.unwrap_or_default().collect(RECORD_BYTES_MAX).await;
                body.map(Some).map_err(|error| CallError::body("GetObject", error))
            }
        }
    }

    /// Empties the bucket and takes it away; how many objects were in it.
    pub async fn destroy(&self) -> Result<usize, CallError> {
        let mut count = 0;
        loop {
            let list = s3::ListObjectsV2Request {
                bucket: self.name.clone(),
                max_keys: Some(DELETE_MAX),
                ..Default::default()
            };
            let page = match self.client.call::<s3::ops::ListObjectsV2>(list).await {
                Err(error) if error.is_not_found() => return Ok(count),
                other => other?,
            };
            let keys: Vec<_> = page.contents.into_iter().flatten().filter_map(|object| object.key).collect();
            if keys.is_empty() {
                break;
            }
            count += keys.len();
            let objects = keys.into_iter().map(|key| s3::ObjectIdentifier { key, ..Default::default() });
            let delete = s3::Delete { objects: objects.collect(), quiet: Some(true) };
            let input = s3::DeleteObjectsRequest { bucket: self.name.clone(), delete, ..Default::default() };
            self.client.call::<s3::ops::DeleteObjects>(input).await?;
        }
        let delete = s3::DeleteBucketRequest { bucket: self.name.clone(), ..Default::default() };
        match self.client.call::<s3::ops::DeleteBucket>(delete).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(count),
        }
    }
}

/// Where a package is in the bucket.
#[must_use]
pub fn artifact_key(digest: Digest) -> String {
    format!("artifacts/{digest}.zip")
}

/// Why a package is not in the bucket.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It cannot be read here.
    #[error("the package cannot be read")]
    Read(#[from] std::io::Error),
    /// It could not be sent there.
    #[error(transparent)]
    Call(#[from] CallError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buckets_name_is_unique_and_short_enough() {
        let account: AccountId = "000000000000".parse().unwrap();
        let region: Region = "eu-central-1".parse().unwrap();
        assert_eq!(
            bucket_name("shop-test", &account, &region),
            "updraft-shop-test-000000000000-eu-central-1"
        );
        let long = "a-very-long-app-name-that-someone-chose-production";
        let name = bucket_name(long, &account, &region);
        assert!(name.len() <= NAME_LEN_MAX && !name.contains("--"), "{name}");
        assert_ne!(name, bucket_name(&format!("{long}2"), &account, &region));
    }
}
