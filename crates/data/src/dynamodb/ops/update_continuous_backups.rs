//! `UpdateContinuousBackups`: says whether a table can be restored to a point in time.

use super::backed_up_table as named;
use crate::dynamodb::DynamoDb;
use crate::dynamodb::model::TABLES;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UpdateContinuousBackups> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::UpdateContinuousBackupsInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:UpdateContinuousBackups", &input.table_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateContinuousBackupsInput,
    ) -> Result<api::UpdateContinuousBackupsOutput> {
        let scope = cx.scope().clone();
        let mut table = named(cx, &scope, &input.table_name)?;
        let wanted = input.point_in_time_recovery_specification;
        let days = wanted.recovery_period_in_days.unwrap_or(super::RECOVERY_DAYS);
        table.recovery_days = wanted.point_in_time_recovery_enabled.then_some(days);
        TABLES.put(cx, &(scope, table.name.to_string()), &table)?;
        Ok(api::UpdateContinuousBackupsOutput {
            continuous_backups_description: Some(super::backups(&table, cx.now())),
        })
    }
}
