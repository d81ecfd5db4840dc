//! The release as it is written down: enough for any process to go on with it.

use std::time::Duration;

use updraft_judge::{Baseline, Judge, Verdict, Weight};
use updraft_types::Timestamp;

use crate::config::OnInconclusive;

/// The form of the record; a reader refuses a newer one.
pub const FORMAT: u32 = 1;
/// How many of its notes a record keeps.
const LOG_MAX: usize = 200;

/// A release under way or ended.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Release {
    /// The form of this record.
    pub format: u32,
    /// Its id, which sorts by time.
    pub id: String,
    /// The environment.
    pub environment: String,
    /// The commit it delivers, when it is known.
    pub commit: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When to stop waiting for evidence.
    pub deadline_at: Timestamp,
    /// What to do then.
    pub on_inconclusive: OnInconclusive,
    /// The aliases that move, all together.
    pub targets: Vec<Target>,
    /// How counts are taken.
    pub source: Source,
    /// How many requests a second the old versions had lately.
    pub recent_rate: f64,
    /// The evidence so far.
    pub judge: Judge,
    /// When a cold start was last seen, or an alias moved; records of before it was kept say nothing.
    #[serde(default)]
    pub cold_at: Timestamp,
    /// What is being done; written before it is done.
    pub phase: Phase,
    /// A person's word, which goes before the judge's.
    pub order: Option<Order>,
    /// The process that does it.
    pub owner: Owner,
    /// What happened, in order.
    pub log: Vec<LogEntry>,
}

/// One function of a release.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Target {
    /// The function's name.
    pub function: String,
    /// The alias that moves.
    pub alias: String,
    /// The version that served before.
    pub from: String,
    /// The new version.
    pub to: String,
    /// What is known of the old version.
    pub baseline: Baseline,
}

/// How counts per version are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// The metrics' period.
    pub period_secs: u32,
    /// How long after its end a period's counts are complete.
    pub lag_millis: u32,
    /// How long after a shift requests may still have been routed by the old weights.
    pub settle_millis: u32,
    /// Whether cold starts can be told apart, without which durations are not compared.
    pub knows_cold_starts: bool,
}

impl Source {
    /// An Updraft engine: counts of a second, a second later.
    pub const ENGINE: Self =
        Self { period_secs: 1, lag_millis: 1_500, settle_millis: 1_000, knows_cold_starts: true };
    /// AWS: per-minute metrics, complete about a minute and a half later; alias changes take seconds.
    pub const AWS: Self =
        Self { period_secs: 60, lag_millis: 90_000, settle_millis: 10_000, knows_cold_starts: false };

    /// The first whole period that begins after `time` and the settling.
    #[must_use]
    pub fn first_period_after(self, time: Timestamp) -> Timestamp {
        let period = i64::from(self.period_secs) * 1_000;
        let from = time.millis() + i64::from(self.settle_millis);
        Timestamp::from_millis(from.div_euclid(period) * period + period)
    }

    /// The end of the last whole period whose counts are complete at `now`.
    #[must_use]
    pub fn complete_until(self, now: Timestamp) -> Timestamp {
        let period = i64::from(self.period_secs) * 1_000;
        let until = now.millis() - i64::from(self.lag_millis);
        Timestamp::from_millis(until.div_euclid(period) * period)
    }
}

/// What is being done. Each is an intent: a process that finds it does it, again if need be.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The aliases are being split at this weight.
    Shift {
        /// The canary's weight.
        to: Weight,
    },
    /// The aliases are split, and the versions are watched.
    Watch {
        /// The canary's weight.
        weight: Weight,
        /// Counts are in the evidence up to here.
        seen_until: Timestamp,
    },
    /// The aliases are being made whole again.
    Settle(Ending),
    /// Nothing is left to do.
    Ended {
        /// How it ended.
        #[serde(flatten)]
        ending: Ending,
        /// When.
        at: Timestamp,
    },
}

/// How a release ends.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Ending {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether the new versions serve afterwards.
    pub promoted: bool,
    /// Why, in one sentence.
    pub sentence: String,
}

/// A person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Take the new versions now.
    Promote,
    /// Go back now.
    RollBack,
}

/// The process that works on a release, until its lease runs out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Until when no other may take over.
    pub until: Timestamp,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

impl Release {
    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended { .. })
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        match &self.phase {
            Phase::Ended { ending, .. } => Some(ending),
            _ => None,
        }
    }

    /// The weight the aliases hold or are being given.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match &self.phase {
            Phase::Shift { to } => *to,
            Phase::Watch { weight, .. } => *weight,
            Phase::Settle(ending) | Phase::Ended { ending, .. } if ending.promoted => Weight::FULL,
            _ => Weight::ZERO,
        }
    }

    /// Notes something that happened.
    pub fn note(&mut self, at: Timestamp, text: impl Into<String>) {
        if self.log.len() == LOG_MAX {
            // The beginning says why; the middle is the least missed.
            self.log.remove(LOG_MAX / 2);
        }
        self.log.push(LogEntry { at, text: text.into() });
    }

    /// How long a process may be silent before another takes over.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(15 + 2 * u64::from(self.source.period_secs))
            + Duration::from_millis(u64::from(self.source.lag_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_periods_after_a_shift_count() {
        let source = Source::AWS;
        let at = |secs: i64| Timestamp::from_millis(secs * 1_000);
        assert_eq!(source.first_period_after(at(600)), at(660));
        assert_eq!(source.first_period_after(at(649)), at(660));
        assert_eq!(source.first_period_after(at(655)), at(720));
        assert_eq!(source.complete_until(at(809)), at(660));
        assert_eq!(source.complete_until(at(810)), at(720));
    }
}
