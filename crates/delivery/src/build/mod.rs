//! Building: a function's folder becomes the folder that is packaged.
//!
//! A build is named by what went into it (sources, runtime, method), so the same sources are never
//! built twice, and what made a rebuild necessary can be said.

mod dependencies;
mod files;
mod plan;
mod run;

pub use plan::{BuildPlan, BuildPlanError, Inputs, Method, why};
pub use run::{Built, build_all};
