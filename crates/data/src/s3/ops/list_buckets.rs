//! `ListBuckets`.

use updraft_api::s3::ops::ListBuckets;
use updraft_api::s3::{Bucket, ListBucketsOutput, ListBucketsRequest, Owner};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::s3::model::BUCKETS;
use crate::s3::{S3, guard, listing, refusals};

/// One page holds at most so many ("ListBuckets", Amazon S3 API reference).
const BUCKETS_MAX: i32 = 10_000;

impl Query<ListBuckets> for S3 {
    fn access(&self, _scope: &Scope, _input: &ListBucketsRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("s3:ListAllMyBuckets")])
    }

    fn query(&self, view: &View<'_>, input: ListBucketsRequest) -> Result<ListBucketsOutput> {
        let account = view.scope().account;
        let page = input.max_buckets.unwrap_or(BUCKETS_MAX);
        if !(1..=BUCKETS_MAX).contains(&page) {
            let message = "Argument max-buckets must be an integer between 1 and 10000";
            return Err(refusals::invalid_argument(message, "max-buckets", &page.to_string()).into());
        }
        let after = input.continuation_token.as_deref().map(listing::read_token).transpose()?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let asked =
            |name: &str| name.starts_with(&prefix) && after.as_deref().is_none_or(|after| name > after);
        let mut all: Vec<_> = BUCKETS
            .all(view, &())?
            .into_iter()
            .filter(|(name, bucket)| bucket.account == account && asked(name))
            .filter(|(_, bucket)| {
                input.bucket_region.as_deref().is_none_or(|region| bucket.region.as_str() == region)
            })
            .collect();
        let more = all.len() > page as usize;
        all.truncate(page as usize);
        let next = all.last().filter(|_| more).map(|(name, _)| listing::token(name));
        let paged = input.max_buckets.is_some();
        let buckets = all.into_iter().map(|(name, bucket)| Bucket {
            name: Some(name),
            creation_date: Some(bucket.created),
            bucket_region: paged.then(|| bucket.region.to_string()),
            ..Default::default()
        });
        Ok(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            owner: Some(Owner { display_name: None, id: Some(guard::canonical_id(account.as_str())) }),
            continuation_token: next,
            prefix: input.prefix,
        })
    }
}
