//! `PutFunctionConcurrency`: calls reserved for a function, which are also all it may have.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use crate::lambda::concurrency::{ACCOUNT_MAX, UNRESERVED_MIN};
use crate::lambda::store::{FUNCTIONS, Target, change_reserved, reserved};
use crate::lambda::{Lambda, access, refusals};

impl Handle<api::ops::PutFunctionConcurrency> for Lambda {
    fn access(&self, scope: &Scope, input: &api::PutFunctionConcurrencyRequest) -> Result<Vec<Access>> {
        access("lambda:PutFunctionConcurrency", scope, &input.function_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::PutFunctionConcurrencyRequest) -> Result<api::Concurrency> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let mut function = target.function(cx)?;
        let asked = u32::try_from(input.reserved_concurrent_executions).map_err(|_| {
            let rule = "Member must have value greater than or equal to 0";
            refusals::constraint(
                "reservedConcurrentExecutions",
                &input.reserved_concurrent_executions.to_string(),
                rule,
            )
        })?;
        let before = function.reserved_concurrency;
        let others = reserved(cx, &target.scope)?.saturating_sub(before.unwrap_or(0).into());
        if others + u64::from(asked) > u64::from(ACCOUNT_MAX - UNRESERVED_MIN) {
            return Err(refusals::invalid_parameter(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of [{UNRESERVED_MIN}]."
            ))
            .into());
        }
        change_reserved(cx, &target.scope, before, Some(asked))?;
        function.reserved_concurrency = Some(asked);
        FUNCTIONS.put(cx, &target.key(), &function)?;
        Ok(api::Concurrency { reserved_concurrent_executions: Some(asked.cast_signed()) })
    }
}
