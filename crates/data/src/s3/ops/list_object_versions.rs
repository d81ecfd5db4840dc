//! `ListObjectVersions`: every version and delete marker, newest first within a key.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use updraft_api::s3::ops::ListObjectVersions;
use updraft_api::s3::{
    DeleteMarkerEntry, ListObjectVersionsOutput, ListObjectVersionsRequest, ObjectVersion, Owner,
};
use updraft_kernel::{Access, Query, Read, Result, View};
use updraft_types::{Scope, Timestamp};

use crate::s3::listing::{self, Listing};
use crate::s3::model::{CURRENT, OLDER, Object, Older};
use crate::s3::{S3, guard, refusals};

impl Query<ListObjectVersions> for S3 {
    fn access(&self, scope: &Scope, input: &ListObjectVersionsRequest) -> Result<Vec<Access>> {
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        guard::on_listing(scope, "s3:ListBucketVersions", &input.bucket, prefix, delimiter, input.max_keys)
    }

    fn query(&self, view: &View<'_>, input: ListObjectVersionsRequest) -> Result<ListObjectVersionsOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let key_marker = input.key_marker.clone().unwrap_or_default();
        let id_marker = input.version_id_marker.clone().unwrap_or_default();
        if !id_marker.is_empty() && key_marker.is_empty() {
            let message = "A version-id marker cannot be specified without a key marker.";
            return Err(refusals::invalid_argument(message, "version-id-marker", &id_marker).into());
        }
        let listing = Listing {
            bucket: &input.bucket,
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|d| !d.is_empty()),
            after: Some(key_marker.as_str()).filter(|m| !m.is_empty()),
            keys_max: listing::keys_max(input.max_keys, "max-keys")?,
        };
        let items = group(past_marker(versions(view, &listing)?, &key_marker, &id_marker), &listing);
        let more = items.len() > listing.keys_max;
        let next = items.get(listing.keys_max.wrapping_sub(1)).filter(|_| more).map(Item::place);
        let owner = Owner { display_name: None, id: Some(guard::canonical_id(bucket.account.as_str())) };
        let encoding = input.encoding_type.as_ref();
        let mut output = ListObjectVersionsOutput {
            is_truncated: Some(more && listing.keys_max > 0),
            key_marker: Some(listing::encode(&key_marker, encoding)),
            version_id_marker: Some(id_marker),
            next_key_marker: next.as_ref().map(|(key, _)| listing::encode(key, encoding)),
            next_version_id_marker: next.and_then(|(_, id)| id),
            name: Some(input.bucket.clone()),
            prefix: Some(listing::encode(listing.prefix, encoding)),
            delimiter: listing.delimiter.map(|d| listing::encode(d, encoding)),
            max_keys: Some(listing.keys_max as i32),
            encoding_type: input.encoding_type.clone(),
            ..Default::default()
        };
        let mut prefixes = Vec::new();
        for item in items.into_iter().take(listing.keys_max) {
            match item {
                Item::Prefix(prefix) => prefixes.push(prefix),
                Item::Version { key, latest, version } => {
                    let key = listing::encode(&key, encoding);
                    add(&mut output, key, latest, version, owner.clone());
                }
            }
        }
        output.common_prefixes = listing::common_prefixes(&prefixes, encoding);
        Ok(output)
    }
}

/// A line of the listing.
enum Item {
    Version { key: String, latest: bool, version: Older },
    Prefix(String),
}

impl Item {
    /// Where a listing that goes on after this line begins.
    fn place(&self) -> (String, Option<String>) {
        match self {
            Self::Version { key, version, .. } => (key.clone(), Some(version.version_id().to_owned())),
            Self::Prefix(prefix) => (prefix.clone(), None),
        }
    }
}

/// The versions of the keys from the marker on. Without a delimiter no more are read than can be
/// shown; with one, keys under a common prefix do not count.
fn versions(read: &(impl Read + ?Sized), listing: &Listing<'_>) -> Result<BTreeMap<String, Vec<Older>>> {
    let bucket = listing.bucket.to_owned();
    let first = listing.after.unwrap_or_default().max(listing.prefix).to_owned();
    let count_max = if listing.delimiter.is_some() { usize::MAX } else { listing.keys_max + 2 };
    let mut keys: BTreeMap<String, Vec<Older>> = BTreeMap::new();
    let mut current = 0;
    let scan = CURRENT.starting_at(&bucket, &(bucket.clone(), first.clone()));
    CURRENT.visit(read, &scan, |(_, key), object| {
        if !key.starts_with(listing.prefix) || current == count_max {
            return ControlFlow::Break(());
        }
        current += 1;
        keys.entry(key).or_default().push(Older::Object(Box::new(object)));
        ControlFlow::Continue(())
    })?;
    // Where the first walk was cut short, keys past its end are not complete and are left out.
    let end = keys.last_key_value().filter(|_| current == count_max).map(|(key, _)| key.clone());
    let mut older = 0;
    let scan = OLDER.starting_at(&bucket, &(bucket.clone(), first, 0));
    OLDER.visit(read, &scan, |(_, key, _), version| {
        let past = end.as_ref().is_some_and(|end| key > *end);
        if !key.starts_with(listing.prefix) || past {
            return ControlFlow::Break(());
        }
        if older >= count_max && !keys.contains_key(&key) {
            keys.split_off(&key);
            return ControlFlow::Break(());
        }
        older += 1;
        keys.entry(key).or_default().push(version);
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

/// The lines past the marker: past one version of its key, or past the key (or common prefix).
fn past_marker(keys: BTreeMap<String, Vec<Older>>, key_marker: &str, id_marker: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for (key, versions) in keys {
        let mut skipping = key == key_marker;
        for (at, version) in versions.into_iter().enumerate() {
            if skipping {
                skipping = id_marker.is_empty() || version.version_id() != id_marker;
                continue;
            }
            items.push(Item::Version { key: key.clone(), latest: at == 0, version });
        }
    }
    items
}

/// Puts one line in place of all under a common prefix.
fn group(items: Vec<Item>, listing: &Listing<'_>) -> Vec<Item> {
    let mut grouped: Vec<Item> = Vec::new();
    for item in items {
        let Item::Version { key, .. } = &item else { continue };
        match listing::common_prefix(key, listing) {
            None => grouped.push(item),
            // A marker that is this very prefix stands for everything under it.
            Some(prefix) if listing.after == Some(prefix.as_str()) => {}
            Some(prefix) => match grouped.last() {
                Some(Item::Prefix(last)) if *last == prefix => {}
                _ => grouped.push(Item::Prefix(prefix)),
            },
        }
    }
    grouped
}

fn add(output: &mut ListObjectVersionsOutput, key: String, latest: bool, version: Older, owner: Owner) {
    match version {
        Older::Object(object) => {
            output.versions.get_or_insert_default().push(shown(&object, key, latest, owner));
        }
        Older::DeleteMarker { modified, .. } => {
            output
                .delete_markers
                .get_or_insert_default()
                .push(marker(&version, modified, key, latest, owner));
        }
    }
}

fn shown(object: &Object, key: String, latest: bool, owner: Owner) -> ObjectVersion {
    ObjectVersion {
        e_tag: Some(object.quoted_etag()),
        size: Some(object.size as i64),
        storage_class: Some(object.description.storage_class.as_deref().unwrap_or("STANDARD").into()),
        key: Some(key),
        version_id: Some(object.version_id().to_owned()),
        is_latest: Some(latest),
        last_modified: Some(object.modified),
        owner: Some(owner),
        ..Default::default()
    }
}

fn marker(
    version: &Older,
    modified: Timestamp,
    key: String,
    latest: bool,
    owner: Owner,
) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        owner: Some(owner),
        key: Some(key),
        version_id: Some(version.version_id().to_owned()),
        is_latest: Some(latest),
        last_modified: Some(modified),
    }
}
