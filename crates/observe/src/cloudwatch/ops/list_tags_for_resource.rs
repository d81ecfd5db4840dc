//! `ListTagsForResource`: the tags of an alarm or a dashboard.

use updraft_api::cloudwatch::ops::ListTagsForResource;
use updraft_api::cloudwatch::{ListTagsForResourceInput, ListTagsForResourceOutput, Tag};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::tagged::Tagged;

impl Query<ListTagsForResource> for CloudWatch {
    fn access(&self, _scope: &Scope, input: &ListTagsForResourceInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:ListTagsForResource", Tagged::read(&input.resource_arn)?.0)])
    }

    fn query(&self, view: &View<'_>, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput> {
        let (_, tagged) = Tagged::read(&input.resource_arn)?;
        let tags = tagged.tags(view, view.scope())?;
        let tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
        Ok(ListTagsForResourceOutput { tags: Some(tags) })
    }
}
