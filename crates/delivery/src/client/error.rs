//! Why a call failed.

use std::borrow::Cow;

use updraft_api::{Refusal, StreamError};

use super::http::HttpError;

/// A call that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service refused it.
    #[error("{operation} was refused: {refusal}")]
    Refused {
        /// The operation.
        operation: Cow<'static, str>,
        /// What it said.
        refusal: Refusal,
    },
    /// The service was not reached, or broke off.
    #[error("{operation} did not reach {endpoint}")]
    Transport {
        /// The operation.
        operation: &'static str,
        /// Where it should have gone.
        endpoint: String,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// The answer was not of the operation's shape.
    #[error("the answer to {operation} cannot be read: {reason}")]
    Answer {
        /// The operation.
        operation: &'static str,
        /// Why.
        reason: String,
    },
}

impl CallError {
    /// The error's code, when the service refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { refusal, .. } => Some(&refusal.code),
            _ => None,
        }
    }

    /// The HTTP status, when the service refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.status),
            _ => None,
        }
    }

    /// The service's words, when it refused.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Refused { refusal, .. } => Some(&refusal.message),
            _ => None,
        }
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
            || matches!(
                self.code(),
                Some("ResourceNotFoundException" | "NoSuchKey" | "NoSuchBucket" | "NotFound")
            )
    }

    /// Whether the service was not reached.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Transport { .. })
    }

    pub(crate) fn not_found(operation: &'static str, what: &str) -> Self {
        let refusal = Refusal::new("NotFound", 404, format!("there is no {what}"));
        Self::Refused { operation: operation.into(), refusal }
    }

    pub(crate) fn body(operation: &'static str, error: StreamError) -> Self {
        Self::Answer { operation, reason: error.to_string() }
    }
}
