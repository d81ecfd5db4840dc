//! `ListObjects`: the older listing, paged by marker.

use updraft_api::s3::ops::ListObjects;
use updraft_api::s3::{ListObjectsOutput, ListObjectsRequest, Owner};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::list_objects_v2::entry;
use crate::s3::listing::{self, Listing};
use crate::s3::model::CURRENT;
use crate::s3::{S3, guard};

impl Query<ListObjects> for S3 {
    fn access(&self, scope: &Scope, input: &ListObjectsRequest) -> Result<Vec<Access>> {
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        guard::on_listing(scope, "s3:ListBucket", &input.bucket, prefix, delimiter, input.max_keys)
    }

    fn query(&self, view: &View<'_>, input: ListObjectsRequest) -> Result<ListObjectsOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let listing = Listing {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()),
            after: input.marker.as_deref().filter(|m| !m.is_empty()),
            keys_max: listing::keys_max(input.max_keys, "max-keys")?,
        };
        let walked = listing::walk(view, &CURRENT, &listing)?;
        let encoding = input.encoding_type.as_ref();
        let owner = Owner { display_name: None, id: Some(guard::canonical_id(bucket.account.as_str())) };
        let keys_max = listing.keys_max as i32;
        let contents: Vec<_> = walked
            .entries
            .iter()
            .map(|(key, object)| entry(key, object, encoding, Some(owner.clone())))
            .collect();
        // Without a delimiter the last key is the marker, and AWS leaves it unsaid.
        let next_marker = walked
            .next
            .as_deref()
            .filter(|_| listing.delimiter.is_some())
            .map(|n| listing::encode(n, encoding));
        Ok(ListObjectsOutput {
            is_truncated: Some(walked.next.is_some()),
            marker: Some(listing::encode(input.marker.as_deref().unwrap_or_default(), encoding)),
            next_marker,
            contents: (!contents.is_empty()).then_some(contents),
            name: Some(input.bucket),
            prefix: Some(listing::encode(input.prefix.as_deref().unwrap_or_default(), encoding)),
            delimiter: input.delimiter.as_deref().map(|d| listing::encode(d, encoding)),
            max_keys: Some(keys_max),
            common_prefixes: listing::common_prefixes(&walked.prefixes, encoding),
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        })
    }
}
