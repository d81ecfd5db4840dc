//! IAM's policy language: policies read, checked and evaluated, in AWS's order and words.
//!
//! Pure: who asks for what on which resource, and what is known of the request, go in; a decision
//! and the statement that made it come out. Where policies are kept is the service's business.

mod condition;
mod context;
mod decide;
mod parse;
mod pattern;
mod policy;

pub use context::Context;
pub use decide::{
    Decision, Named, Origin, Policies, PolicyKind, Principal, Question, Verdict, decide, decide_by_resource,
};
pub use parse::PolicyError;
pub use pattern::matches_wildcards;
pub use policy::{Effect, Policy, Statement, Version};
