//! Invoking one function of an environment by its logical id or its name.

mod run;

pub(crate) use run::physical_name;
pub use run::{Invocation, invoke};
