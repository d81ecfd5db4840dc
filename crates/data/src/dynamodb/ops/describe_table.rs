//! `DescribeTable`: shows a table.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::{describe, model};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::DescribeTable> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::DescribeTableInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:DescribeTable", &input.table_name)
    }

    fn query(&self, view: &View<'_>, input: api::DescribeTableInput) -> Result<api::DescribeTableOutput> {
        let table = model::described_table(view, view.scope(), &input.table_name)?;
        let shown = describe::table(view, view.scope(), &table, api::TableStatus::Active)?;
        Ok(api::DescribeTableOutput { table: Some(shown) })
    }
}
