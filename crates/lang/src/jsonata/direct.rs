//! Expressions that only name a place: `$states.input.order.id`.
//!
//! Most expressions of a workflow are such. They are looked up rather than evaluated: nothing is
//! converted, and a number keeps its digits, where JSONata knows doubles only.

use jsonata_core::ast::{AstNode, PathStep};
use serde_json::{Map, Value};

/// A variable, and names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Direct {
    variable: String,
    names: Vec<String>,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// This; none where there is nothing.
    Value(Option<Value>),
    /// An array is on the way: JSONata looks into each item, and has rules for what comes out.
    Array,
}

/// The place that an expression names, if it does no more than that.
pub(super) fn read(tree: &AstNode) -> Option<Direct> {
    match tree {
        AstNode::Variable(name) if !name.is_empty() => {
            Some(Direct { variable: name.clone(), names: Vec::new() })
        }
        AstNode::Path { steps } => {
            let (first, later) = steps.split_first()?;
            let mut direct = read(plain(first)?).filter(|direct| direct.names.is_empty())?;
            for step in later {
                match plain(step)? {
                    AstNode::Name(name) => direct.names.push(name.clone()),
                    _ => return None,
                }
            }
            Some(direct)
        }
        _ => None,
    }
}

/// The node of a step that has nothing else to it.
fn plain(step: &PathStep) -> Option<&AstNode> {
    let is_plain = step.stages.is_empty()
        && step.focus.is_none()
        && step.index_var.is_none()
        && step.ancestor_label.is_none()
        && !step.is_tuple;
    is_plain.then_some(&step.node)
}

impl Direct {
    pub(super) fn look_up(&self, bindings: &Map<String, Value>) -> Found {
        let mut value = bindings.get(&self.variable);
        for name in &self.names {
            value = match value {
                Some(Value::Object(members)) => members.get(name),
                Some(Value::Array(_)) => return Found::Array,
                _ => None,
            };
        }
        Found::Value(value.cloned())
    }
}
