//! Alarms: what they are, when they change their state, and what happens then.

pub(super) mod act;
pub(super) mod check;
pub(super) mod decide;
pub(super) mod describe;
pub(super) mod history;
pub(super) mod model;
pub(super) mod rule;
pub(super) mod shift;
pub(super) mod suppress;
pub(super) mod switch;
#[cfg(test)]
mod tests;
pub(super) mod watch;
