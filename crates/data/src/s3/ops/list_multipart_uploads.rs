//! `ListMultipartUploads`.

use updraft_api::s3::ops::ListMultipartUploads;
use updraft_api::s3::{
    Initiator, ListMultipartUploadsOutput, ListMultipartUploadsRequest, MultipartUpload, Owner,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::s3::listing::{self, Listing};
use crate::s3::model::{UPLOADS, Upload};
use crate::s3::{S3, guard};

impl Query<ListMultipartUploads> for S3 {
    fn access(&self, scope: &Scope, input: &ListMultipartUploadsRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:ListBucketMultipartUploads", &input.bucket)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: ListMultipartUploadsRequest,
    ) -> Result<ListMultipartUploadsOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let key_marker = input.key_marker.clone().unwrap_or_default();
        let id_marker = input.upload_id_marker.clone().unwrap_or_default();
        let listing = Listing {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()),
            after: None,
            keys_max: listing::keys_max(input.max_uploads, "max-uploads")?,
        };
        // Uploads under way are few beside objects, so the bucket's are read at once.
        let mut all = UPLOADS.all(view, &input.bucket)?;
        // Within a key they are listed by the time they began ("ListMultipartUploads" reference).
        all.sort_by(|((_, a, _), x), ((_, b, _), y)| (a, x.initiated).cmp(&(b, y.initiated)));
        let past = |key: &str, id: &str| match key.cmp(&key_marker) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => !id_marker.is_empty() && id > id_marker.as_str(),
            std::cmp::Ordering::Greater => true,
        };
        let id = guard::canonical_id(bucket.account.as_str());
        let (mut uploads, mut prefixes) = (Vec::new(), Vec::<String>::new());
        let (mut next, mut more) = (None, false);
        for ((_, key, upload_id), upload) in all {
            if !key.starts_with(listing.prefix) || !past(&key, &upload_id) {
                continue;
            }
            let grouped = listing::common_prefix(&key, &listing);
            if grouped.is_some() && grouped.as_ref() == prefixes.last() {
                continue;
            }
            if uploads.len() + prefixes.len() == listing.keys_max {
                more = true;
                break;
            }
            next = Some((grouped.clone().unwrap_or_else(|| key.clone()), upload_id.clone()));
            match grouped {
                Some(prefix) => prefixes.push(prefix),
                None => uploads.push(shown(key, upload_id, &upload, &id)),
            }
        }
        let encoding = input.encoding_type.as_ref();
        let next = next.filter(|_| more);
        let keys_max = listing.keys_max as i32;
        Ok(ListMultipartUploadsOutput {
            key_marker: Some(key_marker.clone()),
            upload_id_marker: Some(id_marker.clone()),
            next_key_marker: next.as_ref().map(|(key, _)| key.clone()),
            next_upload_id_marker: next.map(|(_, id)| id),
            max_uploads: Some(keys_max),
            is_truncated: Some(more),
            uploads: (!uploads.is_empty()).then_some(uploads),
            common_prefixes: listing::common_prefixes(&prefixes, encoding),
            prefix: input.prefix.clone(),
            delimiter: input.delimiter.clone(),
            encoding_type: input.encoding_type.clone(),
            bucket: Some(input.bucket),
            ..Default::default()
        })
    }
}

fn shown(key: String, upload_id: String, upload: &Upload, owner: &str) -> MultipartUpload {
    MultipartUpload {
        upload_id: Some(upload_id),
        key: Some(key),
        initiated: Some(upload.initiated),
        storage_class: Some(upload.description.storage_class.as_deref().unwrap_or("STANDARD").into()),
        owner: Some(Owner { id: Some(owner.to_owned()), display_name: None }),
        initiator: Some(Initiator { id: Some(owner.to_owned()), display_name: None }),
        checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().into()),
        checksum_type: upload.checksum_type.as_deref().map(Into::into),
    }
}
