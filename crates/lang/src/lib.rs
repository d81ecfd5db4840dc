//! The little languages: text in, value or decision out.

pub mod asl;
pub mod cfn;
pub mod dynamodb;
mod entropy;
pub mod iam;
pub mod jsonata;
pub mod jsonpath;
pub mod logs_pattern;
pub mod metric_math;
pub mod sam;
pub mod template;

pub use entropy::{Entropy, Seeded};
