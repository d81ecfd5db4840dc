//! Observability services: CloudWatch Logs and CloudWatch; views of the event log.

pub mod cloudwatch;
pub mod logs;
