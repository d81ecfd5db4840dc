//! What the generated code says of every listed operation.

use crate::ErrorShape;

/// A listed operation: its input, its output, and the facts of its wire form.
///
/// The generated modules implement it on one unit struct per operation.
pub trait Operation: Send + Sync + 'static {
    /// The request's shape.
    type Input: Send + 'static;
    /// The answer's shape.
    type Output: Send + 'static;
    /// The operation's wire facts.
    const INFO: &'static OperationInfo;
}

/// The wire facts of one operation.
#[derive(Debug)]
pub struct OperationInfo {
    /// The service it belongs to.
    pub service: &'static ServiceInfo,
    /// Its name, such as `CreateFunction`.
    pub name: &'static str,
    /// The IAM action that allows it, such as `lambda:InvokeFunction`; a handler may ask for others.
    pub action: &'static str,
    /// The errors its model lists.
    pub errors: &'static [ErrorShape],
}

/// The wire facts of one service.
#[derive(Debug)]
pub struct ServiceInfo {
    /// Our name for it and the IAM namespace of its actions: `lambda`, `cloudwatch`, `logs`.
    pub name: &'static str,
    /// The service's name in a signature's scope: `monitoring` for CloudWatch.
    pub signing_name: &'static str,
}
