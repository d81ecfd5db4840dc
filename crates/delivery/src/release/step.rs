//! What to do next with a release, and what follows from what was seen. Pure: state and observation
//! in, state out.

use std::time::Duration;

use updraft_judge::{Decision, Interval, Stratum, Verdict, Weight};
use updraft_types::Timestamp;

use super::record::{Ending, Order, Phase, Release, Target};
use super::world::Alias;
use crate::config::OnInconclusive;

/// How long after a cold start durations are not compared: compilers and caches have settled by then.
const WARM_UP: Duration = Duration::from_secs(30);

/// Where the aliases are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Wholly on the old version.
    Old,
    /// Split, with this weight on the new one.
    Split(Weight),
    /// Wholly on the new version.
    New,
}

/// The next act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Bring every alias here; those already there are left alone.
    Place(Placement),
    /// Wait until there is something to count after `from`, and count it.
    Count {
        /// What is before is known.
        from: Timestamp,
        /// Where the aliases must be found.
        weight: Weight,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every alias is where it should be.
    Placed,
    /// The counts of every function up to `until`.
    Counted {
        /// The end of the last period counted.
        until: Timestamp,
        /// One interval per function.
        intervals: Vec<Interval>,
    },
    /// Someone else has moved an alias.
    Interfered {
        /// Whose and where to, in words.
        what: String,
    },
    /// The counts cannot be had.
    Blind {
        /// Why.
        why: String,
    },
}

impl Placement {
    /// What an alias looks like there.
    #[must_use]
    pub fn of(self, target: &Target) -> Alias {
        match self {
            Self::Old => Alias::whole(&target.from),
            Self::New => Alias::whole(&target.to),
            Self::Split(weight) => {
                Alias { version: target.from.clone(), canary: Some((target.to.clone(), weight)) }
            }
        }
    }
}

impl Target {
    /// Whether an alias is somewhere this release may have put it.
    #[must_use]
    pub fn owns(&self, alias: &Alias) -> bool {
        match &alias.canary {
            None => alias.version == self.from || alias.version == self.to,
            Some((canary, _)) => alias.version == self.from && *canary == self.to,
        }
    }
}

impl Release {
    /// The next act; none when it has ended.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        match &self.phase {
            Phase::Shift { to } => Some(Action::Place(Placement::Split(*to))),
            Phase::Watch { weight, seen_until } => Some(Action::Count { from: *seen_until, weight: *weight }),
            Phase::Settle(Ending { promoted: true, .. }) => Some(Action::Place(Placement::New)),
            Phase::Settle(_) => Some(Action::Place(Placement::Old)),
            Phase::Ended { .. } => None,
        }
    }

    /// What follows from an outcome.
    pub fn apply(&mut self, outcome: Outcome, now: Timestamp) {
        let phase = match (&self.phase, outcome) {
            (Phase::Shift { to }, Outcome::Placed) => {
                let (weight, seen_until) = (*to, self.source.first_period_after(now));
                self.note(now, format!("canary at {weight}"));
                self.cold_at = now;
                Phase::Watch { weight, seen_until }
            }
            (Phase::Watch { weight, .. }, Outcome::Counted { until, intervals }) => {
                let weight = *weight;
                let intervals = self.only_warm(intervals, until);
                self.judge.observe_all(&intervals);
                self.watched(weight, until, now)
            }
            (Phase::Settle(ending), Outcome::Placed) => Phase::Ended { ending: ending.clone(), at: now },
            // Aliases that someone else moved are theirs; the others were made whole.
            (Phase::Settle(ending), Outcome::Interfered { what }) => {
                let ending = ending.clone();
                self.note(now, what);
                Phase::Ended { ending, at: now }
            }
            (_, Outcome::Interfered { what }) => self.give_up(now, what),
            (_, Outcome::Blind { why }) => self.give_up(now, why),
            // A placement that a watched alias was found to lack.
            (Phase::Watch { weight, .. }, Outcome::Placed) => Phase::Shift { to: *weight },
            (phase, Outcome::Counted { .. }) => phase.clone(),
            (Phase::Ended { .. }, Outcome::Placed) => return,
        };
        let phase = self.obeying(phase, now);
        if let Phase::Settle(ending) | Phase::Ended { ending, .. } = &phase
            && !matches!(self.phase, Phase::Settle(_))
        {
            let text = format!("{}: {}", ending.verdict, ending.sentence);
            self.note(now, text);
        }
        self.phase = phase;
    }

    /// Takes a person's word, before anything else is done.
    pub fn obey(&mut self, order: Order, now: Timestamp) {
        self.order = Some(order);
        self.phase = self.obeying(self.phase.clone(), now);
    }

    /// Takes the durations out of intervals that are too near to a cold start: in every version a fresh
    /// environment is slow for a while, and a canary's environments are the fresh ones.
    fn only_warm(&mut self, mut intervals: Vec<Interval>, until: Timestamp) -> Vec<Interval> {
        if intervals
            .iter()
            .any(|interval| interval.baseline.cold.requests + interval.canary.cold.requests > 0)
        {
            self.cold_at = until;
        }
        if until.since(self.cold_at) < WARM_UP {
            for arm in
                intervals.iter_mut().flat_map(|interval| [&mut interval.baseline, &mut interval.canary])
            {
                arm.warm = Stratum::default();
            }
        }
        intervals
    }

    fn watched(&mut self, weight: Weight, seen_until: Timestamp, now: Timestamp) -> Phase {
        match self.judge.decide() {
            Decision::End(verdict) => Phase::Settle(self.end_with(verdict, self.judge.explain())),
            Decision::Continue(_) if now >= self.deadline_at => {
                Phase::Settle(self.end_with(Verdict::Inconclusive, self.judge.explain()))
            }
            Decision::Continue(next) if next != weight => Phase::Shift { to: next },
            Decision::Continue(_) => Phase::Watch { weight, seen_until },
        }
    }

    fn end_with(&self, verdict: Verdict, sentence: String) -> Ending {
        let promoted = match verdict {
            Verdict::Promote => true,
            Verdict::RollBack => false,
            Verdict::Inconclusive => self.on_inconclusive == OnInconclusive::Promote,
        };
        Ending { verdict, promoted, sentence }
    }

    /// Without counts, or with someone else's hand on the alias, the old version is the safe place,
    /// whatever the policy says of releases that were merely not judged.
    fn give_up(&mut self, now: Timestamp, why: String) -> Phase {
        self.note(now, why.clone());
        Phase::Settle(Ending { verdict: Verdict::Inconclusive, promoted: false, sentence: why })
    }

    fn obeying(&self, phase: Phase, _now: Timestamp) -> Phase {
        let Some(order) = self.order else { return phase };
        if matches!(phase, Phase::Settle(_) | Phase::Ended { .. }) {
            return phase;
        }
        let (verdict, promoted) = match order {
            Order::Promote => (Verdict::Promote, true),
            Order::RollBack => (Verdict::RollBack, false),
        };
        let sentence = format!("by a person's order; until then: {}", self.judge.explain());
        Phase::Settle(Ending { verdict, promoted, sentence })
    }
}
