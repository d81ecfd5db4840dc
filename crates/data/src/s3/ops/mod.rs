//! The operations of S3. One file an operation; the few that read, write and remove one and the
//! same setting of a bucket share theirs.

mod abort_multipart_upload;
mod bucket_encryption;
mod bucket_policy;
mod bucket_tagging;
mod bucket_versioning;
mod complete_multipart_upload;
mod copy_object;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod get_bucket_location;
mod get_object;
mod get_object_attributes;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_object_versions;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod object_tagging;
mod ownership_controls;
mod public_access_block;
mod put_object;
mod upload_part;
mod upload_part_copy;
