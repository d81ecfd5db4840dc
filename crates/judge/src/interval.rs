//! What was counted in one interval of a release.

use crate::Weight;

/// How many latency thresholds are counted: the baseline's p50, p90 and p99.
pub const QUANTILES: usize = 3;

/// The counts of one interval, during which the alias's weight did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// The canary's weight, decided before the interval began.
    pub weight: Weight,
    /// The interval's length, in seconds.
    pub secs: u32,
    /// What the old version did.
    pub baseline: Arm,
    /// What the new version did.
    pub canary: Arm,
}

/// The counts of one version in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Arm {
    /// Requests served.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Execution environments that served requests, where the source tells them apart.
    pub environments: u64,
    /// Execution environments with at least one failed request.
    pub environments_with_errors: u64,
    /// Requests served by an environment that had served before.
    pub warm: Stratum,
    /// Requests that began with a cold start.
    pub cold: Stratum,
}

/// Requests alike enough to compare their durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Stratum {
    /// Requests with a known duration.
    pub requests: u64,
    /// How many of them took longer than the baseline's p50, p90 and p99.
    pub above: [u64; QUANTILES],
}
