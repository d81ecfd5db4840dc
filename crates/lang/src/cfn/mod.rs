//! CloudFormation templates as meaning: sections, parameters, conditions, intrinsics and the order
//! of resources. Pure: what resources are is asked of [`Values`].

mod graph;
mod intrinsics;
mod parameters;
mod sections;

pub use graph::{check_references, order, references};
pub use intrinsics::{Resolver, Values};
pub use parameters::{ParameterError, parameter_values};
pub use sections::{Output, Resource, Template};

/// Why a template is refused, in CloudFormation's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CfnError(pub String);

impl CfnError {
    /// With its text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
