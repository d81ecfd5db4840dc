//! `UntagResource`: tags of an alarm or a dashboard, taken away.

use updraft_api::cloudwatch::ops::UntagResource;
use updraft_api::cloudwatch::{UntagResourceInput, UntagResourceOutput};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::tagged::Tagged;

impl Handle<UntagResource> for CloudWatch {
    fn access(&self, _scope: &Scope, input: &UntagResourceInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to("cloudwatch:UntagResource", Tagged::read(&input.resource_arn)?.0)])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: UntagResourceInput) -> Result<UntagResourceOutput> {
        let (_, tagged) = Tagged::read(&input.resource_arn)?;
        let mut tags = tagged.tags(cx, cx.scope())?;
        tags.retain(|key, _| !input.tag_keys.contains(key));
        tagged.set_tags(cx, tags)?;
        Ok(UntagResourceOutput {})
    }
}
