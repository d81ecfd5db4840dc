//! `DescribeContinuousBackups`: shows whether a table can be restored to a point in time.

use super::backed_up_table as named;
use crate::dynamodb::DynamoDb;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::DescribeContinuousBackups> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::DescribeContinuousBackupsInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:DescribeContinuousBackups", &input.table_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeContinuousBackupsInput,
    ) -> Result<api::DescribeContinuousBackupsOutput> {
        let table = named(view, view.scope(), &input.table_name)?;
        Ok(api::DescribeContinuousBackupsOutput {
            continuous_backups_description: Some(super::backups(&table, view.now())),
        })
    }
}
