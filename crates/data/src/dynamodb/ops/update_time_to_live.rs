//! `UpdateTimeToLive`: says by which attribute a table's items expire.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::expiry;
use crate::dynamodb::model::{self, TABLES};
use crate::dynamodb::refusals::validation;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UpdateTimeToLive> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::UpdateTimeToLiveInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:UpdateTimeToLive", &input.table_name)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::UpdateTimeToLiveInput,
    ) -> Result<api::UpdateTimeToLiveOutput> {
        let scope = cx.scope().clone();
        let mut table = model::described_table(cx, &scope, &input.table_name)?;
        let wanted = input.time_to_live_specification;
        match (&table.time_to_live, wanted.enabled) {
            (Some(_), true) => return Err(validation("TimeToLive is already enabled").into()),
            (None, false) => return Err(validation("TimeToLive is already disabled").into()),
            (Some(known), false) if *known != wanted.attribute_name => {
                let message = format!(
                    "TimeToLive is active on a different AttributeName: current AttributeName is {known}"
                );
                return Err(validation(message).into());
            }
            _ => {}
        }
        table.time_to_live = wanted.enabled.then(|| wanted.attribute_name.clone());
        table.time_to_live_changes += 1;
        if wanted.enabled {
            expiry::begin(cx, &table)?;
        } else {
            expiry::end(cx, &table)?;
        }
        TABLES.put(cx, &(scope, table.name.to_string()), &table)?;
        Ok(api::UpdateTimeToLiveOutput { time_to_live_specification: Some(wanted) })
    }
}
