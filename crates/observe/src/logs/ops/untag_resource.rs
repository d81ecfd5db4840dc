//! `UntagResource`: tags of a group, taken off.

use updraft_api::logs::ops::UntagResource;
use updraft_api::logs::{UntagResourceRequest, UntagResourceResponse};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::logs::model::GROUPS;
use crate::logs::{Logs, names};

impl Handle<UntagResource> for Logs {
    fn access(&self, scope: &Scope, input: &UntagResourceRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to("logs:UntagResource", names::tagged_group(&input.resource_arn)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: UntagResourceRequest) -> Result<UntagResourceResponse> {
        let name = names::tagged_group(&input.resource_arn)?;
        let mut group = names::group(cx, cx.scope(), &name)?;
        group.tags.retain(|key, _| !input.tag_keys.contains(key));
        let scope = cx.scope().clone();
        GROUPS.put(cx, &(scope, name.to_string()), &group)?;
        Ok(UntagResourceResponse {})
    }
}
