//! `TagResource`: tags a table.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model::{self, TABLES};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::TagResource> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::TagResourceInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:TagResource", &input.resource_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::TagResourceInput) -> Result<api::TagResourceResponse> {
        let scope = cx.scope().clone();
        let mut table = model::described_table(cx, &scope, &input.resource_arn)?;
        super::add_tags(&mut table.tags, input.tags)?;
        TABLES.put(cx, &(scope, table.name.to_string()), &table)?;
        Ok(api::TagResourceResponse::default())
    }
}
