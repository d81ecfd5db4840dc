//! Policies as they are understood.

use super::condition::Condition;
use super::pattern::Pattern;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The language's version.
    pub version: Version,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

/// A version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, without variables; what a document without a version is.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's id.
    pub sid: Option<String>,
    /// What it does where it applies.
    pub effect: Effect,
    pub(super) actions: Match,
    pub(super) resources: Option<Match>,
    pub(super) principals: Option<Principals>,
    pub(super) conditions: Vec<Condition>,
}

/// What a statement does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub patterns: Vec<Pattern>,
    /// Whether all but these are meant.
    pub inverted: bool,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principals {
    pub names: Vec<PrincipalName>,
    /// Whether all but these are meant.
    pub inverted: bool,
}

/// One name in `Principal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PrincipalName {
    Everyone,
    Account(String),
    Arn(String),
    Service(String),
    /// Federated and canonical users, which no caller of this engine is.
    Other,
}

impl Statement {
    /// The names of the statement's actions as the document has them, for those that look at more
    /// than the decision; none for `NotAction`.
    pub fn action_names(&self) -> impl Iterator<Item = &str> {
        let inverted = self.actions.inverted;
        self.actions.patterns.iter().filter(move |_| !inverted).map(Pattern::source)
    }
}
