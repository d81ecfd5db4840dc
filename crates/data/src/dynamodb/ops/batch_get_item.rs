//! `BatchGetItem`: shows up to 100 items.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::capacity::{Consistency, Consumed, read_units};
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::refusals::{refuse_legacy, validation};
use crate::dynamodb::values::write_item;
use crate::dynamodb::{items, keys, leading, model, write};
use std::collections::{BTreeMap, BTreeSet};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Query, Result, View};
use updraft_lang::dynamodb::{Item, item_size};
use updraft_types::Scope;

impl Query<ops::BatchGetItem> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::BatchGetItemInput) -> Result<Vec<Access>> {
        let mut accesses = Vec::new();
        for (name, request) in &input.request_items {
            let mut access = Access::to("dynamodb:BatchGetItem", model::table_arn(scope, name)?);
            request.keys.iter().for_each(|key| leading::note(&mut access, key));
            accesses.push(access);
        }
        Ok(accesses)
    }

    fn query(&self, view: &View<'_>, input: api::BatchGetItemInput) -> Result<api::BatchGetItemOutput> {
        let total: usize = input.request_items.values().map(|keys| keys.keys.len()).sum();
        if total > KEYS_MAX {
            return Err(validation("Too many items requested for the BatchGetItem call").into());
        }
        let mut responses = BTreeMap::new();
        let mut unprocessed = BTreeMap::new();
        let mut consumed = Vec::new();
        let mut bytes = 0;
        for (name, request) in input.request_items {
            refuse_legacy(
                &[("AttributesToGet", request.attributes_to_get.is_some(), "ProjectionExpression")],
                &[("ProjectionExpression", request.projection_expression.is_some())],
            )?;
            let parsed = expressions::parse(Written {
                projection: request.projection_expression.as_deref(),
                names: request.expression_attribute_names.clone(),
                ..Written::default()
            })?;
            let table = model::table(view, view.scope(), &name)?;
            let consistency = Consistency::of(request.consistent_read);
            let mut seen = BTreeSet::new();
            let mut found = Vec::new();
            let mut left = Vec::new();
            let mut used = Consumed::default();
            for wire in &request.keys {
                let key = write::key(&table, wire.clone())?;
                if !seen.insert(keys::primary(view.scope(), &table, &key)) {
                    return Err(validation("Provided list of item keys contains duplicates").into());
                }
                if bytes >= ANSWER_BYTES_MAX {
                    left.push(wire.clone());
                    continue;
                }
                let item = items::find(view, view.scope(), &table, &key)?;
                let size = item.as_ref().map_or(0, item_size);
                bytes += size;
                used.table += read_units(size, consistency);
                let shown =
                    |item| parsed.projection.as_ref().map_or_else(|| Item::clone(&item), |p| p.apply(&item));
                found.extend(item.map(shown).map(write_item));
            }
            if !left.is_empty() {
                unprocessed.insert(name.clone(), api::KeysAndAttributes { keys: left, ..request });
            }
            consumed.extend(used.shown(&table, input.return_consumed_capacity.as_ref()));
            responses.insert(name, found);
        }
        Ok(api::BatchGetItemOutput {
            responses: Some(responses),
            unprocessed_keys: Some(unprocessed),
            consumed_capacity: input
                .return_consumed_capacity
                .as_ref()
                .map(|_| consumed)
                .filter(|c| !c.is_empty()),
        })
    }
}

/// "A single BatchGetItem operation can retrieve up to 100 items, up to 16 MB" ("BatchGetItem",
/// DynamoDB API reference, read 2026-11).
const KEYS_MAX: usize = 100;
/// Past this much, the remaining keys come back unprocessed (same source).
const ANSWER_BYTES_MAX: usize = 16 << 20;
