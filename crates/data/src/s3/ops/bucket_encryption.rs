//! `PutBucketEncryption`, `GetBucketEncryption` and `DeleteBucketEncryption`.
//!
//! Which encryption a bucket has by default is kept and told of its objects; keys of one's own are
//! refused. Bodies lie in the engine's data folder, which is its owner's alone.

use updraft_api::Refusal;
use updraft_api::s3::ops::{DeleteBucketEncryption, GetBucketEncryption, PutBucketEncryption};
use updraft_api::s3::{
    DeleteBucketEncryptionRequest, DeleteBucketEncryptionResponse, GetBucketEncryptionOutput,
    GetBucketEncryptionRequest, PutBucketEncryptionRequest, PutBucketEncryptionResponse,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::{BUCKETS, Encryption};
use crate::s3::{S3, guard, refusals};

impl Handle<PutBucketEncryption> for S3 {
    fn access(&self, scope: &Scope, input: &PutBucketEncryptionRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutEncryptionConfiguration", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: PutBucketEncryptionRequest,
    ) -> Result<PutBucketEncryptionResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let mut rules = input.server_side_encryption_configuration.rules;
        let (Some(rule), true) = (rules.pop(), rules.is_empty()) else {
            let message =
                "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(Refusal::new("MalformedXML", 400, message).into());
        };
        let bucket_key = rule.bucket_key_enabled.unwrap_or(false);
        bucket.encryption = match rule.apply_server_side_encryption_by_default {
            None => Encryption { bucket_key, ..Encryption::default() },
            Some(default) if default.sse_algorithm.as_str() == "AES256" => {
                if default.kms_master_key_id.is_some() {
                    let message =
                        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms";
                    return Err(refusals::invalid_argument(
                        message,
                        "ApplyServerSideEncryptionByDefault",
                        "",
                    )
                    .into());
                }
                Encryption { bucket_key, ..Encryption::default() }
            }
            // Without a key of one's own it is AWS's own key for S3, which needs no KMS calls.
            Some(default)
                if default.sse_algorithm.as_str() == "aws:kms" && default.kms_master_key_id.is_none() =>
            {
                Encryption { algorithm: "aws:kms".to_owned(), key_id: None, bucket_key }
            }
            Some(default) => {
                let feature = format!("server-side encryption {}", default.sse_algorithm.as_str());
                return Err(refusals::not_implemented(&feature).into());
            }
        };
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutBucketEncryptionResponse {})
    }
}

impl Query<GetBucketEncryption> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketEncryptionRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetEncryptionConfiguration", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: GetBucketEncryptionRequest) -> Result<GetBucketEncryptionOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let rule = ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                sse_algorithm: bucket.encryption.algorithm.as_str().into(),
                kms_master_key_id: bucket.encryption.key_id,
            }),
            bucket_key_enabled: Some(bucket.encryption.bucket_key),
            ..Default::default()
        };
        let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
        Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
    }
}

impl Handle<DeleteBucketEncryption> for S3 {
    fn access(&self, scope: &Scope, input: &DeleteBucketEncryptionRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutEncryptionConfiguration", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: DeleteBucketEncryptionRequest,
    ) -> Result<DeleteBucketEncryptionResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        bucket.encryption = Encryption::default();
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(DeleteBucketEncryptionResponse {})
    }
}
