//! `ListTagsOfResource`: shows the tags of a table.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::model;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::ListTagsOfResource> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::ListTagsOfResourceInput) -> Result<Vec<Access>> {
        super::on_table(scope, "dynamodb:ListTagsOfResource", &input.resource_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListTagsOfResourceInput,
    ) -> Result<api::ListTagsOfResourceOutput> {
        let table = model::described_table(view, view.scope(), &input.resource_arn)?;
        let tags = table.tags.into_iter().map(|(key, value)| api::Tag { key, value }).collect();
        // A table's 50 tags fit in one page.
        Ok(api::ListTagsOfResourceOutput { tags: Some(tags), next_token: None })
    }
}
