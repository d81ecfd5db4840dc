//! JSONata in a definition: values in which texts between `{%` and `%}` are expressions.

use serde_json::{Map, Value};

use super::failure::Failure;
use crate::Entropy;
use crate::jsonata::Expression;

/// A value with expressions in it, read.
#[derive(Debug, Clone)]
pub(crate) enum Dynamic {
    Literal(Value),
    Expression(Box<Expression>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// The text between `{%` and `%}`, where a text is an expression.
pub(super) fn inside(text: &str) -> Option<&str> {
    let trimmed = text.strip_prefix("{%")?.strip_suffix("%}")?;
    Some(trimmed.trim())
}

/// Whether one of the two marks stands alone.
pub(super) fn is_half_marked(text: &str) -> bool {
    inside(text).is_none() && (text.starts_with("{%") || text.ends_with("%}"))
}

/// What is wrong with an expression in a definition, and where below the value.
pub(super) struct Misread {
    pub at: String,
    pub message: String,
}

impl Dynamic {
    /// Reads a value.
    pub(super) fn read(value: &Value) -> Result<Self, Misread> {
        read_at(value, String::new())
    }

    /// Whether no expression stands in it.
    pub(super) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// The value with each expression replaced by what it gives.
    pub(super) fn evaluate(
        &self,
        field: &str,
        bindings: &Map<String, Value>,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, Failure> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => evaluate(expression, field, bindings, entropy),
            Self::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| item.evaluate(&format!("{field}[{index}]"), bindings, entropy))
                    .collect()
            }
            Self::Object(members) => members
                .iter()
                .map(|(name, member)| {
                    let value = member.evaluate(&format!("{field}/{name}"), bindings, entropy)?;
                    Ok((name.clone(), value))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
        }
    }
}

/// An expression's value. AWS's words for failures are as recorded by users of the service (2026-11).
fn evaluate(
    expression: &Expression,
    field: &str,
    bindings: &Map<String, Value>,
    entropy: &mut dyn Entropy,
) -> Result<Value, Failure> {
    let told = |what: String| {
        let message = format!(
            "The JSONata expression '{}' specified for the field '{field}' {what}",
            expression.text()
        );
        Failure::evaluation(Some(field.to_owned()), message)
    };
    match expression.evaluate(bindings, entropy) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(told("returned nothing (undefined).".to_owned())),
        Err(error) => Err(told(format!("threw an error during evaluation. {}", error.message))),
    }
}

fn read_at(value: &Value, at: String) -> Result<Dynamic, Misread> {
    match value {
        Value::String(text) => read_text(text, at),
        Value::Array(items) => {
            let read: Result<Vec<_>, _> = items
                .iter()
                .enumerate()
                .map(|(index, item)| read_at(item, format!("{at}[{index}]")))
                .collect();
            let read = read?;
            let literal = read.iter().all(Dynamic::is_literal);
            Ok(if literal { Dynamic::Literal(value.clone()) } else { Dynamic::Array(read) })
        }
        Value::Object(members) => {
            let read: Result<Vec<_>, _> = members
                .iter()
                .map(|(name, member)| Ok((name.clone(), read_at(member, format!("{at}/{name}"))?)))
                .collect();
            let read = read?;
            let literal = read.iter().all(|(_, member)| member.is_literal());
            Ok(if literal { Dynamic::Literal(value.clone()) } else { Dynamic::Object(read) })
        }
        other => Ok(Dynamic::Literal(other.clone())),
    }
}

fn read_text(text: &str, at: String) -> Result<Dynamic, Misread> {
    if is_half_marked(text) {
        let message = "JSONata expressions must be surrounded by \"{%\" and \"%}\"".to_owned();
        return Err(Misread { at, message });
    }
    let Some(inner) = inside(text) else { return Ok(Dynamic::Literal(Value::String(text.to_owned()))) };
    match Expression::parse(inner) {
        Ok(expression) => Ok(Dynamic::Expression(Box::new(expression))),
        Err(error) => {
            Err(Misread { at, message: format!("JSONata expression is invalid: {}", error.message) })
        }
    }
}
