//! `GetFunctionConcurrency`.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::lambda::store::Target;
use crate::lambda::{Lambda, access};

impl Query<api::ops::GetFunctionConcurrency> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetFunctionConcurrencyRequest) -> Result<Vec<Access>> {
        access("lambda:GetFunctionConcurrency", scope, &input.function_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetFunctionConcurrencyRequest,
    ) -> Result<api::GetFunctionConcurrencyResponse> {
        let function = Target::unqualified(view.scope(), &input.function_name)?.function(view)?;
        Ok(api::GetFunctionConcurrencyResponse {
            reserved_concurrent_executions: function.reserved_concurrency.map(u32::cast_signed),
        })
    }
}
