//! The whole way: commit → build → unit tests → package → `test` → smoke and end-to-end tests → the
//! same packages to `prod` → canary → promoted, or rolled back.

mod run;

pub use run::{Deliverer, Delivery, StageTime};
