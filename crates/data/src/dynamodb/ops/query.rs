//! `Query`: reads a range of one partition of a table or an index.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::paging::Source;
use crate::dynamodb::refusals::{refuse_legacy, validation};
use crate::dynamodb::{leading, model};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::Direction;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::Query> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::QueryInput) -> Result<Vec<Access>> {
        let mut accesses = super::on_table_or_index(
            scope,
            "dynamodb:Query",
            &input.table_name,
            input.index_name.as_deref(),
        )?;
        for access in &mut accesses {
            leading::note_condition(
                access,
                input.key_condition_expression.as_deref(),
                input.expression_attribute_names.as_ref(),
                input.expression_attribute_values.as_ref(),
            );
        }
        Ok(accesses)
    }

    fn query(&self, view: &View<'_>, input: api::QueryInput) -> Result<api::QueryOutput> {
        refuse_legacy(
            &[
                ("AttributesToGet", input.attributes_to_get.is_some(), "ProjectionExpression"),
                ("QueryFilter", input.query_filter.is_some(), "FilterExpression"),
                ("KeyConditions", input.key_conditions.is_some(), "KeyConditionExpression"),
                ("ConditionalOperator", input.conditional_operator.is_some(), "FilterExpression"),
            ],
            &[
                ("ProjectionExpression", input.projection_expression.is_some()),
                ("FilterExpression", input.filter_expression.is_some()),
                ("KeyConditionExpression", input.key_condition_expression.is_some()),
            ],
        )?;
        let parsed = expressions::parse(Written {
            key: input.key_condition_expression.as_deref(),
            filter: input.filter_expression.as_deref(),
            projection: input.projection_expression.as_deref(),
            names: input.expression_attribute_names,
            values: input.expression_attribute_values,
            takes_values: &["FilterExpression", "KeyConditionExpression"],
            ..Written::default()
        })?;
        let Some(condition) = parsed.key else {
            return Err(validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            )
            .into());
        };
        let scope = view.scope();
        let table = model::table(view, scope, &input.table_name)?;
        let source = Source::new(
            &table,
            input.index_name.as_deref(),
            input.consistent_read,
            input.select.as_ref(),
            parsed.projection,
        )?;
        if let Some(filter) = &parsed.filter {
            super::check_filter(filter, source.keys())?;
        }
        let direction =
            if input.scan_index_forward == Some(false) { Direction::Reverse } else { Direction::Forward };
        let mut range = source.range(scope, &condition)?;
        source.resume(scope, &mut range, direction, input.exclusive_start_key)?;
        let page = source.read(view, &range, direction, input.limit, parsed.filter.as_ref(), None)?;
        Ok(api::QueryOutput {
            items: page.items,
            count: page.count,
            scanned_count: page.scanned,
            last_evaluated_key: page.last_key,
            consumed_capacity: page.consumed.shown(&table, input.return_consumed_capacity.as_ref()),
        })
    }
}
