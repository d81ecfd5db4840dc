//! An AWS error as a value: what a caller is told when a call is refused.

use std::borrow::Cow;
use std::fmt;

/// Whose fault an error is; awsQuery and restXml say it on the wire, retries depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The request was wrong (4xx).
    Sender,
    /// The service failed (5xx).
    Receiver,
}

/// One of a service's modelled errors; the generated constants are of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorShape {
    /// The code on the wire, such as `ResourceNotFoundException`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub side: Side,
}

impl ErrorShape {
    /// An instance of this error with its message.
    #[must_use]
    pub fn refuse(&self, message: impl Into<String>) -> Refusal {
        Refusal {
            code: Cow::Borrowed(self.code),
            status: self.status,
            side: self.side,
            message: message.into(),
            members: Vec::new(),
        }
    }
}

/// A refused call: exact code, status and message, as AWS answers.
///
/// Only what is meant for the caller goes in here; internal causes travel in the kernel's `Fault`.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The code on the wire.
    pub code: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub side: Side,
    /// The message a person reads.
    pub message: String,
    /// Further members of the error's shape, by their name on the wire (`Type`, `BucketName`,
    /// `CancellationReasons`).
    pub members: Vec<(&'static str, serde_json::Value)>,
}

impl Refusal {
    /// An error that the service's model does not list (S3 and CloudFormation have many).
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Self {
        let side = if status >= 500 { Side::Receiver } else { Side::Sender };
        Self { code: code.into(), status, side, message: message.into(), members: Vec::new() }
    }

    /// Adds a member of the error's shape.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
