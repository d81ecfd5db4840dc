//! The checks an app declares: unit before packaging, smoke and end-to-end against an environment.

mod run;

pub use run::{CheckContext, run};
