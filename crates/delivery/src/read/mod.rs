//! Reading: the commit, the template, and the functions whose code is to be built.

mod expand;
mod plan;
mod run;
mod template;

pub use expand::expand;
pub use plan::{CodeHolder, FunctionSource, ReadError, functions, place_code};
pub use run::{App, Commit, read};
pub use template::TemplateSource;
