//! The canary's share of the traffic.

use std::fmt;

/// A share of the traffic in hundredths of a percent, between 0 and 100 %.
///
/// ```
/// use updraft_judge::Weight;
/// let weight = Weight::percent(2.5).unwrap();
/// assert_eq!(weight.share(), 0.025);
/// assert_eq!(weight.to_string(), "2.5 %");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Weight(u16);

/// The whole, in hundredths of a percent.
const WHOLE: u16 = 10_000;

impl Weight {
    /// No traffic.
    pub const ZERO: Self = Self(0);
    /// All traffic.
    pub const FULL: Self = Self(WHOLE);

    /// From a percentage, kept to a hundredth of a percent.
    pub fn percent(percent: f64) -> Result<Self, WeightError> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(WeightError);
        }
        Ok(Self((percent * 100.0).round() as u16))
    }

    /// From the share that an alias's routing configuration holds.
    pub fn from_share(share: f64) -> Result<Self, WeightError> {
        Self::percent(share * 100.0)
    }

    /// The share, between 0 and 1, as an alias's routing configuration wants it.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// Whether both versions get traffic, so that a comparison says something.
    #[must_use]
    pub fn is_split(self) -> bool {
        self.0 > 0 && self.0 < WHOLE
    }
}

impl TryFrom<u16> for Weight {
    type Error = WeightError;

    fn try_from(value: u16) -> Result<Self, Self::Error> {
        if value > WHOLE { Err(WeightError) } else { Ok(Self(value)) }
    }
}

impl From<Weight> for u16 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 100.0)
    }
}

/// The number is not a share of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a weight lies between 0 and 100 %")]
pub struct WeightError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_share_is_refused() {
        for percent in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Weight::percent(percent), Err(WeightError), "{percent}");
        }
        assert_eq!(Weight::try_from(10_001), Err(WeightError));
    }

    #[test]
    fn only_a_split_compares() {
        assert!(!Weight::ZERO.is_split());
        assert!(!Weight::FULL.is_split());
        assert!(Weight::percent(50.0).unwrap().is_split());
    }

    #[test]
    fn a_share_reads_back() {
        for share in [0.0, 0.02, 0.1, 0.3333, 1.0] {
            assert_eq!(Weight::from_share(share).unwrap().share(), share);
        }
    }
}
