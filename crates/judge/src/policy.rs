//! What a release is judged by: set before it begins, and not changed while it runs.

use crate::{ExposurePlan, QUANTILES};

/// The rules of one release.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// α: the greatest chance of rolling back a harmless release.
    pub alpha: f64,
    /// β: the greatest chance of calling a canary safe that is worse than the margin.
    pub beta: f64,
    /// What would hurt.
    pub margin: Margin,
    /// How the metrics share α.
    pub metrics: MetricWeights,
    /// How errors are counted.
    pub counting: Counting,
    /// The weights and what earns them.
    pub plan: ExposurePlan,
    /// The chance of calling a correct split wrong.
    pub routing_alpha: f64,
    /// How many times as often the canary may be slow before that counts against it. At 1 every
    /// slowdown does; but a small canary's environments are idle for longer between requests, and
    /// what idles is slower in every version.
    #[serde(default = "strict")]
    pub latency_tolerance: f64,
}

/// No tolerance at all.
fn strict() -> f64 {
    1.0
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            beta: 0.01,
            margin: Margin::default(),
            metrics: MetricWeights::default(),
            counting: Counting::default(),
            plan: ExposurePlan::default(),
            routing_alpha: 0.001,
            latency_tolerance: strict(),
        }
    }
}

impl Policy {
    /// Refuses numbers that are no probabilities, margins or weights.
    pub fn check(&self) -> Result<(), PolicyError> {
        for (name, value) in
            [("alpha", self.alpha), ("beta", self.beta), ("routing_alpha", self.routing_alpha)]
        {
            if !(value > 0.0 && value < 0.5) {
                return Err(PolicyError::Risk { name, value });
            }
        }
        let Margin { absolute, relative } = self.margin;
        if !(absolute > 0.0 && absolute < 1.0) {
            return Err(PolicyError::Margin(absolute));
        }
        if !(relative > 1.0 && relative.is_finite()) {
            return Err(PolicyError::RelativeMargin(relative));
        }
        if !(self.latency_tolerance >= 1.0 && self.latency_tolerance.is_finite()) {
            return Err(PolicyError::LatencyTolerance(self.latency_tolerance));
        }
        let weights = self.metrics.0;
        if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || weights.iter().sum::<f64>() <= 0.0 {
            return Err(PolicyError::MetricWeights);
        }
        Ok(())
    }
}

/// What a canary must stay below to be safe.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Margin {
    /// An error rate.
    pub absolute: f64,
    /// A multiple of the old version's error rate, for a service that errs more than `absolute`.
    pub relative: f64,
}

impl Default for Margin {
    fn default() -> Self {
        Self { absolute: 0.01, relative: 2.0 }
    }
}

/// One kind of bad request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// It failed.
    Errors,
    /// It took longer than half of the baseline's requests.
    AboveP50,
    /// It took longer than nine in ten of them.
    AboveP90,
    /// It took longer than 99 in 100 of them.
    AboveP99,
}

impl Metric {
    /// Every metric, in the order of the stored evidence.
    pub const ALL: [Self; 4] = [Self::Errors, Self::AboveP50, Self::AboveP90, Self::AboveP99];

    /// What such requests are called in a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::AboveP50 => "requests slower than the old version's median",
            Self::AboveP90 => "requests slower than the old version's p90",
            Self::AboveP99 => "requests slower than the old version's p99",
        }
    }
}

/// How much of α each metric has, in the order of [`Metric::ALL`]; only their proportion counts.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MetricWeights(pub [f64; QUANTILES + 1]);

impl Default for MetricWeights {
    /// Half for errors, half for the three latency thresholds together.
    fn default() -> Self {
        Self([3.0, 1.0, 1.0, 1.0])
    }
}

/// How errors are counted, which depends on whether they come one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// Each error counts. Right where an environment is retired after an error while a release is
    /// judged, in both versions: then each error comes from a fresh environment.
    #[default]
    Errors,
    /// Each environment with errors counts once in an interval. An environment belongs to one
    /// version; one that goes bad gives a burst of errors that all fall on one side.
    Environments,
}

/// What is known of the old version from before the release.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Baseline {
    /// Its requests.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Its p50, p90 and p99 in milliseconds, where it had enough requests to know them.
    pub durations_ms: Option<[f64; QUANTILES]>,
}

impl Baseline {
    /// What is believed of a service that nothing is known of: one error in a thousand requests.
    pub const UNKNOWN_ERROR_RATE: f64 = 0.001;

    /// The error rate, drawn towards the unknown's with the force of one thousand requests.
    #[must_use]
    pub fn error_rate(&self) -> f64 {
        let prior = 1_000.0;
        (self.errors as f64 + prior * Self::UNKNOWN_ERROR_RATE) / (self.requests as f64 + prior)
    }
}

/// Why rules cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// Not a risk.
    #[error("{name} is a risk between 0 and 0.5, both exclusive, not {value}")]
    Risk {
        /// Which one.
        name: &'static str,
        /// What it was.
        value: f64,
    },
    /// Not an error rate.
    #[error("the margin is an error rate between 0 and 1, both exclusive, not {0}")]
    Margin(f64),
    /// Not a ratio.
    #[error("the relative margin is a ratio above 1, not {0}")]
    RelativeMargin(f64),
    /// Not a ratio.
    #[error("the latency tolerance is a ratio of at least 1, not {0}")]
    LatencyTolerance(f64),
    /// Not weights.
    #[error("the metrics' weights are not negative and not all zero")]
    MetricWeights,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_out_of_range_are_refused() {
        let policy = Policy::default;
        assert_eq!(policy().check(), Ok(()));
        for bad in [0.0, -1.0, 0.5, f64::NAN] {
            assert!(Policy { alpha: bad, ..policy() }.check().is_err());
            assert!(Policy { beta: bad, ..policy() }.check().is_err());
            let margin = Margin { relative: bad, ..Margin::default() };
            assert!(Policy { margin, ..policy() }.check().is_err());
            assert!(Policy { latency_tolerance: bad, ..policy() }.check().is_err());
        }
        assert!(Policy { margin: Margin { absolute: 1.0, relative: 2.0 }, ..policy() }.check().is_err());
        assert!(Policy { metrics: MetricWeights([0.0; 4]), ..policy() }.check().is_err());
    }
}
