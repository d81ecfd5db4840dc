//! `PutBucketVersioning` and `GetBucketVersioning`.

use updraft_api::Refusal;
use updraft_api::s3::ops::{GetBucketVersioning, PutBucketVersioning};
use updraft_api::s3::{
    GetBucketVersioningOutput, GetBucketVersioningRequest, PutBucketVersioningRequest,
    PutBucketVersioningResponse,
};
use updraft_kernel::{Access, Cx, Handle, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::{BUCKETS, Versioning};
use crate::s3::{S3, guard, refusals};

impl Handle<PutBucketVersioning> for S3 {
    fn access(&self, scope: &Scope, input: &PutBucketVersioningRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:PutBucketVersioning", &input.bucket)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: PutBucketVersioningRequest,
    ) -> Result<PutBucketVersioningResponse> {
        let mut bucket = guard::bucket(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let asked = input.versioning_configuration;
        if asked.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() == "Enabled") {
            return Err(refusals::not_implemented("MfaDelete").into());
        }
        bucket.versioning = match asked.status.as_ref().map(|status| status.as_str()) {
            Some("Enabled") => Versioning::Enabled,
            Some("Suspended") => Versioning::Suspended,
            _ => {
                let message = "The Versioning element must be specified";
                return Err(Refusal::new("IllegalVersioningConfigurationException", 400, message).into());
            }
        };
        BUCKETS.put(cx, &input.bucket, &bucket)?;
        Ok(PutBucketVersioningResponse {})
    }
}

impl Query<GetBucketVersioning> for S3 {
    fn access(&self, scope: &Scope, input: &GetBucketVersioningRequest) -> Result<Vec<Access>> {
        guard::on_bucket(scope, "s3:GetBucketVersioning", &input.bucket)
    }

    fn query(&self, view: &View<'_>, input: GetBucketVersioningRequest) -> Result<GetBucketVersioningOutput> {
        let bucket = guard::bucket(view, &input.bucket, input.expected_bucket_owner.as_deref())?;
        let status = match bucket.versioning {
            Versioning::Off => None,
            Versioning::Enabled => Some("Enabled".into()),
            Versioning::Suspended => Some("Suspended".into()),
        };
        Ok(GetBucketVersioningOutput { status, ..Default::default() })
    }
}
