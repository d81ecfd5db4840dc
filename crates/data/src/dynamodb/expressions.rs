//! The expressions of a request, parsed together: they share their placeholders.

use std::collections::BTreeMap;

use updraft_api::dynamodb::AttributeValue;
use updraft_kernel::Result;
use updraft_lang::dynamodb::{
    Attributes, Condition, ExpressionError, Item, KeyCondition, Projection, Update,
};

use super::refusals::validation;
use super::values::read_value;

/// The expressions of a request as they came.
#[derive(Debug, Default)]
pub(super) struct Written<'a> {
    pub condition: Option<&'a str>,
    pub filter: Option<&'a str>,
    pub key: Option<&'a str>,
    pub update: Option<&'a str>,
    pub projection: Option<&'a str>,
    pub names: Option<BTreeMap<String, String>>,
    pub values: Option<BTreeMap<String, AttributeValue>>,
    /// The expressions of the operation that values could be for, where it has any.
    pub takes_values: &'static [&'static str],
}

/// The expressions of a request, understood.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    pub condition: Option<Condition>,
    pub filter: Option<Condition>,
    pub key: Option<KeyCondition>,
    pub update: Option<Update>,
    pub projection: Option<Projection>,
}

fn refused(error: ExpressionError) -> updraft_kernel::Error {
    validation(error.0).into()
}

/// Parses all expressions of a request.
pub(super) fn parse(written: Written<'_>) -> Result<Expressions> {
    let with_values = [written.condition, written.filter, written.key, written.update];
    let no_values = with_values.iter().all(Option::is_none);
    if no_values && written.projection.is_none() && written.names.is_some() {
        let message = "ExpressionAttributeNames can only be specified when using expressions";
        return Err(validation(message).into());
    }
    if no_values && written.values.is_some() {
        let absent = written.takes_values.join(" and ");
        let are = if written.takes_values.len() > 1 { "are" } else { "is" };
        return Err(validation(format!(
            "ExpressionAttributeValues can only be specified when using expressions: {absent} {are} null"
        ))
        .into());
    }
    if no_values && written.projection.is_none() {
        return Ok(Expressions::default());
    }
    let values = written.values.map(read_values).transpose()?;
    let mut attributes = Attributes::new(written.names, values).map_err(refused)?;
    let all = &mut attributes;
    let expressions = Expressions {
        update: written.update.map(|text| Update::parse(text, all)).transpose().map_err(refused)?,
        condition: written.condition.map(|text| Condition::parse(text, all)).transpose().map_err(refused)?,
        filter: written.filter.map(|text| Condition::parse_filter(text, all)).transpose().map_err(refused)?,
        projection: written
            .projection
            .map(|text| Projection::parse(text, all))
            .transpose()
            .map_err(refused)?,
        key: written.key.map(|text| KeyCondition::parse(text, all)).transpose().map_err(refused)?,
    };
    attributes.check_all_used().map_err(refused)?;
    Ok(expressions)
}

fn read_values(wire: BTreeMap<String, AttributeValue>) -> Result<Item> {
    let read = |(key, value)| match read_value(value) {
        Ok(value) => Ok((key, value)),
        Err(problem) => Err(validation(format!(
            "ExpressionAttributeValues contains invalid value: {problem} for key {key}"
        ))
        .into()),
    };
    wire.into_iter().map(read).collect()
}
