//! Packaging: a folder becomes a zip that depends on nothing but the files' names and contents.

mod plan;
mod zip;

pub use plan::{FileEntry, PackageError, files};
pub use zip::{Artifact, pack};
