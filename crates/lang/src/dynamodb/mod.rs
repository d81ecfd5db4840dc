//! DynamoDB's expression language and the values it speaks of.
//!
//! Conditions, filters, key conditions, updates and projections are parsed, checked with AWS's own
//! messages, and evaluated against items held in memory. Tables, keys and indexes are the
//! service's business.

mod attributes;
mod condition;
mod evaluate;
mod key_condition;
mod lexer;
mod number;
mod parser;
mod path;
mod problems;
mod projection;
mod reserved;
mod size;
mod update;
mod value;

pub use attributes::Attributes;
pub use condition::{Comparator, Condition, Operand};
pub use key_condition::{KeyCondition, KeyPredicate};
pub use number::{Number, NumberError};
pub use path::{Path, Step};
pub use projection::Projection;
pub use size::{item_size, value_size};
pub use update::{Update, UpdateError};
pub use value::{Item, Kind, Value};

/// What is wrong with an expression: the message of AWS's `ValidationException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub String);

impl ExpressionError {
    fn invalid(expression: &str, problem: impl std::fmt::Display) -> Self {
        Self(format!("Invalid {expression}: {problem}"))
    }
}
