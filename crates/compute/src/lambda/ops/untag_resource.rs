//! `UntagResource`: tags go from a function; those that are not there are no error.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::tag_resource::tagged;
use crate::lambda::store::FUNCTIONS;
use crate::lambda::{Lambda, access};

impl Handle<api::ops::UntagResource> for Lambda {
    fn access(&self, scope: &Scope, input: &api::UntagResourceRequest) -> Result<Vec<Access>> {
        access("lambda:UntagResource", scope, &input.resource)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UntagResourceRequest,
    ) -> Result<api::UntagResourceResponse> {
        let target = tagged(cx.scope(), &input.resource)?;
        let mut function = target.function(cx)?;
        function.tags.retain(|key, _| !input.tag_keys.contains(key));
        FUNCTIONS.put(cx, &target.key(), &function)?;
        Ok(api::UntagResourceResponse {})
    }
}
