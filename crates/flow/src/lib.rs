//! Workflow services: Step Functions.

pub mod states;
