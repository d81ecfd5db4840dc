//! Watching: the functions' logs as they are written, and the app's files as they are saved.

mod files;
mod logs;
mod reload;

pub use files::FileWatch;
pub use logs::{LogFollower, log_groups};
pub use reload::{Reloaded, Reloader};
