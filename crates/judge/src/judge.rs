//! The judge: takes intervals, holds the evidence, decides what the canary may have next.

use crate::evidence::{Evidence, mean_log_evidence};
use crate::{Arm, Baseline, Counting, Interval, Metric, Policy, Safety, Stratum, Weight};

/// How a release ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is evidence against it.
    RollBack,
    /// It has shown to be safe.
    Promote,
    /// Neither: too little was seen, or what was seen cannot be used.
    Inconclusive,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Go on watching, with this weight on the canary.
    Continue(Weight),
    /// End the release.
    End(Verdict),
}

/// Why a release ended as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The danger evidence reached 1/α.
    Danger,
    /// The safety evidence reached 1/β on the last step.
    Safe,
    /// The requests were not split as the alias says, so comparing the versions means nothing.
    Misrouted,
}

/// The evidence of one release so far, and the rules it is judged by.
///
/// Feed it every interval in order with [`Judge::observe`] and do what [`Judge::decide`] says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Judge {
    pub(crate) policy: Policy,
    pub(crate) evidence: [Evidence; 4],
    pub(crate) routing: Evidence,
    pub(crate) safety: Safety,
    pub(crate) baseline_requests: u64,
    pub(crate) baseline_errors: u64,
    step: usize,
    step_secs: u32,
    pub(crate) ended: Option<Cause>,
}

impl Judge {
    /// A judge before the first request.
    #[must_use]
    pub fn new(policy: Policy, baseline: Baseline) -> Self {
        let safety = Safety::new(policy.margin, baseline);
        Self {
            policy,
            evidence: Default::default(),
            routing: Evidence::default(),
            safety,
            baseline_requests: 0,
            baseline_errors: 0,
            step: 0,
            step_secs: 0,
            ended: None,
        }
    }

    /// Adds an interval of one function. Once the release is decided, further intervals change nothing.
    pub fn observe(&mut self, interval: &Interval) {
        self.observe_all(std::slice::from_ref(interval));
    }

    /// Adds one interval of every function of the release: they are judged together, and each brings
    /// its own weight, strata and thresholds.
    pub fn observe_all(&mut self, intervals: &[Interval]) {
        if self.ended.is_some() {
            return;
        }
        intervals.iter().for_each(|interval| self.add(interval));
        let secs = intervals.iter().map(|interval| interval.secs).max().unwrap_or(0);
        self.step_secs = self.step_secs.saturating_add(secs);
        self.conclude();
    }

    fn add(&mut self, interval: &Interval) {
        let Interval { weight, baseline, canary, .. } = interval;
        self.observe_errors(*weight, baseline, canary);
        for (i, metric) in self.evidence.iter_mut().skip(1).enumerate() {
            let tolerance = self.policy.latency_tolerance;
            compare_stratum(metric, *weight, tolerance, &baseline.warm, &canary.warm, i);
            compare_stratum(metric, *weight, tolerance, &baseline.cold, &canary.cold, i);
        }
        self.routing.observe_routing(*weight, canary.requests, canary.requests + baseline.requests);
        let all_errors = canary.errors + baseline.errors;
        self.safety.observe(weight.share(), canary.requests, canary.errors, all_errors);
        self.baseline_requests += baseline.requests;
        self.baseline_errors += baseline.errors;
    }

    fn observe_errors(&mut self, weight: Weight, baseline: &Arm, canary: &Arm) {
        let [errors, ..] = &mut self.evidence;
        match self.policy.counting {
            Counting::Errors => {
                errors.observe(weight, weight.share(), canary.errors, canary.errors + baseline.errors);
            }
            Counting::Environments => {
                // With few environments the canary has more of them than of the requests, and each
                // may go bad by itself.
                let share = weight.share().max(share_of(canary.environments, baseline.environments));
                let bad = canary.environments_with_errors;
                errors.observe(weight, share, bad, bad + baseline.environments_with_errors);
            }
        }
    }

    fn conclude(&mut self) {
        let safe = self.safety.log() >= -self.policy.beta.ln();
        if self.routing.log() >= -self.policy.routing_alpha.ln() {
            self.ended = Some(Cause::Misrouted);
        } else if self.danger_log() >= -self.policy.alpha.ln() {
            self.ended = Some(Cause::Danger);
        } else if safe && self.policy.plan.may_end(self.step, self.step_secs) {
            self.ended = Some(Cause::Safe);
        } else {
            let step = self.policy.plan.next(self.step, self.safety.log(), self.step_secs);
            if step != self.step {
                self.step = step;
                self.step_secs = 0;
            }
        }
    }

    /// What to do now.
    #[must_use]
    pub fn decide(&self) -> Decision {
        match self.ended {
            None => Decision::Continue(self.weight()),
            Some(Cause::Danger) => Decision::End(Verdict::RollBack),
            Some(Cause::Safe) => Decision::End(Verdict::Promote),
            Some(Cause::Misrouted) => Decision::End(Verdict::Inconclusive),
        }
    }

    /// The verdict if nothing more is to be seen.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.decide() {
            Decision::End(verdict) => verdict,
            Decision::Continue(_) => Verdict::Inconclusive,
        }
    }

    /// Why the release was decided, once it is.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.ended
    }

    /// The weight that the canary has earned.
    #[must_use]
    pub fn weight(&self) -> Weight {
        self.policy.plan.weight(self.step)
    }

    /// The evidence against a harmless release over all metrics, as the natural logarithm of E in "E : 1".
    #[must_use]
    pub fn danger_log(&self) -> f64 {
        let logs = self.evidence.iter().map(Evidence::log);
        let parts: Vec<_> = self.policy.metrics.0.into_iter().zip(logs).collect();
        mean_log_evidence(&parts)
    }

    /// The evidence of one metric alone.
    #[must_use]
    pub fn metric(&self, metric: Metric) -> &Evidence {
        &self.evidence[metric as usize]
    }

    /// The evidence that the split is not what the alias says.
    #[must_use]
    pub fn routing(&self) -> &Evidence {
        &self.routing
    }

    /// Requests and errors of the old version so far.
    #[must_use]
    pub fn baseline_counts(&self) -> (u64, u64) {
        (self.baseline_requests, self.baseline_errors)
    }

    /// The evidence that the canary is safe.
    #[must_use]
    pub fn safety(&self) -> &Safety {
        &self.safety
    }

    /// The rules.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// Warm requests are compared with warm ones and cold with cold, at the canary's share of them: a
/// small canary has relatively more cold starts, which are slow in every version.
///
/// With a tolerance t the count is held against the share of a canary that is slow t times as often;
/// one that is slow less often gives fewer, and evidence only grows with the count.
fn compare_stratum(
    evidence: &mut Evidence,
    weight: Weight,
    tolerance: f64,
    baseline: &Stratum,
    canary: &Stratum,
    quantile: usize,
) {
    let above = canary.above[quantile];
    let share = share_of(canary.requests, baseline.requests);
    let share = share * tolerance / (share * tolerance + 1.0 - share);
    evidence.observe(weight, share, above, above + baseline.above[quantile]);
}

fn share_of(canary: u64, baseline: u64) -> f64 {
    let all = canary + baseline;
    if all == 0 { 0.0 } else { canary as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExposurePlan;

    fn interval(weight: Weight, baseline: (u64, u64), canary: (u64, u64)) -> Interval {
        let arm = |(requests, errors)| Arm { requests, errors, ..Arm::default() };
        Interval { weight, secs: 10, baseline: arm(baseline), canary: arm(canary) }
    }

    fn judge() -> Judge {
        let plan = ExposurePlan::default().with_dwell_secs(10);
        Judge::new(Policy { plan, ..Policy::default() }, Baseline::default())
    }

    #[test]
    fn clean_traffic_climbs_every_step_and_is_promoted() {
        let mut judge = judge();
        let mut weights = vec![judge.weight().to_string()];
        for _ in 0..100 {
            let Decision::Continue(weight) = judge.decide() else { break };
            let canary = (weight.share() * 1_000.0) as u64;
            judge.observe(&interval(weight, (1_000 - canary, 0), (canary, 0)));
            if weights.last() != Some(&judge.weight().to_string()) {
                weights.push(judge.weight().to_string());
            }
        }
        assert_eq!(weights, ["2 %", "10 %", "25 %", "50 %"]);
        assert_eq!(judge.decide(), Decision::End(Verdict::Promote));
        assert_eq!(judge.cause(), Some(Cause::Safe));
    }

    #[test]
    fn errors_on_the_canary_roll_it_back_and_the_verdict_stays() {
        let mut judge = judge();
        let weight = judge.weight();
        judge.observe(&interval(weight, (980, 3), (20, 6)));
        assert_eq!(judge.decide(), Decision::End(Verdict::RollBack));
        let decided = judge.clone();
        judge.observe(&interval(weight, (98_000, 5_000), (2_000, 0)));
        assert_eq!(judge, decided);
    }

    #[test]
    fn a_shared_outage_is_nobodys_fault() {
        let mut judge = judge();
        judge.observe(&interval(judge.weight(), (980, 490), (20, 10)));
        assert_eq!(judge.decide(), Decision::Continue(Weight::percent(2.0).unwrap()));
    }

    #[test]
    fn a_wrong_split_voids_the_verdict_even_when_it_would_promote() {
        let mut judge = judge();
        judge.observe(&interval(judge.weight(), (500, 0), (500, 0)));
        assert_eq!(judge.decide(), Decision::End(Verdict::Inconclusive));
        assert_eq!(judge.cause(), Some(Cause::Misrouted));
    }

    #[test]
    fn a_slower_canary_is_rolled_back_and_cold_starts_alone_are_not() {
        let mut slower = judge();
        let mut colder = judge();
        for _ in 0..30 {
            let mut observed = interval(slower.weight(), (98, 0), (2, 0));
            observed.baseline.warm = Stratum { requests: 98, above: [49, 10, 1] };
            observed.canary.warm = Stratum { requests: 2, above: [2, 2, 1] };
            slower.observe(&observed);
            // Half of the canary's requests start cold, and every cold start is above all thresholds.
            observed.baseline.warm = Stratum { requests: 97, above: [48, 10, 1] };
            observed.baseline.cold = Stratum { requests: 1, above: [1, 1, 1] };
            observed.canary.warm = Stratum { requests: 1, above: [0, 0, 0] };
            observed.canary.cold = Stratum { requests: 1, above: [1, 1, 1] };
            colder.observe(&observed);
        }
        assert_eq!(slower.verdict(), Verdict::RollBack);
        assert_ne!(colder.verdict(), Verdict::RollBack);
    }

    #[test]
    fn a_slowdown_within_the_tolerance_is_let_be_and_a_greater_one_is_not() {
        let verdict = |slow_of_canary: u64| {
            let policy = Policy { latency_tolerance: 3.0, ..Policy::default() };
            let mut judge = Judge::new(policy, Baseline::default());
            for _ in 0..40 {
                let mut observed = interval(judge.weight(), (900, 0), (100, 0));
                observed.weight = Weight::percent(10.0).unwrap();
                observed.baseline.warm = Stratum { requests: 900, above: [450, 90, 9] };
                let p90 = slow_of_canary * 10;
                observed.canary.warm = Stratum { requests: 100, above: [50, p90, slow_of_canary] };
                judge.observe(&observed);
            }
            judge.verdict()
        };
        assert_ne!(verdict(2), Verdict::RollBack);
        assert_eq!(verdict(8), Verdict::RollBack);
    }

    #[test]
    fn a_burst_in_one_environment_counts_once() {
        let policy = Policy { counting: Counting::Environments, ..Policy::default() };
        let mut judge = Judge::new(policy, Baseline::default());
        let mut observed = interval(judge.weight(), (980, 0), (20, 15));
        observed.baseline.environments = 20;
        observed.canary.environments = 1;
        observed.canary.environments_with_errors = 1;
        judge.observe(&observed);
        assert_eq!(judge.metric(Metric::Errors).all, 1);
        assert!(judge.danger_log() < 3.0, "{}", judge.danger_log());
        assert_eq!(judge.verdict(), Verdict::Inconclusive);
    }

    #[test]
    fn a_judge_written_down_goes_on_as_if_it_had_not_been() {
        let mut judge = judge();
        judge.observe(&interval(judge.weight(), (980, 1), (20, 1)));
        let kept = serde_json::to_string(&judge).unwrap();
        let mut resumed: Judge = serde_json::from_str(&kept).unwrap();
        let next = interval(judge.weight(), (977, 2), (23, 1));
        judge.observe(&next);
        resumed.observe(&next);
        assert!((judge.danger_log() - resumed.danger_log()).abs() < 1e-12);
        assert_eq!(judge.decide(), resumed.decide());
    }
}
