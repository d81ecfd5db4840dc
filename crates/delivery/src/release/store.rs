//! Records in the environment's bucket, written with conditions so that two processes never both
//! believe to hold one release.

use updraft_api::s3;

use super::record::{FORMAT, Release};
use crate::client::{CallError, Client};

/// The object that names the latest release; who changes it has begun one.
const HEAD_KEY: &str = "releases/head.json";
/// A record is a few kilobytes; this bounds what is read.
const RECORD_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The releases of one environment.
#[derive(Clone, Copy)]
pub struct ReleaseStore<'c> {
    client: &'c Client,
    bucket: &'c str,
}

/// The version of a record that was last written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved(pub String);

/// The latest release, as the head object has it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Head {
    id: String,
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else has written it since.
    #[error("the release's record was changed by another process")]
    Conflict,
    /// It is in a form that this program does not know.
    #[error("the release's record has form {found}, and this updraft knows {FORMAT}")]
    Newer {
        /// Its form.
        found: u64,
    },
    /// It is not a record.
    #[error("the release's record cannot be read")]
    Broken(#[source] serde_json::Error),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl<'c> ReleaseStore<'c> {
    /// The releases kept in `bucket`.
    #[must_use]
    pub fn new(client: &'c Client, bucket: &'c str) -> Self {
        Self { client, bucket }
    }

    /// The latest release, if there was one, and the head's own version.
    pub async fn latest(&self) -> Result<(Option<(Release, Saved)>, Option<Saved>), StoreError> {
        let Some((text, head)) = self.read(HEAD_KEY).await? else { return Ok((None, None)) };
        let Head { id } = serde_json::from_slice(&text).map_err(StoreError::Broken)?;
        match self.load(&id).await {
            Ok(latest) => Ok((Some(latest), Some(head))),
            Err(StoreError::Call(error)) if error.is_not_found() => Ok((None, Some(head))),
            Err(error) => Err(error),
        }
    }

    /// Writes a new release down and makes it the latest, unless another was begun meanwhile.
    pub async fn begin(&self, release: &Release, head: Option<&Saved>) -> Result<Saved, StoreError> {
        let saved = self.write(&key(&release.id), &json(release)?, None).await?;
        self.write(HEAD_KEY, &json(&Head { id: release.id.clone() })?, head).await?;
        Ok(saved)
    }

    /// Reads a release.
    pub async fn load(&self, id: &str) -> Result<(Release, Saved), StoreError> {
        let Some((text, saved)) = self.read(&key(id)).await? else {
            return Err(StoreError::Call(CallError::not_found("GetObject", &key(id))));
        };
        Ok((parse(&text)?, saved))
    }

    /// Writes a release, if no one else has since.
    pub async fn save(&self, release: &Release, last: &Saved) -> Result<Saved, StoreError> {
        self.write(&key(&release.id), &json(release)?, Some(last)).await
    }

    async fn read(&self, key: &str) -> Result<Option<(bytes::Bytes, Saved)>, StoreError> {
        let input = s3::GetObjectRequest {
            bucket: self.bucket.to_owned(),
            key: key.to_owned(),
            ..Default::default()
        };
        match self.client.call::<s3::ops::GetObject>(input).await {
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
            Ok(output) => {
                let tag = Saved(output.e_tag.unwrap_or_default());
                let body = output.body.unwrap_or_default().collect(RECORD_BYTES_MAX).await;
                Ok(Some((body.map_err(|error| CallError::body("GetObject", error))?, tag)))
            }
        }
    }

    /// Writes an object that is still as it was last seen, or still is not there.
    async fn write(&self, key: &str, text: &[u8], last: Option<&Saved>) -> Result<Saved, StoreError> {
        let input = s3::PutObjectRequest {
            bucket: self.bucket.to_owned(),
            key: key.to_owned(),
            content_type: Some("application/json".to_owned()),
            if_match: last.map(|saved| saved.0.clone()),
            if_none_match: last.is_none().then(|| "*".to_owned()),
            content_length: Some(text.len() as i64),
            body: Some(bytes::Bytes::copy_from_slice(text).into()),
            ..Default::default()
        };
        match self.client.call::<s3::ops::PutObject>(input).await {
            Ok(output) => Ok(Saved(output.e_tag.unwrap_or_default())),
            // 412 when the condition does not hold, 409 when another write is under way ("How to
            // prevent object overwrites with conditional writes" of the S3 guide), 404 when If-Match
            // finds nothing.
            Err(error) if matches!(error.status(), Some(404 | 409 | 412)) => Err(StoreError::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}

fn key(id: &str) -> String {
    format!("releases/{id}.json")
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(StoreError::Broken)
}

fn parse(text: &[u8]) -> Result<Release, StoreError> {
    let value: serde_json::Value = serde_json::from_slice(text).map_err(StoreError::Broken)?;
    match value["format"].as_u64() {
        Some(found) if found > u64::from(FORMAT) => Err(StoreError::Newer { found }),
        _ => serde_json::from_value(value).map_err(StoreError::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_record_is_refused_by_its_form() {
        let error = parse(br#"{"format": 2, "unknown": true}"#).unwrap_err();
        assert_eq!(error.to_string(), "the release's record has form 2, and this updraft knows 1");
        assert!(matches!(parse(br#"{"format": 1}"#), Err(StoreError::Broken(_))));
    }
}
