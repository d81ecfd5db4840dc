//! `GetObjectAttributes`.

use updraft_api::s3::ops::GetObjectAttributes;
use updraft_api::s3::{
    Checksum, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectAttributesRequest, ObjectPart,
};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::get_object::find;
use crate::s3::model::Object;
use crate::s3::{S3, checksum_members, guard};

/// A page of parts ("GetObjectAttributes", Amazon S3 API reference).
const PARTS_MAX: i32 = 1_000;

impl Query<GetObjectAttributes> for S3 {
    fn access(&self, scope: &Scope, input: &GetObjectAttributesRequest) -> Result<Vec<Access>> {
        let actions = match input.version_id {
            None => ["s3:GetObject", "s3:GetObjectAttributes"],
            Some(_) => ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"],
        };
        let access = |action| guard::object_access(scope, action, &input.bucket, &input.key);
        Ok(actions.into_iter().map(access).collect::<std::result::Result<_, _>>()?)
    }

    fn query(&self, view: &View<'_>, input: GetObjectAttributesRequest) -> Result<GetObjectAttributesOutput> {
        guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let object = find(view, &input.bucket, &input.key, input.version_id.as_deref())?;
        let asked = |name: &str| input.object_attributes.iter().any(|attribute| attribute.as_str() == name);
        let checksum = asked("Checksum").then(|| {
            let mut shape =
                Checksum { checksum_type: Some(object.checksum_type.as_str().into()), ..Default::default() };
            checksum_members::fill!(&mut shape, object.checksum.as_ref());
            shape
        });
        let parts = (asked("ObjectParts") && !object.parts.is_empty()).then(|| parts(&object, &input));
        Ok(GetObjectAttributesOutput {
            last_modified: Some(object.modified),
            version_id: object.version.clone(),
            e_tag: asked("ETag").then(|| object.etag.clone()),
            checksum,
            object_parts: parts,
            storage_class: asked("StorageClass")
                .then(|| object.description.storage_class.as_deref().unwrap_or("STANDARD").into()),
            object_size: asked("ObjectSize").then_some(object.size as i64),
            ..Default::default()
        })
    }
}

fn parts(object: &Object, input: &GetObjectAttributesRequest) -> GetObjectAttributesParts {
    let count_max = input.max_parts.unwrap_or(PARTS_MAX).clamp(0, PARTS_MAX);
    let after = input.part_number_marker.unwrap_or(0);
    let mut page: Vec<_> = object.parts.iter().filter(|part| part.number as i32 > after).collect();
    let more = page.len() > count_max as usize;
    page.truncate(count_max as usize);
    let shown = page.iter().map(|part| {
        let mut shape = ObjectPart {
            part_number: Some(part.number as i32),
            size: Some(part.size as i64),
            ..Default::default()
        };
        checksum_members::fill!(&mut shape, part.checksum.as_ref());
        shape
    });
    GetObjectAttributesParts {
        total_parts_count: Some(object.parts.len() as i32),
        part_number_marker: Some(after),
        next_part_number_marker: page.last().map(|part| part.number as i32),
        max_parts: Some(count_max),
        is_truncated: Some(more),
        parts: Some(shown.collect()),
    }
}
