//! `ListObjectsV2`.

use updraft_api::s3::ops::ListObjectsV2;
use updraft_api::s3::{EncodingType, ListObjectsV2Output, ListObjectsV2Request, Object as Entry, Owner};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::s3::listing::{self, Listing};
use crate::s3::model::{CURRENT, Object};
use crate::s3::{S3, guard};

impl Query<ListObjectsV2> for S3 {
    fn access(&self, scope: &Scope, input: &ListObjectsV2Request) -> Result<Vec<Access>> {
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        guard::on_listing(scope, "s3:ListBucket", &input.bucket, prefix, delimiter, input.max_keys)
    }

    fn query(&self, view: &View<'_>, input: ListObjectsV2Request) -> Result<ListObjectsV2Output> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let continued = input.continuation_token.as_deref().map(listing::read_token).transpose()?;
        let listing = Listing {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()),
            after: continued.as_deref().or(input.start_after.as_deref()),
            keys_max: listing::keys_max(input.max_keys, "max-keys")?,
        };
        let walked = listing::walk(view, &CURRENT, &listing)?;
        let encoding = input.encoding_type.as_ref();
        let owner = (input.fetch_owner == Some(true))
            .then(|| Owner { display_name: None, id: Some(guard::canonical_id(bucket.account.as_str())) });
        let keys_max = listing.keys_max as i32;
        let count = (walked.entries.len() + walked.prefixes.len()) as i32;
        let contents: Vec<_> =
            walked.entries.iter().map(|(key, object)| entry(key, object, encoding, owner.clone())).collect();
        Ok(ListObjectsV2Output {
            is_truncated: Some(walked.next.is_some()),
            contents: (!contents.is_empty()).then_some(contents),
            name: Some(input.bucket),
            prefix: Some(listing::encode(input.prefix.as_deref().unwrap_or_default(), encoding)),
            delimiter: input.delimiter.as_deref().map(|d| listing::encode(d, encoding)),
            max_keys: Some(keys_max),
            common_prefixes: listing::common_prefixes(&walked.prefixes, encoding),
            encoding_type: input.encoding_type.clone(),
            key_count: Some(count),
            continuation_token: input.continuation_token,
            next_continuation_token: walked.next.as_deref().map(listing::token),
            start_after: input.start_after.as_deref().map(|s| listing::encode(s, encoding)),
            ..Default::default()
        })
    }
}

/// An object as listings show it.
pub(super) fn entry(
    key: &str,
    object: &Object,
    encoding: Option<&EncodingType>,
    owner: Option<Owner>,
) -> Entry {
    Entry {
        key: Some(listing::encode(key, encoding)),
        last_modified: Some(object.modified),
        e_tag: Some(object.quoted_etag()),
        checksum_algorithm: object.checksum.as_ref().map(|sum| vec![sum.algorithm.name().into()]),
        checksum_type: object.checksum.as_ref().map(|_| object.checksum_type.as_str().into()),
        size: Some(object.size as i64),
        storage_class: Some(object.description.storage_class.as_deref().unwrap_or("STANDARD").into()),
        owner,
        ..Default::default()
    }
}
