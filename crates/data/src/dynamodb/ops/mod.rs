//! The operations of DynamoDB, one to a file, and what they share.

mod batch_get_item;
mod batch_write_item;
mod create_table;
mod delete_item;
mod delete_table;
mod describe_continuous_backups;
mod describe_limits;
mod describe_table;
mod describe_time_to_live;
mod get_item;
mod list_tables;
mod list_tags_of_resource;
mod put_item;
mod query;
mod scan;
mod tag_resource;
mod transact_get_items;
mod transact_write_items;
mod untag_resource;
mod update_continuous_backups;
mod update_item;
mod update_table;
mod update_time_to_live;

use std::collections::BTreeMap;
use std::time::Duration;

use updraft_api::dynamodb as api;
use updraft_kernel::{Access, Error, Read, Result, Target};
use updraft_lang::dynamodb::Condition;
use updraft_types::{Arn, Scope, Timestamp};

use super::leading;
use super::model::{self, Keys, TableRecord};
use super::refusals::validation;

/// Tags of a table ("Tagging restrictions", DynamoDB Developer Guide, read 2026-11).
const TAGS_MAX: usize = 50;
/// Parts of a transaction ("TransactWriteItems", DynamoDB API reference, read 2026-11).
const PARTS_MAX: usize = 100;
/// How far back a table can be restored unless the caller says ("PointInTimeRecoverySpecification",
/// DynamoDB API reference, read 2026-11).
const RECOVERY_DAYS: i32 = 35;
/// What is said of two parts of a transaction on one item.
const REPEATED_ITEM: &str = "Transaction request cannot include multiple operations on one item";

/// An action on a table.
fn on_table(scope: &Scope, action: &'static str, table: &str) -> Result<Vec<Access>> {
    Ok(vec![Access::to(action, model::table_arn(scope, table)?)])
}

/// An action on a table, or on one of its indexes.
fn on_table_or_index(
    scope: &Scope,
    action: &'static str,
    table: &str,
    index: Option<&str>,
) -> Result<Vec<Access>> {
    match index {
        Some(index) => Ok(vec![Access::to(action, model::table_name(scope, table)?.index_arn(scope, index))]),
        None => on_table(scope, action, table),
    }
}

/// A key or an item as it comes.
type Wire = BTreeMap<String, api::AttributeValue>;

/// An action on one item of a table.
fn on_item(scope: &Scope, action: &'static str, table: &str, item: &Wire) -> Result<Vec<Access>> {
    let mut accesses = on_table(scope, action, table)?;
    accesses.iter_mut().for_each(|access| leading::note(access, item));
    Ok(accesses)
}

/// Adds one part of a transaction to what must be allowed: each action on each table once.
fn add_part(accesses: &mut Vec<Access>, action: &'static str, table: Arn, item: &Wire) {
    let target = Target::Arn(table);
    let known = accesses.iter().position(|access| access.action == action && access.target == target);
    let at = known.unwrap_or_else(|| {
        accesses.push(Access { action: action.into(), target, context: BTreeMap::new(), makes: false });
        accesses.len() - 1
    });
    leading::note(&mut accesses[at], item);
}

/// Refuses parameters that this engine does not do: silence would promise them.
fn refuse_unsupported(parameters: &[(&str, bool)]) -> Result<()> {
    match parameters.iter().find(|(_, given)| *given) {
        Some((name, _)) => {
            let message = format!("The parameter {name} is not supported by this engine; leave it out");
            Err(validation(message).into())
        }
        None => Ok(()),
    }
}

/// Puts and deletes show nothing or what was there before.
fn check_return_values(wanted: Option<&api::ReturnValue>) -> Result<()> {
    match wanted {
        None | Some(api::ReturnValue::None | api::ReturnValue::AllOld) => Ok(()),
        Some(_) => Err(validation("Return values set to invalid value").into()),
    }
}

/// A query's filter is about other attributes than its keys.
fn check_filter(filter: &Condition, keys: &Keys) -> Result<()> {
    let heads = filter.attributes();
    match keys.names().find(|name| heads.contains(name)) {
        Some(key) => Err(validation(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: {key}"
        ))
        .into()),
        None => Ok(()),
    }
}

/// Checks the number of a transaction's parts.
fn check_parts(count: usize) -> Result<()> {
    if (1..=PARTS_MAX).contains(&count) {
        return Ok(());
    }
    let bound = if count == 0 { "greater than or equal to 1" } else { "less than or equal to 100" };
    Err(validation(format!(
        "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length {bound}"
    ))
    .into())
}

/// Puts tags among those already there.
fn add_tags(tags: &mut BTreeMap<String, String>, added: Vec<api::Tag>) -> Result<()> {
    for tag in added {
        if tag.key.starts_with("aws:") {
            let message = format!("Tag keys beginning with aws: are reserved: {}", tag.key);
            return Err(validation(message).into());
        }
        tags.insert(tag.key, tag.value);
    }
    if tags.len() > TAGS_MAX {
        let message = format!("Too many tags: a table takes at most {TAGS_MAX}");
        return Err(validation(message).into());
    }
    Ok(())
}

/// Reads how a table is encrypted: with a key of KMS, or with DynamoDB's own, which is not shown.
fn encryption(given: Option<api::SSESpecification>) -> Option<Option<String>> {
    let given = given.filter(|given| given.enabled == Some(true))?;
    Some(given.kms_master_key_id)
}

/// A table by the words of the operations on backups.
fn backed_up_table(read: &impl Read, scope: &Scope, name: &str) -> Result<TableRecord> {
    model::described_table(read, scope, name).map_err(|error| match error {
        Error::Refused(refusal) if refusal.code == "ResourceNotFoundException" => {
            api::errors::TABLE_NOT_FOUND_EXCEPTION.refuse(format!("Table not found: {name}")).into()
        }
        other => other,
    })
}

/// What is shown of a table's backups.
fn backups(table: &TableRecord, now: Timestamp) -> api::ContinuousBackupsDescription {
    let recovery = match table.recovery_days {
        Some(days) => {
            let window = Duration::from_secs(u64::from(days.unsigned_abs()) * 86_400);
            api::PointInTimeRecoveryDescription {
                point_in_time_recovery_status: Some(api::PointInTimeRecoveryStatus::Enabled),
                recovery_period_in_days: Some(days),
                earliest_restorable_date_time: Some(table.created.max(now.minus(window))),
                latest_restorable_date_time: Some(now),
            }
        }
        None => api::PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some(api::PointInTimeRecoveryStatus::Disabled),
            ..Default::default()
        },
    };
    api::ContinuousBackupsDescription {
        continuous_backups_status: api::ContinuousBackupsStatus::Enabled,
        point_in_time_recovery_description: Some(recovery),
    }
}
