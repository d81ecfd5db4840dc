//! The statistics of a release: from counts per version to evidence, and from evidence to a verdict.
//!
//! A weighted alias assigns every request at random, so the old and the new version take part in a
//! true experiment: given that a request failed, it was the canary's with the probability of the
//! canary's weight, whatever the error rate does over time. Everything here follows from that:
//!
//! - [`Evidence`] against a harmless release (an *e-process*: its owner may look after every
//!   interval, and change the weight as it likes, and still rolls back a harmless release in at most
//!   α of all cases, by Ville's inequality);
//! - [`Safety`]: evidence that the canary stays below the error rate that would hurt;
//! - [`ExposurePlan`]: the weight grows as safety grows, there is no fixed schedule;
//! - [`Judge`]: the two together with the routing check, and one sentence that says why.
//!
//! Nothing here does I/O or reads a clock; the state is plain data and survives its process by being
//! written down. Moving the alias and counting the requests are the caller's work.

mod evidence;
mod explain;
mod interval;
mod judge;
mod plan;
mod policy;
mod safety;
#[cfg(test)]
mod simulation;
mod weight;

pub use evidence::{Evidence, RISK_RATIOS, mean_log_evidence};
pub use explain::odds;
pub use interval::{Arm, Interval, QUANTILES, Stratum};
pub use judge::{Cause, Decision, Judge, Verdict};
pub use plan::{ExposurePlan, PlanError, Step};
pub use policy::{Baseline, Counting, Margin, Metric, MetricWeights, Policy, PolicyError};
pub use safety::Safety;
pub use weight::{Weight, WeightError};
