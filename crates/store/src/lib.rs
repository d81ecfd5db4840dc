//! The embedded store: transactions on disk and in memory, blobs.
//!
//! [`DiskStore`] keeps an engine's state in a folder: one writer runs works back to back and
//! commits them in groups, a group being one atomic batch and one flush. [`MemoryStore`] behaves
//! the same without a disk, for tests. What is stored, and in which tables, is the kernel's and
//! the services' business.

mod disk;
mod group;
mod memory;

pub use disk::{DiskOptions, DiskStore, OpenError};
pub use memory::MemoryStore;
