//! JSONata, as Step Functions has it.
//!
//! The language itself is `jsonata-core`'s (docs/decisions/0001-jsonata.md says what was measured);
//! here stand its bounds, the functions AWS adds (`$partition`, `$range`, `$hash`, `$random`, `$uuid`,
//! `$parse`) and what AWS forbids: `$eval`, and `$`, `$$` and bare names where nothing sets them.
//! Source: "Transforming data with JSONata in Step Functions", Step Functions developer guide
//! (`transforming-data.html`), read 2026-11.

mod convert;
mod direct;
mod functions;
mod guard;
mod inspect;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions, error_code_prefix};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::{Map, Value};

use crate::Entropy;

pub(crate) use functions::hash_of;

/// The longest expression: no field of a definition is longer than the definition (1 MiB,
/// "Step Functions service quotas", `service-quotas.html`).
pub const EXPRESSION_LENGTH_MAX: usize = 1 << 20;

/// What one evaluation may take. AWS documents no figures; these keep a slip in an expression from
/// holding up everybody else, and are far above what a payload of 256 KiB needs.
pub const LIMITS: Limits = Limits { time: Duration::from_secs(2), depth: 3_000, sequence: 1_000_000 };

/// Bounds of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How deep evaluation may nest; a call that is no tail call takes about three levels.
    pub depth: usize,
    /// How many items a sequence may have.
    pub sequence: usize,
}

/// Which language is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// That of Step Functions.
    States,
    /// All of JSONata, as the reference implementation has it.
    Reference,
}

/// An expression, read.
///
/// ```
/// use serde_json::json;
/// use updraft_lang::{Seeded, jsonata::Expression};
/// let total = Expression::parse("$sum($states.input.items.price)").unwrap();
/// let states = json!({"states": {"input": {"items": [{"price": 2}, {"price": 3}]}}});
/// let bindings = states.as_object().unwrap();
/// assert_eq!(total.evaluate(bindings, &mut Seeded::new(0, 0)).unwrap(), Some(json!(5)));
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    tree: AstNode,
    /// The place it names, if it does no more than that.
    direct: Option<direct::Direct>,
    dialect: Dialect,
    /// The names it mentions: nothing else needs to be bound.
    names: BTreeSet<String>,
}

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// JSONata's code of the error, if it has one: `S0201`.
    pub code: Option<String>,
    /// What is wrong, with the code in front.
    pub message: String,
}

/// Why an expression gives no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluationError {
    /// JSONata's code of the error, if it has one: `T2001`.
    pub code: Option<String>,
    /// What is wrong, with the code in front.
    pub message: String,
}

impl Expression {
    /// Reads an expression of Step Functions, without its `{%` and `%}`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_as(text, Dialect::States)
    }

    /// Reads an expression of either dialect.
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, SyntaxError> {
        if text.len() > EXPRESSION_LENGTH_MAX {
            return Err(SyntaxError::new(format!("an expression has at most {EXPRESSION_LENGTH_MAX} bytes")));
        }
        let parsed = catch_unwind(|| parser::parse(text));
        let parsed = parsed.map_err(|_| SyntaxError::new("the expression cannot be read".into()))?;
        let mut tree = parsed.map_err(|error| SyntaxError::new(error.to_string()))?;
        let survey = inspect::survey(&tree);
        let direct = direct::read(&tree).filter(|_| dialect == Dialect::States);
        if dialect == Dialect::States {
            survey.refuse_what_aws_forbids()?;
            guard::rewrite(&mut tree);
        }
        Ok(Self { text: text.to_owned(), tree, direct, dialect, names: survey.names })
    }

    /// The text the expression was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the variables and functions it mentions, without `$`: its own ones too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The value; none where JSONata says undefined. The names of `bindings` stand without `$`.
    pub fn evaluate(
        &self,
        bindings: &Map<String, Value>,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Value>, EvaluationError> {
        self.evaluate_within(None, bindings, entropy, &LIMITS)
    }

    /// As [`evaluate`](Self::evaluate), with something for `$` to stand for, and other bounds.
    pub fn evaluate_within(
        &self,
        input: Option<&Value>,
        bindings: &Map<String, Value>,
        entropy: &mut dyn Entropy,
        limits: &Limits,
    ) -> Result<Option<Value>, EvaluationError> {
        if let Some(direct::Found::Value(value)) = self.direct.as_ref().map(|direct| direct.look_up(bindings))
        {
            return Ok(value);
        }
        // A panic in the evaluator ends this evaluation and nothing else.
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.run(input, bindings, entropy, limits)));
        match evaluated {
            Ok(result) => result.map_err(EvaluationError::from),
            Err(_) => Err(EvaluationError {
                code: None,
                message: format!("the expression {:?} could not be evaluated", self.text),
            }),
        }
    }

    fn run(
        &self,
        input: Option<&Value>,
        bindings: &Map<String, Value>,
        entropy: &mut dyn Entropy,
        limits: &Limits,
    ) -> Result<Option<Value>, EvaluatorError> {
        let mut context = Context::new();
        for (name, value) in bindings {
            // `$eval` may mention any name.
            if self.dialect == Dialect::Reference || self.names.contains(name) {
                context.bind(name.clone(), convert::into_jsonata(value));
            }
        }
        let mut evaluator = Evaluator::with_options(context, limits.into());
        functions::register(&mut evaluator, self.dialect, entropy)?;
        let input = input.map_or(JValue::Undefined, convert::into_jsonata);
        let value = evaluator.evaluate(&self.tree, &input)?;
        convert::from_jsonata(&value)
    }
}

impl From<&Limits> for EvaluatorOptions {
    fn from(limits: &Limits) -> Self {
        Self {
            timeout_ms: Some(u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX)),
            max_stack_depth: Some(limits.depth),
            max_sequence_length: Some(limits.sequence),
            ..Self::default()
        }
    }
}

impl SyntaxError {
    fn new(message: String) -> Self {
        let (code, message) = coded(&message);
        Self { code, message }
    }
}

/// The code of a message, and the message beginning with it. The evaluator puts some words before
/// the code of a few errors; one it leaves without the code that the reference gives it.
fn coded(message: &str) -> (Option<String>, String) {
    if message == "Unclosed comment" {
        return (Some("S0106".into()), "S0106: Comment has no closing tag".into());
    }
    let after_words = message.split_once(": ").map_or("", |(_, rest)| rest);
    [message, after_words]
        .into_iter()
        .find_map(|text| Some((Some(error_code_prefix(text)?.to_owned()), text.to_owned())))
        .unwrap_or_else(|| (None, message.to_owned()))
}

impl From<EvaluatorError> for EvaluationError {
    fn from(error: EvaluatorError) -> Self {
        let (code, message) = coded(error.message());
        Self { code, message }
    }
}

#[cfg(test)]
mod tests;
