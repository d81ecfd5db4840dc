//! `DescribeLimits`: shows how much capacity may be provisioned.

use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::dynamodb::DynamoDb;

impl Query<ops::DescribeLimits> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::DescribeLimitsInput) -> Result<Vec<Access>> {
        let _ = (scope, input);
        Ok(vec![Access::to_any("dynamodb:DescribeLimits")])
    }

    fn query(&self, view: &View<'_>, input: api::DescribeLimitsInput) -> Result<api::DescribeLimitsOutput> {
        let _ = (view, input);
        Ok(api::DescribeLimitsOutput {
            account_max_read_capacity_units: Some(ACCOUNT_UNITS_MAX),
            account_max_write_capacity_units: Some(ACCOUNT_UNITS_MAX),
            table_max_read_capacity_units: Some(TABLE_UNITS_MAX),
            table_max_write_capacity_units: Some(TABLE_UNITS_MAX),
        })
    }
}

/// The units of an account at first ("Quotas", DynamoDB Developer Guide, read 2026-11).
const ACCOUNT_UNITS_MAX: i64 = 80_000;
/// The units of a table at first (same source).
const TABLE_UNITS_MAX: i64 = 40_000;
