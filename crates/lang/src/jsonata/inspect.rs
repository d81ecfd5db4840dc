//! Looks through an expression before it is evaluated: which names it mentions, and whether it uses
//! what AWS forbids.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, PathStep, Stage};
use jsonata_core::value::with_stack;

use super::SyntaxError;

pub(super) const EVAL_REFUSED: &str =
    "the function $eval is not supported in Step Functions: use $parse to read JSON from a text";

/// What was seen in an expression.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) names: BTreeSet<String>,
    uses_eval: bool,
    /// The first thing that needs an input where there is none.
    rootless: Option<String>,
}

pub(super) fn survey(tree: &AstNode) -> Survey {
    let mut survey = Survey::default();
    survey.visit(tree, false);
    survey
}

impl Survey {
    pub(super) fn refuse_what_aws_forbids(&self) -> Result<(), SyntaxError> {
        if self.uses_eval {
            return Err(SyntaxError::new(EVAL_REFUSED.into()));
        }
        match &self.rootless {
            Some(what) => Err(SyntaxError::new(format!(
                "{what} has nothing to stand for at the top level of an expression: begin at $states or a variable"
            ))),
            None => Ok(()),
        }
    }

    /// `has_context` says whether something stands before this node that names refer to.
    fn visit(&mut self, node: &AstNode, has_context: bool) {
        with_stack(|| self.visit_here(node, has_context));
    }

    fn visit_here(&mut self, node: &AstNode, has_context: bool) {
        match node {
            AstNode::Name(name) => self.needs_context(has_context, || format!("the field name {name:?}")),
            AstNode::Wildcard => self.needs_context(has_context, || "`*`".into()),
            AstNode::Descendant => self.needs_context(has_context, || "`**`".into()),
            AstNode::Variable(name) if name.is_empty() => self.needs_context(has_context, || "`$`".into()),
            AstNode::Variable(name) => self.mention(name),
            // There is no input that the whole expression is about, so `$$` is never defined.
            AstNode::ParentVariable(_) => self.needs_context(false, || "`$$`".into()),
            AstNode::Path { steps } => self.visit_steps(steps, has_context),
            AstNode::Binary { lhs, rhs, .. } => self.visit_all([&**lhs, &**rhs], has_context),
            AstNode::Unary { operand, .. } => self.visit(operand, has_context),
            AstNode::Function { name, args, .. } => {
                self.mention(name);
                self.visit_all(args, has_context);
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure, has_context);
                self.visit_all(args, has_context);
            }
            AstNode::Lambda { body, .. } => self.visit(body, has_context),
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
                self.visit_all(items, has_context);
            }
            AstNode::Object(pairs) => self.visit_pairs(pairs, has_context),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input, has_context);
                self.visit_pairs(pattern, true);
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.visit_all([&**condition, &**then_branch], has_context);
                self.visit_all(else_branch.as_deref(), has_context);
            }
            AstNode::FunctionApplication(inner) => self.visit(inner, has_context),
            AstNode::Sort { input, terms } => {
                self.visit(input, has_context);
                self.visit_all(terms.iter().map(|(term, _)| term), true);
            }
            AstNode::Transform { location, update, delete } => {
                self.visit_all([&**location, &**update], true);
                self.visit_all(delete.as_deref(), true);
            }
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::Parent(_) => {}
        }
    }

    /// The first step of a path is about what is around it; the others, and every predicate, are about
    /// what stands before them.
    fn visit_steps(&mut self, steps: &[PathStep], has_context: bool) {
        for (index, step) in steps.iter().enumerate() {
            self.visit(&step.node, has_context || index > 0);
            for stage in &step.stages {
                match stage {
                    Stage::Filter(filter) => self.visit(filter, true),
                    Stage::KeepArray | Stage::Index(_) => {}
                }
            }
        }
    }

    fn visit_pairs(&mut self, pairs: &[(AstNode, AstNode)], has_context: bool) {
        for (key, value) in pairs {
            self.visit_all([key, value], has_context);
        }
    }

    fn visit_all<'a>(&mut self, nodes: impl IntoIterator<Item = &'a AstNode>, has_context: bool) {
        for node in nodes {
            self.visit(node, has_context);
        }
    }

    fn needs_context(&mut self, has_context: bool, what: impl FnOnce() -> String) {
        if !has_context {
            self.rootless.get_or_insert_with(what);
        }
    }

    fn mention(&mut self, name: &str) {
        self.uses_eval |= name == "eval";
        self.names.insert(name.to_owned());
    }
}
