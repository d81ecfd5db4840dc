//! `TagResource`: tags of a group, added or changed.

use updraft_api::logs::ops::TagResource;
use updraft_api::logs::{TagResourceRequest, TagResourceResponse, errors};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Resource as _, Scope};

use crate::logs::model::GROUPS;
use crate::logs::{Logs, names};

/// How many tags a group may have ("TagResource", CloudWatch Logs API reference).
const TAGS_MAX: usize = 50;

impl Handle<TagResource> for Logs {
    fn access(&self, scope: &Scope, input: &TagResourceRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to("logs:TagResource", names::tagged_group(&input.resource_arn)?.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: TagResourceRequest) -> Result<TagResourceResponse> {
        let name = names::tagged_group(&input.resource_arn)?;
        let mut group = names::group(cx, cx.scope(), &name)?;
        group.tags.extend(input.tags);
        if group.tags.len() > TAGS_MAX {
            let message = format!("A resource can have no more than {TAGS_MAX} tags.");
            let refusal =
                errors::TOO_MANY_TAGS_EXCEPTION.refuse(message).with("resourceName", input.resource_arn);
            return Err(refusal.into());
        }
        let scope = cx.scope().clone();
        GROUPS.put(cx, &(scope, name.to_string()), &group)?;
        Ok(TagResourceResponse {})
    }
}
