//! `BatchWriteItem`: puts and removes up to 25 items.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::capacity::Consumed;
use crate::dynamodb::model::{self, TableRecord};
use crate::dynamodb::refusals::validation;
use crate::dynamodb::write::{self, Change, Write};
use crate::dynamodb::{keys, leading};
use std::collections::{BTreeMap, BTreeSet};
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::BatchWriteItem> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::BatchWriteItemInput) -> Result<Vec<Access>> {
        let mut accesses = Vec::new();
        for (name, requests) in &input.request_items {
            let mut access = Access::to("dynamodb:BatchWriteItem", model::table_arn(scope, name)?);
            for request in requests {
                request.put_request.iter().for_each(|put| leading::note(&mut access, &put.item));
                request.delete_request.iter().for_each(|delete| leading::note(&mut access, &delete.key));
            }
            accesses.push(access);
        }
        Ok(accesses)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::BatchWriteItemInput) -> Result<api::BatchWriteItemOutput> {
        let total: usize = input.request_items.values().map(Vec::len).sum();
        if total > REQUESTS_MAX {
            return Err(validation("Too many items requested for the BatchWriteItem call").into());
        }
        let mut consumed = Vec::new();
        let mut metrics: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, requests) in input.request_items {
            if requests.is_empty() {
                let message = "The batch write request list for a table cannot be null or empty";
                return Err(validation(message).into());
            }
            let table = model::table(cx, cx.scope(), &name)?;
            let writes = requests.into_iter().map(|request| write_of(&table, request));
            let writes = writes.collect::<Result<Vec<_>>>()?;
            let mut seen = BTreeSet::new();
            if !writes.iter().all(|write| seen.insert(keys::primary(cx.scope(), &table, &write.key))) {
                return Err(validation("Provided list of item keys contains duplicates").into());
            }
            let mut used = Consumed::default();
            for write in &writes {
                used.add(&write.decide(cx, &table)?.apply(cx, &table)?.consumed);
                let wanted = input.return_item_collection_metrics.as_ref();
                if let Some(touched) = write::collection_metrics(&table, &write.key, wanted) {
                    metrics.entry(name.clone()).or_default().push(touched);
                }
            }
            consumed.extend(used.shown(&table, input.return_consumed_capacity.as_ref()));
        }
        Ok(api::BatchWriteItemOutput {
            unprocessed_items: Some(BTreeMap::new()),
            item_collection_metrics: (!metrics.is_empty()).then_some(metrics),
            consumed_capacity: (!consumed.is_empty()).then_some(consumed),
        })
    }
}

/// "Up to 25 item put or delete operations" ("BatchWriteItem", DynamoDB API reference, read 2026-11).
/// The request's 16 MB cannot be passed by 25 items of 400 KB.
const REQUESTS_MAX: usize = 25;

fn write_of(table: &TableRecord, request: api::WriteRequest) -> Result<Write> {
    let (key, change) = match (request.put_request, request.delete_request) {
        (Some(put), None) => {
            let (key, item) = write::put_item(table, put.item)?;
            (key, Change::Put(item))
        }
        (None, Some(delete)) => (write::key(table, delete.key)?, Change::Delete),
        _ => {
            let message = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
            return Err(validation(message).into());
        }
    };
    Ok(Write { key, change, condition: None, show_item_on_failure: false })
}
