//! `ListParts`.

use updraft_api::s3::ops::ListParts;
use updraft_api::s3::{Initiator, ListPartsOutput, ListPartsRequest, Owner, Part as Entry};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use super::upload_part::find_upload;
use crate::s3::model::PARTS;
use crate::s3::{S3, checksum, checksum_members, guard, listing};

impl Query<ListParts> for S3 {
    fn access(&self, scope: &Scope, input: &ListPartsRequest) -> Result<Vec<Access>> {
        guard::on_object(scope, "s3:ListMultipartUploadParts", &input.bucket, &input.key)
    }

    fn query(&self, view: &View<'_>, input: ListPartsRequest) -> Result<ListPartsOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let upload = find_upload(view, &input.bucket, &input.key, &input.upload_id)?;
        let count_max = listing::keys_max(input.max_parts, "max-parts")?;
        let after = input.part_number_marker.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        let page = PARTS.page(
            view,
            &input.upload_id,
            Some(&(input.upload_id.clone(), after)),
            Direction::Forward,
            count_max,
        )?;
        let parts = page.entries.iter().map(|((_, number), part)| {
            let mut entry = Entry {
                part_number: Some(*number as i32),
                last_modified: Some(part.modified),
                e_tag: Some(format!("\"{}\"", checksum::hex(&part.md5))),
                size: Some(part.size as i64),
                ..Default::default()
            };
            checksum_members::fill!(&mut entry, upload.algorithm.map(|_| &part.checksum));
            entry
        });
        let id = guard::canonical_id(bucket.account.as_str());
        Ok(ListPartsOutput {
            part_number_marker: Some(after as i32),
            next_part_number_marker: page.entries.last().map(|((_, number), _)| *number as i32),
            max_parts: Some(count_max as i32),
            is_truncated: Some(page.more),
            parts: Some(parts.collect()),
            initiator: Some(Initiator { id: Some(id.clone()), display_name: None }),
            owner: Some(Owner { id: Some(id), display_name: None }),
            storage_class: Some(upload.description.storage_class.as_deref().unwrap_or("STANDARD").into()),
            checksum_algorithm: upload.algorithm.map(|algorithm| algorithm.name().into()),
            checksum_type: upload.checksum_type.as_deref().map(Into::into),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            ..Default::default()
        })
    }
}
