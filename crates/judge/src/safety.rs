//! The safety test: evidence that the canary stays below what would hurt.

use crate::{Baseline, Margin};

/// The least and greatest share of the margin that the baseline's rate may take in the test: a
/// baseline without errors must not make one canary error count as impossible, and one at the
/// margin would never gather evidence.
const RATE_OF_MARGIN: (f64, f64) = (0.02, 0.8);

/// Evidence against "the canary is worse than the margin allows".
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Safety {
    form: Form,
    log: f64,
    /// The canary's requests seen.
    pub requests: u64,
    /// The canary's errors among them.
    pub errors: u64,
}

/// Which hypothesis is tested; fixed before the release begins.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// "The canary's error rate is `margin` or more", while it is believed to be `rate`.
    Absolute { margin: f64, rate: f64 },
    /// "The canary errs `ratio` times as often or more", for baselines that err more than a margin.
    Relative { ratio: f64 },
}

impl Safety {
    /// The test for a baseline: absolute where the baseline errs clearly less than the margin,
    /// relative where it does not (a service that fails 2 % of the time can never show less than 1 %).
    #[must_use]
    pub fn new(margin: Margin, baseline: Baseline) -> Self {
        let rate = baseline.error_rate();
        let form = if rate < margin.absolute * RATE_OF_MARGIN.1 {
            Form::Absolute { margin: margin.absolute, rate: rate.max(margin.absolute * RATE_OF_MARGIN.0) }
        } else {
            Form::Relative { ratio: margin.relative }
        };
        Self { form, log: 0.0, requests: 0, errors: 0 }
    }

    /// Adds an interval at canary share `share`.
    pub fn observe(&mut self, share: f64, canary_requests: u64, canary_errors: u64, all_errors: u64) {
        let canary_errors = canary_errors.min(canary_requests);
        match self.form {
            Form::Absolute { margin, rate } => {
                let clean = (canary_requests - canary_errors) as f64;
                self.log += canary_errors as f64 * (rate / margin).ln()
                    + clean * ((1.0 - rate) / (1.0 - margin)).ln();
            }
            Form::Relative { ratio } if share > 0.0 && share < 1.0 => {
                let log_norm = (share * ratio + 1.0 - share).ln();
                let baseline_errors = all_errors.saturating_sub(canary_errors) as f64;
                self.log += baseline_errors * log_norm - canary_errors as f64 * (ratio.ln() - log_norm);
            }
            Form::Relative { .. } => {}
        }
        self.requests += canary_requests;
        self.errors += canary_errors;
    }

    /// The natural logarithm of the evidence.
    #[must_use]
    pub fn log(&self) -> f64 {
        self.log
    }

    /// How many more clean canary requests would bring the evidence to `target`, where that can be said.
    #[must_use]
    pub fn clean_requests_to(&self, target: f64) -> Option<u64> {
        let Form::Absolute { margin, rate } = self.form else { return None };
        let missing = (target.ln() - self.log).max(0.0);
        Some((missing / ((1.0 - rate) / (1.0 - margin)).ln()).ceil() as u64)
    }

    /// What the test speaks against, in words.
    #[must_use]
    pub fn hypothesis(&self) -> String {
        match self.form {
            Form::Absolute { margin, .. } => {
                format!("an error rate of {} % or more", crate::explain::short(margin * 100.0))
            }
            Form::Relative { ratio } => {
                format!("an error rate {} times the old version's or more", crate::explain::short(ratio))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARGIN: Margin = Margin { absolute: 0.01, relative: 2.0 };

    fn clean(requests: u64) -> Safety {
        let mut safety =
            Safety::new(MARGIN, Baseline { requests: 1_000_000, errors: 0, ..Baseline::default() });
        safety.observe(0.1, requests, 0, 0);
        safety
    }

    #[test]
    fn clean_requests_needed_are_as_published() {
        // "error < 1 % at 5 % risk needs 299", when the baseline is without errors; ours believes in
        // a fiftieth of the margin instead of nothing, which costs two percent more.
        let needed = clean(0).clean_requests_to(20.0).unwrap();
        assert!((299..=306).contains(&needed), "{needed}");
        assert!(clean(needed).log() >= 20.0_f64.ln());
        assert!(clean(needed - 1).log() < 20.0_f64.ln());
    }

    #[test]
    fn an_error_takes_evidence_back() {
        let mut safety = clean(300);
        let before = safety.log();
        safety.observe(0.1, 1, 1, 1);
        assert!(safety.log() < before - 3.0);
    }

    #[test]
    fn a_failing_baseline_is_compared_relatively() {
        let baseline = Baseline { requests: 10_000, errors: 200, ..Baseline::default() };
        let mut safety = Safety::new(MARGIN, baseline);
        assert_eq!(safety.hypothesis(), "an error rate 2 times the old version's or more");
        safety.observe(0.5, 10_000, 200, 400);
        assert!(safety.log() > 100.0_f64.ln(), "equal rates are safe: {}", safety.log());
        let mut doubled = Safety::new(MARGIN, baseline);
        doubled.observe(0.5, 10_000, 400, 600);
        assert!(doubled.log() < 0.0, "twice the rate is not: {}", doubled.log());
    }

    #[test]
    fn an_unknown_baseline_is_taken_for_small() {
        assert_eq!(
            Safety::new(MARGIN, Baseline::default()).form,
            Form::Absolute { margin: 0.01, rate: Baseline::UNKNOWN_ERROR_RATE }
        );
    }
}
