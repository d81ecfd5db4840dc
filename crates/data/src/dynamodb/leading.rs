//! The leading keys of a request: the hash keys that `dynamodb:LeadingKeys` compares.
//!
//! DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control", read
//! 2026-11. Which attribute is the hash key only the table knows, so a request's access first notes
//! the values of every attribute that could be, and the table then says which are.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use updraft_api::dynamodb::AttributeValue;
use updraft_kernel::{Access, Fault, Read, Target};
use updraft_lang::dynamodb::{Attributes, Comparator, KeyCondition, KeyPredicate, Number, Value};
use updraft_types::Scope;
use updraft_types::dynamodb::TableName;

use super::model::TABLES;
use super::values::read_item;

/// What the notes begin with; policies never see them.
const NOTE: &str = "updraft:attribute/";
/// The condition key.
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
/// No longer value can be a hash key.
const VALUE_BYTES_MAX: usize = 2_048;

/// Notes the attributes of a key or an item.
pub(super) fn note(access: &mut Access, attributes: &BTreeMap<String, AttributeValue>) {
    for (name, value) in attributes {
        let text = match value {
            AttributeValue::S(text) if text.len() <= VALUE_BYTES_MAX => text.clone(),
            // One number can be written in many ways; policies compare its usual form.
            AttributeValue::N(text) => text.parse().map_or_else(|_| text.clone(), |n: Number| n.to_string()),
            AttributeValue::B(bytes) if bytes.len() <= VALUE_BYTES_MAX => STANDARD.encode(bytes),
            _ => continue,
        };
        let values = access.context.entry(format!("{NOTE}{name}")).or_default();
        if !values.contains(&text) {
            values.push(text);
        }
    }
}

/// Notes the attributes that a query's key condition sets equal to something. What cannot be read
/// is refused when the query is run.
pub(super) fn note_condition(
    access: &mut Access,
    expression: Option<&str>,
    names: Option<&BTreeMap<String, String>>,
    values: Option<&BTreeMap<String, AttributeValue>>,
) {
    let Some(expression) = expression else { return };
    let values = values.and_then(|values| read_item(values.clone()).ok());
    let Ok(mut attributes) = Attributes::new(names.cloned(), values) else { return };
    let Ok(condition) = KeyCondition::parse(expression, &mut attributes) else { return };
    for (name, predicate) in condition.0 {
        let KeyPredicate::Compare(Comparator::Equal, value) = predicate else { continue };
        let text = match value {
            Value::S(text) => text,
            Value::N(number) => number.to_string(),
            Value::B(bytes) => STANDARD.encode(bytes),
            _ => continue,
        };
        access.context.insert(format!("{NOTE}{name}"), vec![text]);
    }
}

/// Turns the notes into the condition key, by what the table or index says is its hash key.
pub(super) fn complete(read: &dyn Read, scope: &Scope, access: &mut Access) -> Result<(), Fault> {
    let mut notes = BTreeMap::new();
    access.context.retain(|key, values| match key.strip_prefix(NOTE) {
        Some(name) => {
            notes.insert(name.to_owned(), std::mem::take(values));
            false
        }
        None => true,
    });
    let Target::Arn(arn) = &access.target else { return Ok(()) };
    let Some((_, _, name)) = TableName::of_arn(arn) else { return Ok(()) };
    let Some(table) = TABLES.get(read, &(scope.clone(), name.to_string()))? else { return Ok(()) };
    let index = arn.resource().split_once("/index/").and_then(|(_, index)| table.index(index));
    let hash = &index.map_or(&table.keys, |index| &index.keys).hash;
    if let Some(values) = notes.remove(hash) {
        access.context.insert(LEADING_KEYS.to_owned(), values);
    }
    Ok(())
}
