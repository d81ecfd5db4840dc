//! Test helpers: an engine in memory under a virtual clock with seeded ids and a fake function host.

mod clock;
mod engine;
mod host;
mod ids;

pub use clock::VirtualClock;
pub use engine::{Bench, BenchBuilder};
pub use host::FakeHost;
pub use ids::SeededIds;
