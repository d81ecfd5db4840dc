//! The exposure plan: how much traffic the canary may have for the safety that it has shown.

use crate::Weight;

/// A weight, and the safety evidence that earns it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Step {
    /// The canary's weight on this step.
    pub weight: Weight,
    /// The evidence S (as in "S : 1") that the canary must have shown to reach it.
    pub evidence: f64,
}

/// Weights in rising order, the first of which needs no evidence.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ExposurePlan {
    steps: Vec<Step>,
    /// The least time on each step, in seconds: some harm (a leak, a slow queue) needs time to show.
    pub dwell_secs: u32,
}

/// The evidence that earns the second and each further step; the last repeats by this factor.
const EVIDENCE: [f64; 4] = [1.0, 2.0, 6.0, 20.0];
/// By how much each step beyond those asks more.
const EVIDENCE_FACTOR: f64 = 1.5;
/// The most steps a plan may have.
const STEPS_MAX: usize = 20;

impl ExposurePlan {
    /// A plan over these weights, with the usual evidence asked for each step.
    pub fn new(weights: &[Weight], dwell_secs: u32) -> Result<Self, PlanError> {
        if weights.is_empty() || weights.len() > STEPS_MAX {
            return Err(PlanError::Length(weights.len()));
        }
        if let Some(weight) = weights.iter().find(|weight| !weight.is_split()) {
            return Err(PlanError::NotSplit(*weight));
        }
        if let Some(pair) = weights.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(PlanError::NotRising(pair[0], pair[1]));
        }
        let mut evidence = 1.0;
        let steps = weights.iter().enumerate().map(|(i, weight)| {
            evidence = EVIDENCE.get(i).copied().unwrap_or(evidence * EVIDENCE_FACTOR);
            Step { weight: *weight, evidence }
        });
        Ok(Self { steps: steps.collect(), dwell_secs })
    }

    /// The same weights with another least time on each.
    #[must_use]
    pub fn with_dwell_secs(self, dwell_secs: u32) -> Self {
        Self { dwell_secs, ..self }
    }

    /// The steps in rising order; never empty.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The weight of a step, the last one for any index beyond.
    #[must_use]
    pub fn weight(&self, step: usize) -> Weight {
        self.steps[step.min(self.steps.len() - 1)].weight
    }

    /// The step to hold after `step`, when the safety evidence stands at `log_safety` and the
    /// present step has lasted `secs`. It never goes back: evidence once shown was shown.
    #[must_use]
    pub fn next(&self, step: usize, log_safety: f64, secs: u32) -> usize {
        if secs < self.dwell_secs {
            return step;
        }
        let earned = self.steps.iter().rposition(|step| log_safety >= step.evidence.ln()).unwrap_or(0);
        // One step at a time: each weight is looked at, however much evidence the last one brought.
        step + usize::from(earned > step)
    }

    /// Whether `step` is the last and has lasted long enough to be left.
    #[must_use]
    pub fn may_end(&self, step: usize, secs: u32) -> bool {
        step + 1 >= self.steps.len() && secs >= self.dwell_secs
    }
}

impl Default for ExposurePlan {
    /// 2, 10, 25 and 50 %, each for a minute at least.
    fn default() -> Self {
        let steps = [200, 1_000, 2_500, 5_000].map(|w| Weight::try_from(w).unwrap_or_default());
        let steps = steps.iter().zip(EVIDENCE).map(|(weight, evidence)| Step { weight: *weight, evidence });
        Self { steps: steps.collect(), dwell_secs: 60 }
    }
}

/// Why weights make no plan.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// None, or too many.
    #[error("an exposure plan has 1 to {STEPS_MAX} weights, not {0}")]
    Length(usize),
    /// A weight at which one version gets nothing.
    #[error("a canary's weight lies between 0 and 100 %, both exclusive, not at {0}")]
    NotSplit(Weight),
    /// A weight that is not more than the one before.
    #[error("the weights of an exposure plan rise, but {1} follows {0}")]
    NotRising(Weight, Weight),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(percents: &[f64]) -> Vec<Weight> {
        percents.iter().map(|p| Weight::percent(*p).unwrap()).collect()
    }

    #[test]
    fn steps_are_earned_one_at_a_time_and_kept() {
        let plan = ExposurePlan::default();
        assert_eq!(plan.next(0, 1.9_f64.ln(), 60), 0);
        assert_eq!(plan.next(0, 2.0_f64.ln(), 59), 0, "the dwell time is not over");
        assert_eq!(plan.next(0, 1_000.0_f64.ln(), 60), 1);
        assert_eq!(plan.next(2, 0.0, 60), 2, "evidence lost does not go back");
        assert!(!plan.may_end(2, 600));
        assert!(!plan.may_end(3, 59));
        assert!(plan.may_end(3, 60));
    }

    #[test]
    fn the_default_is_what_new_makes() {
        assert_eq!(ExposurePlan::new(&weights(&[2.0, 10.0, 25.0, 50.0]), 60), Ok(ExposurePlan::default()));
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        assert_eq!(ExposurePlan::new(&[], 1), Err(PlanError::Length(0)));
        assert!(matches!(ExposurePlan::new(&weights(&[2.0, 100.0]), 1), Err(PlanError::NotSplit(_))));
        assert!(matches!(ExposurePlan::new(&weights(&[10.0, 10.0]), 1), Err(PlanError::NotRising(_, _))));
    }
}
