//! `DescribeTimeToLive`: shows by which attribute a table's items expire.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::DescribeTimeToLive> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::DescribeTimeToLiveInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:DescribeTimeToLive", &input.table_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::DescribeTimeToLiveInput,
    ) -> Result<api::DescribeTimeToLiveOutput> {
        let table = model::described_table(view, view.scope(), &input.table_name)?;
        let status = match table.time_to_live {
            Some(_) => api::TimeToLiveStatus::Enabled,
            None => api::TimeToLiveStatus::Disabled,
        };
        let shown = api::TimeToLiveDescription {
            time_to_live_status: Some(status),
            attribute_name: table.time_to_live,
        };
        Ok(api::DescribeTimeToLiveOutput { time_to_live_description: Some(shown) })
    }
}
