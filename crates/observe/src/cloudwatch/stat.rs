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
    /// `TC(100:2000)`: how many values lie above the first bound and not above the second; either may
    /// be left out ("CloudWatch statistics definitions" of the CloudWatch guide).
    TrimmedCount(f64, f64),
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
            _ if text.starts_with("TC(") => trimmed_count(text).ok_or(UnknownStat),
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

/// Bounds given as values; those given as percentages are not worked out here.
fn trimmed_count(text: &str) -> Option<Stat> {
    let (above, to) = text.strip_prefix("TC(")?.strip_suffix(')')?.split_once(':')?;
    let bound = |text: &str, open: f64| if text.is_empty() { Some(open) } else { text.parse().ok() };
    let (above, to): (f64, f64) = (bound(above, f64::NEG_INFINITY)?, bound(to, f64::INFINITY)?);
    (above < to && text.len() > "TC(:)".len()).then_some(Stat::TrimmedCount(above, to))
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
            Self::TrimmedCount(above, to) => values.count_between(above, to),
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
        assert_eq!("TC(80.5:)".parse(), Ok(Stat::TrimmedCount(80.5, f64::INFINITY)));
        assert_eq!("TC(:200)".parse(), Ok(Stat::TrimmedCount(f64::NEG_INFINITY, 200.0)));
        assert_eq!("TC(1:2)".parse(), Ok(Stat::TrimmedCount(1.0, 2.0)));
        for text in ["TC(:)", "TC(2:1)", "TC(1)", "TC(1:2", "TC(10%:90%)", "TC(NaN:)"] {
            assert_eq!(text.parse::<Stat>(), Err(UnknownStat), "{text}");
        }
        for text in ["", "p", "p101", "p-1", "pinf", "sum", "tm99", "p+5"] {
            assert_eq!(text.parse::<Stat>(), Err(UnknownStat), "{text}");
        }
    }
}
