//! `HeadObject`.

use updraft_api::Refusal;
use updraft_api::s3::ops::HeadObject;
use updraft_api::s3::{HeadObjectOutput, HeadObjectRequest};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use super::get_object::{find, slice};
use crate::s3::condition::ReadConditions;
use crate::s3::{S3, describe, guard};

impl Query<HeadObject> for S3 {
    fn access(&self, scope: &Scope, input: &HeadObjectRequest) -> Result<Vec<Access>> {
        let action = if input.version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    fn query(&self, view: &View<'_>, input: HeadObjectRequest) -> Result<HeadObjectOutput> {
        guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let object = find(view, &input.bucket, &input.key, input.version_id.as_deref())?;
        let conditions = ReadConditions {
            if_match: input.if_match.as_deref(),
            if_none_match: input.if_none_match.as_deref(),
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        conditions.check(&object).map_err(Refusal::from)?;
        let slice = slice(&object, input.range.as_deref(), input.part_number)?;
        let with_checksum = slice.range.is_none()
            && input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == "ENABLED");
        let mut output = describe::answer!(HeadObjectOutput, &object, with_checksum);
        output.content_length = Some(slice.length as i64);
        output.content_range = slice.range;
        output.parts_count = slice.parts;
        Ok(output)
    }
}
