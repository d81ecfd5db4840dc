//! The danger test: evidence that a kind of bad request falls on the canary more often than its share.

use crate::Weight;

/// How many risk ratios the mixture holds.
const RATIOS: usize = 12;

/// The risk ratios the mixture is spread over: "the canary's requests are r times as often bad",
/// log-spaced from 1.2 (the least that is worth a rollback) to 100 (a total outage).
pub const RISK_RATIOS: [f64; RATIOS] = [
    1.2,
    1.793_912_0,
    2.681_766_9,
    4.009_044_8,
    5.993_227_9,
    8.959_436_2,
    13.393_700_0,
    20.022_599_2,
    29.932_317_3,
    44.746_619_0,
    66.892_913_7,
    100.000_000_0,
];

/// Ratios on both sides of one, for the routing check: the split may be wrong in either direction.
const ROUTING_RATIOS: [f64; RATIOS] = [0.2, 0.4, 0.6, 0.75, 0.85, 0.93, 1.07, 1.18, 1.35, 1.7, 2.5, 5.0];

/// Evidence gathered over the intervals of a release, for one kind of request.
///
/// For each ratio r of the mixture it holds the log-likelihood of the counts when the canary is r
/// times as often bad, against the counts when both versions are alike. The mean of the likelihood
/// ratios is the evidence: "E : 1 against a harmless release".
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    log_likelihoods: [f64; RATIOS],
    /// How many of the bad requests were the canary's.
    pub canary: u64,
    /// How many bad requests there were.
    pub all: u64,
    /// The least and the greatest weight at which one was seen.
    pub weights: Option<(Weight, Weight)>,
}

impl Default for Evidence {
    fn default() -> Self {
        Self { log_likelihoods: [0.0; RATIOS], canary: 0, all: 0, weights: None }
    }
}

impl Evidence {
    /// Adds an interval: `canary` of `all` bad requests were the canary's, while a share of
    /// `null_share` was to be expected of a harmless one.
    ///
    /// The share must not depend on how the bad requests fell. The weight that the alias held during
    /// the interval is such a share. So is the canary's share of a stratum's requests: given these,
    /// the count is hypergeometric, which is less spread than the binomial assumed here, and the
    /// likelihood ratio is convex in it, so its mean stays at most one (Hoeffding 1963, theorem 4).
    pub fn observe(&mut self, weight: Weight, null_share: f64, canary: u64, all: u64) {
        self.observe_against(&RISK_RATIOS, weight, null_share, canary, all);
    }

    /// Adds an interval of the routing check, where every request counts.
    pub(crate) fn observe_routing(&mut self, weight: Weight, canary: u64, all: u64) {
        self.observe_against(&ROUTING_RATIOS, weight, weight.share(), canary, all);
    }

    fn observe_against(&mut self, ratios: &[f64; RATIOS], weight: Weight, share: f64, canary: u64, all: u64) {
        let canary = canary.min(all);
        if all == 0 || share <= 0.0 || share >= 1.0 {
            return;
        }
        let baseline = (all - canary) as f64;
        for (log_likelihood, ratio) in self.log_likelihoods.iter_mut().zip(ratios) {
            // θ/w = r/(wr+1−w) and (1−θ)/(1−w) = 1/(wr+1−w), θ the canary's share when r is true.
            let log_norm = (share * ratio + 1.0 - share).ln();
            *log_likelihood += canary as f64 * (ratio.ln() - log_norm) - baseline * log_norm;
        }
        self.canary += canary;
        self.all += all;
        let (least, greatest) = self.weights.unwrap_or((weight, weight));
        self.weights = Some((least.min(weight), greatest.max(weight)));
    }

    /// The natural logarithm of the evidence.
    #[must_use]
    pub fn log(&self) -> f64 {
        log_sum_exp(self.log_likelihoods.iter().copied()) - (RATIOS as f64).ln()
    }
}

/// The logarithm of the weighted mean of e-values given by their logarithms.
///
/// A mean of e-values is an e-value, whatever joins them, so one α covers all metrics.
#[must_use]
pub fn mean_log_evidence(parts: &[(f64, f64)]) -> f64 {
    let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
    if total <= 0.0 {
        return 0.0;
    }
    log_sum_exp(parts.iter().filter(|(weight, _)| *weight > 0.0).map(|(weight, log)| weight.ln() + log))
        - total.ln()
}

fn log_sum_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if greatest == f64::NEG_INFINITY {
        return greatest;
    }
    greatest + logs.map(|log| (log - greatest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(weight_percent: f64, canary: u64, all: u64) -> f64 {
        let weight = Weight::percent(weight_percent).unwrap();
        let mut evidence = Evidence::default();
        evidence.observe(weight, weight.share(), canary, all);
        evidence.log().exp()
    }

    #[test]
    fn the_ratios_are_log_spaced() {
        for (i, ratio) in RISK_RATIOS.iter().enumerate() {
            let exact = 1.2 * (100.0_f64 / 1.2).powf(i as f64 / 11.0);
            assert!((ratio / exact - 1.0).abs() < 1e-6, "{ratio} is not {exact}");
        }
    }

    #[test]
    fn four_of_eleven_errors_at_two_percent_weigh_as_published() {
        // The worked example of the design notes.
        let e = evidence(2.0, 4, 11);
        assert!((e - 1760.0).abs() < 5.0, "{e}");
    }

    #[test]
    fn errors_in_proportion_are_no_evidence() {
        assert!(evidence(10.0, 10, 100) < 1.0);
        assert!(evidence(50.0, 50, 100) < 1.0);
        assert!(evidence(10.0, 0, 100) < 0.02);
    }

    #[test]
    fn the_mean_under_harmlessness_is_one() {
        // Exactly: Σ over x of Bin(n, w)(x) · E(x) = 1, for every n and w.
        for (w, n) in [(2.0, 3), (10.0, 12), (50.0, 20)] {
            let share = w / 100.0;
            let mut mean = 0.0;
            let mut choose = 1.0_f64;
            for x in 0..=n {
                if x > 0 {
                    choose *= (n - x + 1) as f64 / x as f64;
                }
                let chance = choose * f64::powi(share, x as i32) * f64::powi(1.0 - share, (n - x) as i32);
                mean += chance * evidence(w, x, n);
            }
            assert!((mean - 1.0).abs() < 1e-9, "weight {w}, {n} errors: {mean}");
        }
    }

    #[test]
    fn an_unsplit_alias_says_nothing() {
        assert_eq!(evidence(0.0, 5, 5), 1.0);
        assert_eq!(evidence(100.0, 5, 5), 1.0);
        assert_eq!(evidence(10.0, 0, 0), 1.0);
    }

    #[test]
    fn the_mean_of_evidence_follows_its_weights() {
        let log = mean_log_evidence(&[(3.0, 100.0_f64.ln()), (1.0, 0.0)]);
        assert!((log.exp() - 75.25).abs() < 1e-9);
        assert_eq!(mean_log_evidence(&[]), 0.0);
        let huge = mean_log_evidence(&[(1.0, 5_000.0), (1.0, 0.0)]);
        assert!((huge - (5_000.0 - 2.0_f64.ln())).abs() < 1e-9);
    }
}
