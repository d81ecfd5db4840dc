//! `PublishVersion`: `$LATEST`, frozen under the next number.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::update_function_code::expect_revision;
use crate::lambda::publish::publish;
use crate::lambda::store::Target;
use crate::lambda::{Lambda, access, refusals, show};

impl Handle<api::ops::PublishVersion> for Lambda {
    fn access(&self, scope: &Scope, input: &api::PublishVersionRequest) -> Result<Vec<Access>> {
        access("lambda:PublishVersion", scope, &input.function_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::PublishVersionRequest,
    ) -> Result<api::FunctionConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let mut function = target.function(cx)?;
        expect_revision(&function, input.revision_id.as_deref())?;
        let current = show::code_sha256(&function.latest.code);
        if let Some(expected) = input.code_sha256.filter(|sha| !sha.is_empty() && *sha != current) {
            return Err(refusals::invalid_parameter(format!(
                "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({current}). Please try \
                 again with the CodeSHA256 in $LATEST."
            ))
            .into());
        }
        let version = publish(cx, &target, &mut function, input.description)?;
        Ok(show::qualified(&target, &version))
    }
}
