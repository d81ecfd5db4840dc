//! `PutObjectTagging`, `GetObjectTagging` and `DeleteObjectTagging`.

use std::collections::BTreeMap;

use updraft_api::s3::ops::{DeleteObjectTagging, GetObjectTagging, PutObjectTagging};
use updraft_api::s3::{
    DeleteObjectTaggingOutput, DeleteObjectTaggingRequest, GetObjectTaggingOutput, GetObjectTaggingRequest,
    PutObjectTaggingOutput, PutObjectTaggingRequest,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use super::get_object::find;
use crate::s3::model;
use crate::s3::{S3, describe, guard};

impl Handle<PutObjectTagging> for S3 {
    fn access(&self, scope: &Scope, input: &PutObjectTaggingRequest) -> Result<Vec<Access>> {
        let versioned = input.version_id.is_some();
        let action = if versioned { "s3:PutObjectVersionTagging" } else { "s3:PutObjectTagging" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutObjectTaggingRequest) -> Result<PutObjectTaggingOutput> {
        guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let tags = describe::tag_map(input.tagging.tag_set, describe::OBJECT_TAGS_MAX)?;
        let version_id = set_tags(cx, &input.bucket, &input.key, input.version_id.as_deref(), tags)?;
        Ok(PutObjectTaggingOutput { version_id })
    }
}

impl Query<GetObjectTagging> for S3 {
    fn access(&self, scope: &Scope, input: &GetObjectTaggingRequest) -> Result<Vec<Access>> {
        let versioned = input.version_id.is_some();
        let action = if versioned { "s3:GetObjectVersionTagging" } else { "s3:GetObjectTagging" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    fn query(&self, view: &View<'_>, input: GetObjectTaggingRequest) -> Result<GetObjectTaggingOutput> {
        guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let object = find(view, &input.bucket, &input.key, input.version_id.as_deref())?;
        Ok(GetObjectTaggingOutput {
            version_id: object.version.clone(),
            tag_set: describe::tag_list(&object.description.tags),
        })
    }
}

impl Handle<DeleteObjectTagging> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteObjectTaggingRequest) -> Result<Vec<Access>> {
        let versioned = input.version_id.is_some();
        let action = if versioned { "s3:DeleteObjectVersionTagging" } else { "s3:DeleteObjectTagging" };
        guard::on_object(scope, action, &input.bucket, &input.key)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteObjectTaggingRequest,
    ) -> Result<DeleteObjectTaggingOutput> {
        guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let none = BTreeMap::new();
        let version_id = set_tags(cx, &input.bucket, &input.key, input.version_id.as_deref(), none)?;
        Ok(DeleteObjectTaggingOutput { version_id })
    }
}

/// Replaces the tags of one version; answers its id where it has one.
fn set_tags(
    cx: &mut Cx<'_>,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    tags: BTreeMap<String, String>,
) -> Result<Option<String>> {
    let mut object = find(cx, bucket, key, version)?;
    object.description.tags = tags;
    let id = object.version.clone();
    model::replace(cx, bucket, key, object)?;
    Ok(id)
}
