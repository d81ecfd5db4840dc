//! `ListTables`: names the tables.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model::TABLES;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::Direction;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListTables> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::ListTablesInput) -> Result<Vec<Access>> {
        let _ = (scope, input);
        Ok(vec![Access::to_any("dynamodb:ListTables")])
    }

    fn query(&self, view: &View<'_>, input: api::ListTablesInput) -> Result<api::ListTablesOutput> {
        let limit = input.limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(TABLES_LISTED_MAX);
        let scope = view.scope().clone();
        let after = input.exclusive_start_table_name.map(|name| (scope.clone(), name));
        let limit = limit.min(TABLES_LISTED_MAX);
        let page = TABLES.page(view, &scope, after.as_ref(), Direction::Forward, limit)?;
        let names: Vec<_> = page.entries.into_iter().map(|((_, name), _)| name).collect();
        let last = names.last().cloned().filter(|_| page.more);
        Ok(api::ListTablesOutput { table_names: Some(names), last_evaluated_table_name: last })
    }
}

/// "The maximum number of table names to return" and the default ("ListTables", DynamoDB API
/// reference, read 2026-11).
const TABLES_LISTED_MAX: usize = 100;
