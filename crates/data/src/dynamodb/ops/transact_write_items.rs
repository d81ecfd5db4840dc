//! `TransactWriteItems`: does up to 100 writes, all or none.

use crate::dynamodb::DynamoDb;
use crate::dynamodb::capacity::Consumed;
use crate::dynamodb::expressions::{self, Written};
use crate::dynamodb::forget::{ForgetToken, TOKENS, TokenRecord};
use crate::dynamodb::model::{self, TableRecord};
use crate::dynamodb::refusals::{CONDITION_FAILED, Reason, cancelled, validation};
use crate::dynamodb::write::{self, Change, Decided, Write};
use crate::dynamodb::{items, keys};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use updraft_api::dynamodb::{self as api, ops};
use updraft_kernel::Error;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

impl Handle<ops::TransactWriteItems> for DynamoDb {
    fn access(&self, scope: &Scope, input: &api::TransactWriteItemsInput) -> Result<Vec<Access>> {
        let mut accesses = Vec::new();
        for item in &input.transact_items {
            let (action, name, key) = named(item)?;
            super::add_part(&mut accesses, action, model::table_arn(scope, name)?, key);
        }
        Ok(accesses)
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::TransactWriteItemsInput,
    ) -> Result<api::TransactWriteItemsOutput> {
        super::check_parts(input.transact_items.len())?;
        let digest = digest(&input);
        if let Some(token) = &input.client_request_token
            && done_before(cx, token, &digest)?
        {
            return Ok(api::TransactWriteItemsOutput::default());
        }
        let mut parts = Vec::with_capacity(input.transact_items.len());
        for item in input.transact_items {
            parts.push(part(cx, item)?);
        }
        let decided = decide(cx, &parts)?;
        let mut consumed: BTreeMap<String, (TableRecord, Consumed)> = BTreeMap::new();
        let mut metrics: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (decided, (table, write)) in decided.into_iter().zip(parts) {
            // A transaction writes twice: to prepare and to commit.
            let used = decided.apply(cx, &table)?.consumed.scaled(2.0);
            let wanted = input.return_item_collection_metrics.as_ref();
            let name = table.name.to_string();
            if let Some(touched) = write::collection_metrics(&table, &write.key, wanted) {
                metrics.entry(name.clone()).or_default().push(touched);
            }
            consumed.entry(name).or_insert_with(|| (table, Consumed::default())).1.add(&used);
        }
        if let Some(token) = input.client_request_token {
            let expires = cx.now().plus(TOKEN_LIFE);
            let record = TokenRecord { request: digest, expires };
            TOKENS.put(cx, &(cx.scope().clone(), token.clone()), &record)?;
            cx.schedule(expires, &ForgetToken { token })?;
        }
        let wanted = input.return_consumed_capacity.as_ref();
        let shown: Vec<_> =
            consumed.values().filter_map(|(table, consumed)| consumed.shown(table, wanted)).collect();
        Ok(api::TransactWriteItemsOutput {
            consumed_capacity: (!shown.is_empty()).then_some(shown),
            item_collection_metrics: (!metrics.is_empty()).then_some(metrics),
        })
    }
}

/// How long a token stands for its request: "a client request token is valid for 10 minutes after the
/// first request that uses it is completed" ("TransactWriteItems", DynamoDB API reference, read
/// 2026-11).
const TOKEN_LIFE: Duration = Duration::from_secs(600);

/// The action, the table and the key or item of one part.
fn named(item: &api::TransactWriteItem) -> Result<(&'static str, &str, &super::Wire)> {
    match (&item.condition_check, &item.put, &item.delete, &item.update) {
        (Some(check), None, None, None) => Ok(("dynamodb:ConditionCheckItem", &check.table_name, &check.key)),
        (None, Some(put), None, None) => Ok(("dynamodb:PutItem", &put.table_name, &put.item)),
        (None, None, Some(delete), None) => Ok(("dynamodb:DeleteItem", &delete.table_name, &delete.key)),
        (None, None, None, Some(update)) => Ok(("dynamodb:UpdateItem", &update.table_name, &update.key)),
        _ => {
            let message = "TransactItems can only contain one of Check, Put, Update or Delete";
            Err(validation(message).into())
        }
    }
}

/// What tells one request from another that comes with the same token.
fn digest(input: &api::TransactWriteItemsInput) -> String {
    let text = format!("{:?}", input.transact_items);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the token's transaction was done already.
fn done_before(cx: &Cx<'_>, token: &str, digest: &str) -> Result<bool> {
    let found = TOKENS.get(cx, &(cx.scope().clone(), token.to_owned()))?;
    let Some(record) = found.filter(|record| record.expires > cx.now()) else { return Ok(false) };
    if record.request == digest {
        return Ok(true);
    }
    let message = "The provided client request token was used with different request parameters.";
    Err(api::errors::IDEMPOTENT_PARAMETER_MISMATCH_EXCEPTION.refuse(message).into())
}

/// Reads one part: its table and its write.
fn part(cx: &Cx<'_>, item: api::TransactWriteItem) -> Result<(TableRecord, Write)> {
    named(&item)?;
    let table = |name: &str| model::table(cx, cx.scope(), name);
    if let Some(put) = item.put {
        let parsed = expressions::parse(Written {
            condition: put.condition_expression.as_deref(),
            names: put.expression_attribute_names,
            values: put.expression_attribute_values,
            takes_values: &["ConditionExpression"],
            ..Written::default()
        })?;
        let table = table(&put.table_name)?;
        let (key, item) = write::put_item(&table, put.item)?;
        let show_item_on_failure = write::shows_item(put.return_values_on_condition_check_failure.as_ref());
        let (change, condition) = (Change::Put(item), parsed.condition);
        return Ok((table, Write { key, change, condition, show_item_on_failure }));
    }
    if let Some(update) = item.update {
        let parsed = expressions::parse(Written {
            update: Some(&update.update_expression),
            condition: update.condition_expression.as_deref(),
            names: update.expression_attribute_names,
            values: update.expression_attribute_values,
            takes_values: &["UpdateExpression", "ConditionExpression"],
            ..Written::default()
        })?;
        let table = table(&update.table_name)?;
        if let Some(update) = &parsed.update {
            write::check_update(&table, update)?;
        }
        let key = write::key(&table, update.key)?;
        let show_item_on_failure =
            write::shows_item(update.return_values_on_condition_check_failure.as_ref());
        let (change, condition) = (Change::Update(parsed.update), parsed.condition);
        return Ok((table, Write { key, change, condition, show_item_on_failure }));
    }
    let (change, name, key, condition, names, values, show) = match (item.delete, item.condition_check) {
        (Some(delete), _) => (
            Change::Delete,
            delete.table_name,
            delete.key,
            delete.condition_expression,
            delete.expression_attribute_names,
            delete.expression_attribute_values,
            delete.return_values_on_condition_check_failure,
        ),
        (None, check) => {
            let check = check.unwrap_or_default();
            (
                Change::Check,
                check.table_name,
                check.key,
                Some(check.condition_expression),
                check.expression_attribute_names,
                check.expression_attribute_values,
                check.return_values_on_condition_check_failure,
            )
        }
    };
    let parsed = expressions::parse(Written {
        condition: condition.as_deref(),
        names,
        values,
        takes_values: &["ConditionExpression"],
        ..Written::default()
    })?;
    let table = table(&name)?;
    let key = write::key(&table, key)?;
    let show_item_on_failure = write::shows_item(show.as_ref());
    Ok((table, Write { key, change, condition: parsed.condition, show_item_on_failure }))
}

/// Decides every part before any is done; one that cannot be cancels all.
fn decide(cx: &Cx<'_>, parts: &[(TableRecord, Write)]) -> Result<Vec<Decided>> {
    let mut seen = BTreeSet::new();
    if !parts.iter().all(|(table, write)| seen.insert(keys::primary(cx.scope(), table, &write.key))) {
        return Err(validation(super::REPEATED_ITEM).into());
    }
    let mut decided = Vec::with_capacity(parts.len());
    let mut reasons = Vec::with_capacity(parts.len());
    for (table, write) in parts {
        match write.decide(cx, table) {
            Ok(done) => {
                decided.push(done);
                reasons.push(None);
            }
            Err(Error::Refused(refusal)) if refusal.code == "ConditionalCheckFailedException" => {
                let item = match write.show_item_on_failure {
                    true => items::find(cx, cx.scope(), table, &write.key)?,
                    false => None,
                };
                let message = CONDITION_FAILED.to_owned();
                reasons.push(Some(Reason { code: "ConditionalCheckFailed", message, item }));
            }
            Err(Error::Refused(refusal)) if refusal.code == "ValidationException" => {
                reasons.push(Some(Reason { code: "ValidationError", message: refusal.message, item: None }));
            }
            Err(other) => return Err(other),
        }
    }
    if reasons.iter().any(Option::is_some) {
        return Err(cancelled(&reasons).into());
    }
    Ok(decided)
}
