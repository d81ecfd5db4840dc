//! `UpdateItem`: changes an item, or begins one.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::refusals::refuse_legacy;
use crate::dynamodb::values::write_item;
use crate::dynamodb::write::{self, Change, Write};
use crate::dynamodb::{model, write as done};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_lang::dynamodb::{Item, Projection};
use updraft_types::Scope;

impl Handle<ops::UpdateItem> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::UpdateItemInput) -> Result<Vec<Access>> {
        super::on_item(scope, "dynamodb:UpdateItem", &input.table_name, &input.key)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateItemInput) -> Result<api::UpdateItemOutput> {
        let has_update = input.update_expression.is_some();
        refuse_legacy(
            &[
                ("AttributeUpdates", input.attribute_updates.is_some(), "UpdateExpression"),
                ("Expected", input.expected.is_some(), "ConditionExpression"),
                ("ConditionalOperator", input.conditional_operator.is_some(), "ConditionExpression"),
            ],
            &[
                ("UpdateExpression", has_update),
                ("ConditionExpression", input.condition_expression.is_some()),
            ],
        )?;
        let parsed = expressions::parse(Written {
            update: input.update_expression.as_deref(),
            condition: input.condition_expression.as_deref(),
            names: input.expression_attribute_names,
            values: input.expression_attribute_values,
            takes_values: &["UpdateExpression", "ConditionExpression"],
            ..Written::default()
        })?;
        let table = model::table(cx, cx.scope(), &input.table_name)?;
        let key = write::key(&table, input.key)?;
        let mut changed = None;
        if let Some(update) = &parsed.update {
            write::check_update(&table, update)?;
            changed = Some(Projection::of_paths(update.paths().cloned().collect()));
        }
        let write = Write {
            key,
            change: Change::Update(parsed.update),
            condition: parsed.condition,
            show_item_on_failure: write::shows_item(input.return_values_on_condition_check_failure.as_ref()),
        };
        let written = write.decide(cx, &table)?.apply(cx, &table)?;
        let metrics =
            write::collection_metrics(&table, &write.key, input.return_item_collection_metrics.as_ref());
        let consumed = written.consumed.shown(&table, input.return_consumed_capacity.as_ref());
        Ok(api::UpdateItemOutput {
            attributes: shown(input.return_values.as_ref(), written, changed.as_ref()).map(write_item),
            consumed_capacity: consumed,
            item_collection_metrics: metrics,
        })
    }
}

/// What the answer shows of the item, before or after, all of it or what the update changed.
fn shown(
    wanted: Option<&api::ReturnValue>,
    written: done::Written,
    changed: Option<&Projection>,
) -> Option<Item> {
    let part = |item: Item| changed.map(|paths| paths.apply(&item)).filter(|part| !part.is_empty());
    match wanted? {
        api::ReturnValue::AllOld => written.old,
        api::ReturnValue::AllNew => written.new,
        api::ReturnValue::UpdatedOld => written.old.and_then(part),
        api::ReturnValue::UpdatedNew => written.new.and_then(part),
        _ => None,
    }
}
