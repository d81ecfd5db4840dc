//! The little languages: text in, value or decision out.

pub mod cfn;
pub mod dynamodb;
pub mod iam;
pub mod logs_pattern;
pub mod metric_math;
pub mod sam;
pub mod template;
