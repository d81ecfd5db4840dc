//! `TagResource`: tags for a function.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::lambda::store::{FUNCTIONS, Target};
use crate::lambda::{Lambda, access, refusals};

/// How many tags a function may have ("Tag restrictions", Lambda developer guide, read 2026-11).
const TAGS_MAX: usize = 50;

impl Handle<api::ops::TagResource> for Lambda {
    fn access(&self, scope: &Scope, input: &api::TagResourceRequest) -> Result<Vec<Access>> {
        access("lambda:TagResource", scope, &input.resource)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::TagResourceRequest) -> Result<api::TagResourceResponse> {
        let target = tagged(cx.scope(), &input.resource)?;
        let mut function = target.function(cx)?;
        function.tags.extend(input.tags);
        if function.tags.len() > TAGS_MAX {
            return Err(refusals::invalid_parameter("Number of tags exceeds resource tag limit.").into());
        }
        FUNCTIONS.put(cx, &target.key(), &function)?;
        Ok(api::TagResourceResponse {})
    }
}

/// The function that an ARN in a tag operation names.
pub(super) fn tagged(scope: &Scope, resource: &str) -> Result<Target> {
    let target = Target::read(scope, resource, None)?;
    if target.qualifier.is_some() {
        return Err(refusals::invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )
        .into());
    }
    Ok(target)
}
