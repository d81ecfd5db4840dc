//! `TagResource`: tags of an alarm or a dashboard, added or changed.

use updraft_api::cloudwatch::ops::TagResource;
use updraft_api::cloudwatch::{TagResourceInput, TagResourceOutput};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::cloudwatch::tagged::Tagged;
use crate::cloudwatch::{CloudWatch, refusals};

/// How many tags a resource may have ("TagResource", CloudWatch API reference).
const TAGS_MAX: usize = 50;

impl Handle<TagResource> for CloudWatch {
    fn access(&self, _scope: &Scope, input: &TagResourceInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:TagResource", Tagged::read(&input.resource_arn)?.0)])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: TagResourceInput) -> Result<TagResourceOutput> {
        let (_, tagged) = Tagged::read(&input.resource_arn)?;
        let mut tags = tagged.tags(cx, cx.scope())?;
        tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
        if tags.len() > TAGS_MAX {
            return Err(refusals::too_many("Tags", TAGS_MAX).into());
        }
        tagged.set_tags(cx, tags)?;
        Ok(TagResourceOutput {})
    }
}
