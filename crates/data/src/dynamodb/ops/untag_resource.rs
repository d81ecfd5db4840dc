//! `UntagResource`: takes tags off a table.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model::{self, TABLES};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::UntagResource> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::UntagResourceInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:UntagResource", &input.resource_arn)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UntagResourceInput) -> Result<api::UntagResourceResponse> {
        let scope = cx.scope().clone();
        let mut table = model::described_table(cx, &scope, &input.resource_arn)?;
        table.tags.retain(|key, _| !input.tag_keys.contains(key));
        TABLES.put(cx, &(scope, table.name.to_string()), &table)?;
        Ok(api::UntagResourceResponse::default())
    }
}
