//! The functions that Step Functions adds to JSONata, and those that need a clock or chance.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use md5::{Digest as _, Md5};
use ring::digest;
use serde_json::Value;

use super::{Dialect, convert, guard};
use crate::entropy;
use crate::{Entropy, Seeded};

/// How many items `$range` may make, as `States.ArrayRange` (`intrinsic-functions.html`).
const RANGE_LENGTH_MAX: usize = 1_000;

/// The hexadecimal hash of `content`; none for an algorithm that AWS has not.
pub(crate) fn hash_of(content: &[u8], algorithm: &str) -> Option<String> {
    let bytes = match algorithm {
        "MD5" => Md5::digest(content).to_vec(),
        "SHA-1" => digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, content).as_ref().to_vec(),
        "SHA-256" => digest::digest(&digest::SHA256, content).as_ref().to_vec(),
        "SHA-384" => digest::digest(&digest::SHA384, content).as_ref().to_vec(),
        "SHA-512" => digest::digest(&digest::SHA512, content).as_ref().to_vec(),
        _ => return None,
    };
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Makes the functions known to an evaluator. Chance and time come from `entropy`.
pub(super) fn register(
    evaluator: &mut Evaluator,
    dialect: Dialect,
    entropy: &mut dyn Entropy,
) -> Result<(), EvaluatorError> {
    // The whole language keeps the evaluator's own clock and chance: nothing that lasts depends on it.
    if dialect == Dialect::Reference {
        return Ok(());
    }
    let now_millis = entropy.now_millis();
    // The evaluator keeps its functions: they draw on a seed, for they cannot borrow.
    let chance = Rc::new(RefCell::new(Seeded::new(entropy.next_u64(), now_millis)));
    evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::Number(now_millis as f64)))?;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| now(now_millis, arguments))?;
    let drawn = Rc::clone(&chance);
    evaluator.register_fn_override("random", move |arguments: &[JValue]| {
        random(arguments, &mut *drawn.borrow_mut())
    })?;
    evaluator.register_fn_override("eval", |_: &[JValue]| {
        Err(EvaluatorError::EvaluationError(super::inspect::EVAL_REFUSED.into()))
    })?;
    guard::register(evaluator)?;
    evaluator.register_fn("uuid", move |_: &[JValue]| {
        Ok(JValue::from(entropy::uuid(&mut *chance.borrow_mut())))
    })?;
    evaluator.register_fn("partition", partition)?;
    evaluator.register_fn("range", range)?;
    evaluator.register_fn("hash", hash)?;
    evaluator.register_fn("parse", parse)
}

/// `$now([picture[, timezone]])` is `$fromMillis` of the one time of this evaluation.
fn now(now_millis: i64, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut context = Context::new();
    context.bind("millis".into(), JValue::Number(now_millis as f64));
    let names = ["picture", "timezone"];
    for (name, argument) in names.iter().zip(arguments) {
        context.bind((*name).into(), argument.clone());
    }
    let call = match arguments.len() {
        0 => "$fromMillis($millis)",
        1 => "$fromMillis($millis, $picture)",
        2 => "$fromMillis($millis, $picture, $timezone)",
        _ => return Err(type_error("T0410", "now", "takes at most a picture and a timezone")),
    };
    let tree = parser::parse(call).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    Evaluator::with_context(context).evaluate(&tree, &JValue::Undefined)
}

/// `$random([seed])`: at least 0, less than 1; with a seed, the same each time.
fn random(arguments: &[JValue], chance: &mut dyn Entropy) -> Result<JValue, EvaluatorError> {
    let drawn = match arguments {
        [] | [JValue::Undefined] => entropy::fraction(chance),
        [JValue::Number(seed)] => entropy::fraction(&mut Seeded::new(seed.to_bits(), 0)),
        _ => return Err(type_error("T0410", "random", "takes a number as its seed, or nothing")),
    };
    Ok(JValue::Number(drawn))
}

/// `$partition(array, size)`.
fn partition(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let [items, size] = arguments else {
        return Err(type_error("T0410", "partition", "takes an array and the size of its parts"));
    };
    let items = match items {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::Array(items) => items.to_vec(),
        single => vec![single.clone()],
    };
    let size = size.as_f64().map(|size| (size + 0.5).floor()).filter(|size| *size >= 1.0);
    let size =
        size.ok_or_else(|| type_error("T0410", "partition", "needs a size that is a positive number"))?;
    let parts = items.chunks(size as usize).map(|part| JValue::array(part.to_vec())).collect();
    Ok(JValue::array(parts))
}

/// `$range(first, last, step)`.
fn range(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let refuse =
        || type_error("T0410", "range", "takes a first number, a last one and a step other than zero");
    let [JValue::Number(first), JValue::Number(last), JValue::Number(step)] = arguments else {
        return Err(refuse());
    };
    let [first, last, step] = [first, last, step].map(|number| (number + 0.5).floor());
    if step == 0.0 || ![first, last, step].iter().all(|number| number.is_finite()) {
        return Err(refuse());
    }
    let length = ((last - first) / step).floor() + 1.0;
    if length > RANGE_LENGTH_MAX as f64 {
        return Err(type_error("D2014", "range", &format!("makes at most {RANGE_LENGTH_MAX} items")));
    }
    let items = (0..length.max(0.0) as usize).map(|index| JValue::Number(first + step * index as f64));
    Ok(JValue::array(items.collect()))
}

/// `$hash(content, algorithm)`.
fn hash(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let [content, JValue::String(algorithm)] = arguments else {
        return Err(type_error("T0410", "hash", "takes a text and the name of an algorithm"));
    };
    let content = match content {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::String(text) => text.to_string(),
        other => convert::from_jsonata(other)?.unwrap_or(Value::Null).to_string(),
    };
    hash_of(content.as_bytes(), algorithm).map(JValue::from).ok_or_else(|| {
        type_error("T0410", "hash", "knows the algorithms MD5, SHA-1, SHA-256, SHA-384 and SHA-512")
    })
}

/// `$parse(text)`: the JSON in a text.
fn parse(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    match arguments {
        [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text)] => {
            let parsed: Result<Value, _> = serde_json::from_str(text);
            parsed
                .map(|value| convert::into_jsonata(&value))
                .map_err(|error| type_error("D3120", "parse", &format!("was given no valid JSON: {error}")))
        }
        _ => Err(type_error("T0410", "parse", "takes one text")),
    }
}

fn type_error(code: &str, function: &str, message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(format!("{code}: ${function} {message}"))
}
