//! `DeleteObjects`.

use updraft_api::Refusal;
use updraft_api::s3::ops::DeleteObjects;
use updraft_api::s3::{DeleteObjectsOutput, DeleteObjectsRequest, DeletedObject, Error, ObjectIdentifier};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::s3::model::{self, Bucket, Deleted, Found};
use crate::s3::{S3, condition, guard};

/// One request deletes at most so many ("DeleteObjects", Amazon S3 API reference).
const OBJECTS_MAX: usize = 1_000;

impl Handle<DeleteObjects> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteObjectsRequest) -> Result<Vec<Access>> {
        let named = input.delete.objects.iter().map(|object| {
            let action =
                if object.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
            guard::object_access(scope, action, &input.bucket, &object.key).map_err(Into::into)
        });
        named.collect()
    }

    fn handle(&self, cx: &mut Cx<'_>, input: DeleteObjectsRequest) -> Result<DeleteObjectsOutput> {
        let bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let objects = input.delete.objects;
        if objects.is_empty() || objects.len() > OBJECTS_MAX {
            let message =
                "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(Refusal::new("MalformedXML", 400, message).into());
        }
        let quiet = input.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in objects {
            match delete(cx, &input.bucket, &bucket, &object)? {
                Ok(_) if quiet => {}
                Ok(done) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    version_id: object.version_id,
                    delete_marker: done.marker.then_some(true),
                    delete_marker_version_id: done.version.filter(|_| done.marker),
                }),
                Err(refusal) => errors.push(Error {
                    key: Some(object.key),
                    version_id: object.version_id,
                    code: Some(refusal.code.into_owned()),
                    message: Some(refusal.message),
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: (!deleted.is_empty()).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..Default::default()
        })
    }
}

/// Deletes one of the objects; a refusal is of that object alone.
fn delete(
    cx: &mut Cx<'_>,
    bucket_name: &str,
    bucket: &Bucket,
    object: &ObjectIdentifier,
) -> Result<Result<Deleted, Refusal>> {
    if let Some(tag) = object.e_tag.as_deref() {
        let current: Option<Found> = model::current(cx, bucket_name, &object.key)?;
        if let Err(refusal) = condition::check_write(Some(tag), None, &object.key, current.as_ref()) {
            return Ok(Err(refusal));
        }
    }
    let Some(id) = object.version_id.as_deref() else {
        return Ok(Ok(model::delete_object(cx, bucket_name, bucket, &object.key)?));
    };
    let gone = Deleted { version: Some(id.to_owned()), marker: false };
    Ok(Ok(model::delete_version(cx, bucket_name, &object.key, id)?.unwrap_or(gone)))
}
