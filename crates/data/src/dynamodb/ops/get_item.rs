//! `GetItem`: shows an item.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::capacity::{Consistency, Consumed, read_units};
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::refusals::refuse_legacy;
use crate::dynamodb::values::write_item;
use crate::dynamodb::{items, model, write};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_lang::dynamodb::item_size;
use updraft_types::Scope;

impl Query<ops::GetItem> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::GetItemInput) -> Result<Vec<Access>> {
        super::on_item(scope, "dynamodb:GetItem", &input.table_name, &input.key)
    }

    fn query(&self, view: &View<'_>, input: api::GetItemInput) -> Result<api::GetItemOutput> {
        refuse_legacy(
            &[("AttributesToGet", input.attributes_to_get.is_some(), "ProjectionExpression")],
            &[("ProjectionExpression", input.projection_expression.is_some())],
        )?;
        let parsed = expressions::parse(Written {
            projection: input.projection_expression.as_deref(),
            names: input.expression_attribute_names,
            ..Written::default()
        })?;
        let table = model::table(view, view.scope(), &input.table_name)?;
        let key = write::key(&table, input.key)?;
        let item = items::find(view, view.scope(), &table, &key)?;
        let consistency = Consistency::of(input.consistent_read);
        let units = read_units(item.as_ref().map_or(0, item_size), consistency);
        let consumed = Consumed { table: units, ..Consumed::default() };
        let item = match parsed.projection {
            Some(projection) => item.map(|item| projection.apply(&item)),
            None => item,
        };
        Ok(api::GetItemOutput {
            item: item.map(write_item),
            consumed_capacity: consumed.shown(&table, input.return_consumed_capacity.as_ref()),
        })
    }
}
