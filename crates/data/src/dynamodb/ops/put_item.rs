//! `PutItem`: puts an item.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::model;
use crate::dynamodb::refusals::refuse_legacy;
use crate::dynamodb::values::write_item;
use crate::dynamodb::write::{self, Change, Write};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::PutItem> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::PutItemInput) -> Result<Vec<Access>> {
        super::on_item(scope, "dynamodb:PutItem", &input.table_name, &input.item)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::PutItemInput) -> Result<api::PutItemOutput> {
        refuse_legacy(
            &[
                ("Expected", input.expected.is_some(), "ConditionExpression"),
                ("ConditionalOperator", input.conditional_operator.is_some(), "ConditionExpression"),
            ],
            &[("ConditionExpression", input.condition_expression.is_some())],
        )?;
        super::check_return_values(input.return_values.as_ref())?;
        let parsed = expressions::parse(Written {
            condition: input.condition_expression.as_deref(),
            names: input.expression_attribute_names,
            values: input.expression_attribute_values,
            takes_values: &["ConditionExpression"],
            ..Written::default()
        })?;
        let table = model::table(cx, cx.scope(), &input.table_name)?;
        let (key, item) = write::put_item(&table, input.item)?;
        let write = Write {
            key,
            change: Change::Put(item),
            condition: parsed.condition,
            show_item_on_failure: write::shows_item(input.return_values_on_condition_check_failure.as_ref()),
        };
        let written = write.decide(cx, &table)?.apply(cx, &table)?;
        let metrics =
            write::collection_metrics(&table, &write.key, input.return_item_collection_metrics.as_ref());
        let old = written.old.filter(|_| input.return_values == Some(api::ReturnValue::AllOld));
        Ok(api::PutItemOutput {
            attributes: old.map(write_item),
            consumed_capacity: written.consumed.shown(&table, input.return_consumed_capacity.as_ref()),
            item_collection_metrics: metrics,
        })
    }
}
