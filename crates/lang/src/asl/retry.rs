//! When a failed state is tried again.

use super::machine::Retrier;
use crate::Entropy;

impl Retrier {
    /// The pause before the attempt after `retries` ones, in milliseconds.
    pub(super) fn pause_millis(&self, retries: u64, entropy: &mut dyn Entropy) -> i64 {
        let seconds = self.pause_seconds(retries);
        let millis = (seconds * 1_000.0).min(MILLIS_MAX) as i64;
        if !self.full_jitter {
            return millis;
        }
        (crate::entropy::fraction(entropy) * millis as f64) as i64
    }

    /// The same in seconds, before jitter: each pause is the one before times the rate, up to the
    /// longest.
    pub(super) fn pause_seconds(&self, retries: u64) -> f64 {
        let exponent = i32::try_from(retries).unwrap_or(i32::MAX);
        let seconds = self.interval_seconds as f64 * self.backoff_rate.powi(exponent);
        match self.max_delay_seconds {
            Some(longest) => seconds.min(longest as f64),
            None => seconds,
        }
    }
}

/// A hundred years: no pause is longer, whatever the rate.
const MILLIS_MAX: f64 = 3.2e12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seeded;

    fn retrier(max_delay_seconds: Option<u64>, full_jitter: bool) -> Retrier {
        Retrier {
            errors: Vec::new(),
            interval_seconds: 3,
            max_attempts: 3,
            backoff_rate: 2.0,
            max_delay_seconds,
            full_jitter,
        }
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let pauses = |retrier: &Retrier| -> Vec<i64> {
            (0..4).map(|n| retrier.pause_millis(n, &mut Seeded::new(1, 0))).collect()
        };
        assert_eq!(pauses(&retrier(None, false)), [3_000, 6_000, 12_000, 24_000]);
        assert_eq!(pauses(&retrier(Some(5), false)), [3_000, 5_000, 5_000, 5_000]);
    }

    #[test]
    fn full_jitter_stays_within_the_pause() {
        let mut entropy = Seeded::new(3, 0);
        let drawn: Vec<_> = (0..100).map(|_| retrier(None, true).pause_millis(1, &mut entropy)).collect();
        assert!(drawn.iter().all(|pause| (0..6_000).contains(pause)));
        assert!(drawn.iter().any(|pause| *pause > 3_000) && drawn.iter().any(|pause| *pause < 3_000));
    }
}
