//! Stack services: CloudFormation.

pub mod cloudformation;
