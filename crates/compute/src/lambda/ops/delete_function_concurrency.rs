//! `DeleteFunctionConcurrency`: the function shares the account's unreserved calls again.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::lambda::store::{FUNCTIONS, Target, change_reserved};
use crate::lambda::{Lambda, access};

impl Handle<api::ops::DeleteFunctionConcurrency> for Lambda {
    fn access(&self, scope: &Scope, input: &api::DeleteFunctionConcurrencyRequest) -> Result<Vec<Access>> {
        access("lambda:DeleteFunctionConcurrency", scope, &input.function_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteFunctionConcurrencyRequest,
    ) -> Result<api::DeleteFunctionConcurrencyResponse> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let mut function = target.function(cx)?;
        change_reserved(cx, &target.scope, function.reserved_concurrency.take(), None)?;
        FUNCTIONS.put(cx, &target.key(), &function)?;
        Ok(api::DeleteFunctionConcurrencyResponse {})
    }
}
