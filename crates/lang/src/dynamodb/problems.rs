//! What is wrong with an expression, told in AWS's order rather than in the order of discovery.

/// The kinds of problem, most urgent first. Syntax errors come before all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// Parentheses around parentheses.
    RedundantParentheses,
    /// More operators than allowed.
    TooManyOperators,
    /// A function that does not exist.
    UnknownFunction,
    /// A function where it may not stand.
    MisusedFunction,
    /// A reserved word as an attribute's name.
    ReservedWord,
    /// A section that comes twice.
    RepeatedSection,
    /// An undefined `#name`.
    UndefinedName,
    /// An undefined `:value`.
    UndefinedValue,
    /// A path that cannot be.
    Path,
    /// Paths of one update that overlap.
    PathOverlap,
    /// Paths of one update that conflict.
    PathConflict,
    /// A wrong operand.
    Operand,
}

/// The first problem of each kind.
#[derive(Debug, Default)]
pub(super) struct Problems([Option<String>; Problem::Operand as usize + 1]);

impl Problems {
    /// Notes a problem, unless one of its kind was noted before.
    pub(super) fn note(&mut self, problem: Problem, message: impl FnOnce() -> String) {
        self.0[problem as usize].get_or_insert_with(message);
    }

    /// The most urgent problem.
    pub(super) fn first(self) -> Option<String> {
        self.0.into_iter().flatten().next()
    }
}
