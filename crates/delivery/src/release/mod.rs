//! The release: traffic moves to the new versions as the evidence allows, and back when it turns.
//!
//! A release is a [`Release`] record, written before each act ([`record`]). What to do next follows
//! from the record alone ([`step`]), so a process that dies at any point is followed by another that
//! reads the record and goes on. Aliases move by compare-and-swap on their revision.

mod load;
mod observe;
mod record;
mod run;
mod start;
mod step;
mod store;
mod world;

pub use load::{LoadGenerator, Pick};
pub use record::{Ending, LogEntry, Order, Owner, Phase, Release, Source, Target};
pub use run::{Driver, unfinished};
pub use start::{Candidate, start};
pub use step::{Action, Outcome, Placement};
pub use store::{ReleaseStore, Saved, StoreError};
pub use world::{Alias, ApiWorld, World, WorldError};
