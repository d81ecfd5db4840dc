//! `DeleteTable`: removes a table; its items follow.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::describe;
use crate::dynamodb::forget::SweepTable;
use crate::dynamodb::model::{self, STATS, TABLES};
use crate::dynamodb::refusals::validation;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::DeleteTable> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::DeleteTableInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:DeleteTable", &input.table_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::DeleteTableInput) -> Result<api::DeleteTableOutput> {
        let scope = cx.scope().clone();
        let table = model::described_table(cx, &scope, &input.table_name)?;
        if table.deletion_protection {
            return Err(validation(format!(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Table: {}",
                table.name
            ))
            .into());
        }
        let shown = describe::table(cx, &scope, &table, api::TableStatus::Deleting)?;
        TABLES.delete(cx, &(scope.clone(), table.name.to_string()));
        STATS.delete(cx, &(scope, table.id.clone()));
        let at = cx.now();
        cx.schedule(at, &SweepTable { id: table.id, index: None })?;
        Ok(api::DeleteTableOutput { table_description: Some(shown) })
    }
}
