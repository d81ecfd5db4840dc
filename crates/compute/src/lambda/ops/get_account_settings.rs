//! `GetAccountSettings`: the account's bounds in the region, and how much of them is used.

use std::ops::ControlFlow;

use updraft_api::lambda as api;
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use crate::lambda::Lambda;
use crate::lambda::concurrency::ACCOUNT_MAX;
use crate::lambda::store::{FUNCTIONS, VERSIONS, reserved};
use crate::lambda::unzip::UNZIPPED_BYTES_MAX;

/// What all packages of an account may have together, and one zip file ("Lambda quotas", Lambda
/// developer guide, read 2026-11).
const TOTAL_CODE_BYTES_MAX: i64 = 80_530_636_800;
const ZIPPED_BYTES_MAX: i64 = 52_428_800;

impl Query<api::ops::GetAccountSettings> for Lambda {
    fn access(&self, _scope: &Scope, _input: &api::GetAccountSettingsRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("lambda:GetAccountSettings")])
    }

    fn query(
        &self,
        view: &View<'_>,
        _input: api::GetAccountSettingsRequest,
    ) -> Result<api::GetAccountSettingsResponse> {
        let scope = view.scope();
        let (mut count, mut bytes) = (0_i64, 0_u64);
        FUNCTIONS.visit(view, &FUNCTIONS.range(scope, None, Direction::Forward), |_, function| {
            count += 1;
            bytes += function.latest.code.zipped_bytes;
            ControlFlow::Continue(())
        })?;
        VERSIONS.visit(view, &VERSIONS.range(scope, None, Direction::Forward), |_, version| {
            bytes += version.code.zipped_bytes;
            ControlFlow::Continue(())
        })?;
        let unreserved = u64::from(ACCOUNT_MAX).saturating_sub(reserved(view, scope)?);
        Ok(api::GetAccountSettingsResponse {
            account_limit: Some(api::AccountLimit {
                total_code_size: Some(TOTAL_CODE_BYTES_MAX),
                code_size_unzipped: Some(UNZIPPED_BYTES_MAX.cast_signed()),
                code_size_zipped: Some(ZIPPED_BYTES_MAX),
                concurrent_executions: Some(ACCOUNT_MAX.cast_signed()),
                unreserved_concurrent_executions: i32::try_from(unreserved).ok(),
            }),
            account_usage: Some(api::AccountUsage {
                total_code_size: Some(bytes.cast_signed()),
                function_count: Some(count),
            }),
        })
    }
}
