//! Keeps texts from growing without bound: neither time nor the length of sequences would stop
//! `$pad('', 1e12)`, nor a text that is joined to itself forty times, before memory ran out.
//!
//! An expression is rewritten when it is read: what makes a text longer passes through functions that
//! look at its length first.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::{JValue, with_stack};

/// The longest text an evaluation may make, in bytes: 64 times the largest payload of a state
/// (256 KiB, "Step Functions service quotas", `service-quotas.html`).
pub(super) const TEXT_BYTES_MAX: usize = 16 << 20;

/// The functions' names. No expression can call them by mistake: they are no identifiers.
const TEXT: &str = " text";
const WIDTH: &str = " width";
const PARTS: &str = " parts";

/// Has everything in an expression that makes texts longer look at their length.
pub(super) fn rewrite(node: &mut AstNode) {
    with_stack(|| {
        for child in children(node) {
            rewrite(child);
        }
    });
    match node {
        AstNode::Binary { op: BinaryOp::Concatenate, .. } => wrap(node, TEXT),
        AstNode::Function { name, args, .. } if name == "pad" => wrap_all(args, WIDTH),
        AstNode::Function { name, args, .. } if name == "join" => wrap_all(args, PARTS),
        _ => {}
    }
}

fn wrap_all(arguments: &mut [AstNode], function: &str) {
    for argument in arguments {
        // A question mark makes a new function of this one; it is no value.
        if *argument != AstNode::Placeholder {
            wrap(argument, function);
        }
    }
}

fn wrap(node: &mut AstNode, function: &str) {
    let inner = std::mem::replace(node, AstNode::Null);
    *node = AstNode::Function { name: function.to_owned(), args: vec![inner], is_builtin: true };
}

/// Makes the functions known to an evaluator.
pub(super) fn register(evaluator: &mut Evaluator) -> Result<(), EvaluatorError> {
    evaluator.register_fn(TEXT, |arguments: &[JValue]| match arguments {
        [JValue::String(text)] if text.len() > TEXT_BYTES_MAX => Err(too_long()),
        arguments => Ok(first(arguments)),
    })?;
    evaluator.register_fn(WIDTH, |arguments: &[JValue]| match arguments {
        [JValue::Number(width)] if width.abs() > TEXT_BYTES_MAX as f64 => Err(too_long()),
        arguments => Ok(first(arguments)),
    })?;
    evaluator.register_fn(PARTS, |arguments: &[JValue]| match arguments {
        [JValue::Array(parts)] => {
            let bytes = parts.iter().filter_map(JValue::as_str).try_fold(0, |sum: usize, part| {
                Some(sum.checked_add(part.len())?).filter(|sum| *sum <= TEXT_BYTES_MAX)
            });
            bytes.map(|_| first(arguments)).ok_or_else(too_long)
        }
        arguments => Ok(first(arguments)),
    })
}

fn first(arguments: &[JValue]) -> JValue {
    arguments.first().cloned().unwrap_or(JValue::Undefined)
}

fn too_long() -> EvaluatorError {
    EvaluatorError::EvaluationError(format!("D2015: a text may have at most {TEXT_BYTES_MAX} bytes"))
}

fn children(node: &mut AstNode) -> Vec<&mut AstNode> {
    match node {
        AstNode::Path { steps } => steps.iter_mut().flat_map(of_step).collect(),
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand, .. } => vec![operand],
        AstNode::Function { args, .. } => args.iter_mut().collect(),
        AstNode::Call { procedure, args } => {
            std::iter::once(&mut **procedure).chain(args.iter_mut()).collect()
        }
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
            items.iter_mut().collect()
        }
        AstNode::Object(pairs) => of_pairs(pairs).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            std::iter::once(&mut **input).chain(of_pairs(pattern)).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            let branches = [&mut **condition, &mut **then_branch];
            branches.into_iter().chain(else_branch.as_deref_mut()).collect()
        }
        AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Sort { input, terms } => {
            std::iter::once(&mut **input).chain(terms.iter_mut().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            let parts = [&mut **location, &mut **update];
            parts.into_iter().chain(delete.as_deref_mut()).collect()
        }
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => Vec::new(),
    }
}

fn of_step(step: &mut PathStep) -> impl Iterator<Item = &mut AstNode> {
    let filters = step.stages.iter_mut().filter_map(|stage| match stage {
        Stage::Filter(filter) => Some(&mut **filter),
        Stage::KeepArray | Stage::Index(_) => None,
    });
    std::iter::once(&mut step.node).chain(filters)
}

fn of_pairs(pairs: &mut [(AstNode, AstNode)]) -> impl Iterator<Item = &mut AstNode> {
    pairs.iter_mut().flat_map(|(key, value)| [key, value])
}
