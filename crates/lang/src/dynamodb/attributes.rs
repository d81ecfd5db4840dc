//! The names and values that a request's expressions refer to by placeholder.

use std::collections::{BTreeMap, BTreeSet};

use super::{ExpressionError, Item, Value};

/// What `#name` and `:value` stand for in a request, and which of them were used.
#[derive(Debug, Default)]
pub struct Attributes {
    names: BTreeMap<String, String>,
    values: Item,
    names_used: BTreeSet<String>,
    values_used: BTreeSet<String>,
}

impl Attributes {
    /// The placeholders of a request.
    pub fn new(
        names: Option<BTreeMap<String, String>>,
        values: Option<Item>,
    ) -> Result<Self, ExpressionError> {
        if let Some(names) = &names {
            check_keys("ExpressionAttributeNames", names.keys(), '#')?;
        }
        if let Some(values) = &values {
            check_keys("ExpressionAttributeValues", values.keys(), ':')?;
        }
        Ok(Self {
            names: names.unwrap_or_default(),
            values: values.unwrap_or_default(),
            names_used: BTreeSet::new(),
            values_used: BTreeSet::new(),
        })
    }

    /// Refuses placeholders that no expression used. To be called when all are parsed.
    pub fn check_all_used(&self) -> Result<(), ExpressionError> {
        check_used("ExpressionAttributeNames", self.names.keys(), &self.names_used)?;
        check_used("ExpressionAttributeValues", self.values.keys(), &self.values_used)
    }

    pub(super) fn name(&mut self, placeholder: &str) -> Option<&str> {
        let name = self.names.get(placeholder)?;
        self.names_used.insert(placeholder.to_owned());
        Some(name)
    }

    pub(super) fn value(&mut self, placeholder: &str) -> Option<&Value> {
        let value = self.values.get(placeholder)?;
        self.values_used.insert(placeholder.to_owned());
        Some(value)
    }
}

fn check_keys<'a>(
    map: &str,
    keys: impl ExactSizeIterator<Item = &'a String>,
    sigil: char,
) -> Result<(), ExpressionError> {
    if keys.len() == 0 {
        return Err(ExpressionError(format!("{map} must not be empty")));
    }
    for key in keys {
        let word = key.strip_prefix(sigil).unwrap_or_default();
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(ExpressionError(format!("{map} contains invalid key: Syntax error; key: \"{key}\"")));
        }
    }
    Ok(())
}

fn check_used<'a>(
    map: &str,
    keys: impl Iterator<Item = &'a String>,
    used: &BTreeSet<String>,
) -> Result<(), ExpressionError> {
    let unused: Vec<_> = keys.filter(|key| !used.contains(*key)).map(String::as_str).collect();
    if unused.is_empty() {
        return Ok(());
    }
    let unused = unused.join(", ");
    Err(ExpressionError(format!("Value provided in {map} unused in expressions: keys: {{{unused}}}")))
}
