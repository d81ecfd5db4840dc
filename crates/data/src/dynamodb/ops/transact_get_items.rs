//! `TransactGetItems`: shows up to 100 items as of one moment.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::capacity::{Consistency, Consumed, read_units};
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::model::{self, TableRecord};
use crate::dynamodb::refusals::validation;
use crate::dynamodb::values::write_item;
use crate::dynamodb::{items, keys, write};
use std::collections::{BTreeMap, BTreeSet};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_lang::dynamodb::item_size;
use updraft_types::Scope;

impl Query<ops::TransactGetItems> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::TransactGetItemsInput) -> Result<Vec<Access>> {
        let mut accesses = Vec::new();
        for api::TransactGetItem { get } in &input.transact_items {
            let table = model::table_arn(scope, &get.table_name)?;
            super::add_part(&mut accesses, "dynamodb:GetItem", table, &get.key);
        }
        Ok(accesses)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::TransactGetItemsInput,
    ) -> Result<api::TransactGetItemsOutput> {
        super::check_parts(input.transact_items.len())?;
        let mut seen = BTreeSet::new();
        let mut responses = Vec::with_capacity(input.transact_items.len());
        let mut consumed: BTreeMap<String, (TableRecord, Consumed)> = BTreeMap::new();
        for api::TransactGetItem { get } in input.transact_items {
            let parsed = expressions::parse(Written {
                projection: get.projection_expression.as_deref(),
                names: get.expression_attribute_names,
                ..Written::default()
            })?;
            let table = model::table(view, view.scope(), &get.table_name)?;
            let key = write::key(&table, get.key)?;
            if !seen.insert(keys::primary(view.scope(), &table, &key)) {
                return Err(validation(super::REPEATED_ITEM).into());
            }
            let item = items::find(view, view.scope(), &table, &key)?;
            let units = read_units(item.as_ref().map_or(0, item_size), Consistency::Transactional);
            let name = table.name.to_string();
            consumed.entry(name).or_insert_with(|| (table, Consumed::default())).1.table += units;
            let item = match &parsed.projection {
                Some(projection) => item.map(|item| projection.apply(&item)),
                None => item,
            };
            responses.push(api::ItemResponse { item: item.map(write_item) });
        }
        let wanted = input.return_consumed_capacity.as_ref();
        let shown: Vec<_> =
            consumed.values().filter_map(|(table, consumed)| consumed.shown(table, wanted)).collect();
        Ok(api::TransactGetItemsOutput {
            consumed_capacity: (!shown.is_empty()).then_some(shown),
            responses: Some(responses),
        })
    }
}
