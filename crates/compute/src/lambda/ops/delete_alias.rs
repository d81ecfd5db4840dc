//! `DeleteAlias`: the name goes, with its policy; deleting what is not there is no error.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::lambda::store::{ALIASES, EVENT_CONFIGS, POLICIES, Target};
use crate::lambda::{Lambda, access};

impl Handle<api::ops::DeleteAlias> for Lambda {
    fn access(&self, scope: &Scope, input: &api::DeleteAliasRequest) -> Result<Vec<Access>> {
        access("lambda:DeleteAlias", scope, &input.function_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteAliasRequest) -> Result<api::DeleteAliasResponse> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        target.function(cx)?;
        let key = target.qualified_key(input.name);
        ALIASES.delete(cx, &key);
        POLICIES.delete(cx, &key);
        EVENT_CONFIGS.delete(cx, &key);
        Ok(api::DeleteAliasResponse {})
    }
}
