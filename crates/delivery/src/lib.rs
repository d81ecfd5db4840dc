//! Delivery: from a commit to a released application, as a client of the door.
//!
//! One folder per stage: [`read`], [`build`], [`package`], [`check`], [`deploy`], [`release`],
//! [`watch`], and [`deliver`], which is all of them in order. What a stage decides stands in its
//! `plan.rs`, without I/O; what it does stands in its `run.rs`. Everything speaks to an engine or to
//! AWS through the same API calls ([`client`]); no engine crate is linked.
//!
//! Nothing prints: stages tell a [`Progress`], failures are [`Problem`]s with a place and a hint.

pub mod build;
pub mod check;
pub mod client;
mod clock;
pub mod config;
pub mod deliver;
pub mod deploy;
mod digest;
pub mod environment;
mod exit;
pub mod invoke;
pub mod package;
mod problem;
mod process;
mod progress;
pub mod read;
pub mod release;
pub mod watch;

pub use clock::{Clock, SystemClock};
pub use digest::Digest;
pub use exit::ExitCode;
pub use problem::{Explain, Outcome, Place, Problem};
pub use progress::{Event, Progress, Running, Silent, Stage};
