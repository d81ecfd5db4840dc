//! `Scan`: reads all of a table or an index.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::model;
use crate::dynamodb::paging::{Segment, Source};
use crate::dynamodb::refusals::refuse_legacy;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::Direction;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

impl Query<ops::Scan> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::ScanInput) -> Result<Vec<Access>> {
        super::on_table_or_index(scope, "dynamodb:Scan", &input.table_name, input.index_name.as_deref())
    }

    fn query(&self, view: &View<'_>, input: api::ScanInput) -> Result<api::ScanOutput> {
        refuse_legacy(
            &[
                ("AttributesToGet", input.attributes_to_get.is_some(), "ProjectionExpression"),
                ("ScanFilter", input.scan_filter.is_some(), "FilterExpression"),
                ("ConditionalOperator", input.conditional_operator.is_some(), "FilterExpression"),
            ],
            &[
                ("ProjectionExpression", input.projection_expression.is_some()),
                ("FilterExpression", input.filter_expression.is_some()),
            ],
        )?;
        let segment = Segment::new(input.segment, input.total_segments)?;
        let parsed = expressions::parse(Written {
            filter: input.filter_expression.as_deref(),
            projection: input.projection_expression.as_deref(),
            names: input.expression_attribute_names,
            values: input.expression_attribute_values,
            takes_values: &["FilterExpression"],
            ..Written::default()
        })?;
        let scope = view.scope();
        let table = model::table(view, scope, &input.table_name)?;
        let source = Source::new(
            &table,
            input.index_name.as_deref(),
            input.consistent_read,
            input.select.as_ref(),
            parsed.projection,
        )?;
        let mut range = source.everything(scope);
        source.resume(scope, &mut range, Direction::Forward, input.exclusive_start_key)?;
        let filter = parsed.filter.as_ref();
        let page = source.read(view, &range, Direction::Forward, input.limit, filter, segment)?;
        Ok(api::ScanOutput {
            items: page.items,
            count: page.count,
            scanned_count: page.scanned,
            last_evaluated_key: page.last_key,
            consumed_capacity: page.consumed.shown(&table, input.return_consumed_capacity.as_ref()),
        })
    }
}
