//! Why a state fails: the error's name, which `Retry` and `Catch` look at, and its cause.

use serde::{Deserialize, Serialize};

/// An error by name, with its cause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The name: `States.Timeout`, `Lambda.Unknown`, a function's own.
    pub error: Option<String>,
    /// What a person reads.
    pub cause: Option<String>,
    /// Where in the state an expression failed, for the event that tells of it.
    #[serde(default)]
    pub(super) evaluation: Option<Evaluation>,
    /// Whether the cause is to begin with the state it happened in.
    #[serde(default)]
    pub(super) in_state: bool,
}

/// An expression that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Evaluation {
    /// The field: `Output/total`, where AWS names one.
    pub location: Option<String>,
}

/// The name of what is wrong with a definition or its data at run time.
pub(super) const RUNTIME: &str = "States.Runtime";
/// The name of an expression's failure.
pub(super) const QUERY_EVALUATION: &str = "States.QueryEvaluationError";
/// The name of an overdue task.
pub(super) const TIMEOUT: &str = "States.Timeout";
/// The name of a missed heartbeat; `States.Timeout` stands for it, too.
pub(super) const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
/// The name of too much data.
pub(super) const DATA_LIMIT: &str = "States.DataLimitExceeded";

impl Failure {
    /// An error with a cause.
    #[must_use]
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()), evaluation: None, in_state: false }
    }

    /// An error and a cause, either of which may be missing.
    #[must_use]
    pub fn of(error: Option<String>, cause: Option<String>) -> Self {
        Self { error, cause, evaluation: None, in_state: false }
    }

    /// An error without a cause.
    pub(super) fn named(error: &str) -> Self {
        Self::of(Some(error.to_owned()), None)
    }

    /// What is wrong while a state runs; the cause will name the state.
    pub(super) fn in_state(error: &str, message: impl Into<String>) -> Self {
        Self { in_state: true, ..Self::new(error, message) }
    }

    /// `States.Runtime` while a state runs.
    pub(super) fn runtime(message: impl Into<String>) -> Self {
        Self::in_state(RUNTIME, message)
    }

    /// A failed expression.
    pub(super) fn evaluation(location: Option<String>, message: impl Into<String>) -> Self {
        Self { evaluation: Some(Evaluation { location }), ..Self::in_state(QUERY_EVALUATION, message) }
    }

    /// The same with the state written into the cause, where it belongs there.
    pub(super) fn placed(mut self, state: &str, entered: u64) -> Self {
        if self.in_state {
            let message = self.cause.take().unwrap_or_default();
            let place = format!("An error occurred while executing the state '{state}'");
            self.cause = Some(format!("{place} (entered at the event id #{entered}). {message}"));
            self.in_state = false;
        }
        self
    }

    /// The name, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// Whether a `Retry` or `Catch` with this list of names is for it.
    ///
    /// `States.ALL` takes neither `States.DataLimitExceeded` nor `States.Runtime` errors
    /// ("Handling errors in Step Functions workflows", read 2026-11); the first may be named.
    pub(super) fn is_among(&self, names: &[String]) -> bool {
        let name = self.name();
        let terminal = name == RUNTIME || name == DATA_LIMIT;
        names.iter().any(|wanted| match wanted.as_str() {
            "States.ALL" => !terminal,
            "States.TaskFailed" => !terminal && name != TIMEOUT && name != HEARTBEAT_TIMEOUT,
            TIMEOUT => name == TIMEOUT || name == HEARTBEAT_TIMEOUT,
            RUNTIME => false,
            wanted => wanted == name,
        })
    }
}

impl From<crate::jsonpath::PathError> for Failure {
    fn from(error: crate::jsonpath::PathError) -> Self {
        Self::in_state(error.error_name(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_documented() {
        let rows = [
            ("States.ALL", "Boom", true),
            ("States.ALL", "States.Runtime", false),
            ("States.ALL", "States.DataLimitExceeded", false),
            ("States.DataLimitExceeded", "States.DataLimitExceeded", true),
            ("States.Runtime", "States.Runtime", false),
            ("States.TaskFailed", "Boom", true),
            ("States.TaskFailed", "States.Timeout", false),
            ("States.Timeout", "States.HeartbeatTimeout", true),
            ("Boom", "Boo", false),
        ];
        for (wanted, name, matches) in rows {
            let failure = Failure::named(name);
            assert_eq!(failure.is_among(&[wanted.to_owned()]), matches, "{wanted} {name}");
        }
    }
}
