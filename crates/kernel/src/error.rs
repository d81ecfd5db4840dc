//! The two ways a call fails: refused, as AWS would refuse it, or faulted, which is ours to mend.

use std::error::Error as StdError;
use std::fmt;

use updraft_api::Refusal;

/// What a handler returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// AWS's error for what the caller did; the caller sees it whole.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Our bug, or the machine's failure; the caller sees `InternalFailure` and a request id.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Error {
    /// The refusal, where it is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Fault(_) => None,
        }
    }

    /// The code a caller would see.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            Self::Fault(_) => "InternalFailure",
        }
    }
}

/// An internal failure: what was attempted on what, and the cause. It never reaches the wire.
#[derive(Debug)]
pub struct Fault {
    attempted: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// A failure without a further cause; `attempted` reads as "failed to …".
    #[must_use]
    pub fn new(attempted: impl Into<String>) -> Self {
        Self { attempted: attempted.into(), source: None }
    }

    /// A failure with its cause.
    #[must_use]
    pub fn because(attempted: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { attempted: attempted.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}", self.attempted)
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}
