//! Statistics of a distribution.

use std::str::FromStr;

use super::histogram::Histogram;

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stat {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// `p99.9`: 0 to 100.
    Percentile(f64),
}

/// Not a statistic that can be worked out here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownStat;

impl FromStr for Stat {
    type Err = UnknownStat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "SampleCount" => Ok(Self::SampleCount),
            "Average" => Ok(Self::Average),
            "Sum" => Ok(Self::Sum),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            _ => {
                let digits =
                    text.strip_prefix('p').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()));
                let percent: f64 = digits.and_then(|digits| digits.parse().ok()).ok_or(UnknownStat)?;
                if (0.0..=100.0).contains(&percent) {
                    Ok(Self::Percentile(percent))
                } else {
                    Err(UnknownStat)
                }
            }
        }
    }
}

impl Stat {
    /// The statistic's value; none of values whose distribution is not known.
    pub(super) fn of(self, values: &Histogram) -> Option<f64> {
        match self {
            Self::SampleCount => Some(values.count),
            Self::Average => Some(values.sum / values.count),
            Self::Sum => Some(values.sum),
            Self::Minimum => Some(values.min),
            Self::Maximum => Some(values.max),
            Self::Percentile(percent) => values.percentile(percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_by_their_names() {
        assert_eq!("p99.9".parse(), Ok(Stat::Percentile(99.9)));
        assert_eq!("Sum".parse(), Ok(Stat::Sum));
        for text in ["", "p", "p101", "p-1", "pinf", "sum", "tm99", "p+5"] {
            assert_eq!(text.parse::<Stat>(), Err(UnknownStat), "{text}");
        }
    }
}
