//! A distribution of values that can be merged with others: exact count, sum, least and greatest,
//! and percentiles to within one per cent.
//!
//! Values are counted by the power of [`GAMMA`] they lie under (the idea of DDSketch: Masson, Rim
//! and Lee, "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019).

use std::collections::BTreeMap;

use updraft_kernel::{Record, RecordError};

/// How far a percentile may be off, relative to its value.
const ERROR_MAX: f64 = 0.01;

/// The ratio of a bucket's upper end to its lower one.
const GAMMA: f64 = (1.0 + ERROR_MAX) / (1.0 - ERROR_MAX);

/// How many buckets are kept; with more, the lowest are merged and lose precision first.
const BUCKETS_MAX: usize = 4_096;

/// A distribution.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Histogram {
    pub count: f64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    /// Counts of positive values by bucket; `None` when some values were published only as a
    /// statistic set, or were negative: then there are no percentiles ("PutMetricData", CloudWatch
    /// API reference).
    buckets: Option<BTreeMap<i16, f64>>,
    zeros: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { count: 0.0, sum: 0.0, min, max, buckets: Some(BTreeMap::new()), zeros: 0.0 }
    }
}

impl Histogram {
    /// One value.
    pub(super) fn of(value: f64) -> Self {
        let mut histogram = Self::default();
        histogram.add(value, 1.0);
        histogram
    }

    /// Adds a value, `count` times.
    pub(super) fn add(&mut self, value: f64, count: f64) {
        self.count += count;
        self.sum += value * count;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value == 0.0 {
            self.zeros += count;
        } else if value < 0.0 {
            self.buckets = None;
        } else if let Some(buckets) = &mut self.buckets {
            *buckets.entry(bucket(value)).or_default() += count;
            bound(buckets);
        }
    }

    /// Adds values of which only these statistics are known.
    pub(super) fn add_set(&mut self, count: f64, sum: f64, min: f64, max: f64) {
        if min == max || count == 1.0 {
            self.add(min, count);
            return;
        }
        self.count += count;
        self.sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
        self.buckets = None;
    }

    /// Adds all values of another.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zeros += other.zeros;
        match (&mut self.buckets, &other.buckets) {
            (Some(buckets), Some(others)) => {
                for (bucket, count) in others {
                    *buckets.entry(*bucket).or_default() += count;
                }
                bound(buckets);
            }
            _ => self.buckets = None,
        }
    }

    /// The value that `percent` of the values do not exceed.
    pub(super) fn percentile(&self, percent: f64) -> Option<f64> {
        let buckets = self.buckets.as_ref().filter(|_| self.count > 0.0)?;
        let rank = (percent / 100.0 * self.count).max(f64::MIN_POSITIVE);
        let mut seen = self.zeros;
        if rank <= seen {
            return Some(0.0);
        }
        for (bucket, count) in buckets {
            seen += count;
            if rank <= seen {
                return Some(middle(*bucket).clamp(self.min, self.max));
            }
        }
        Some(self.max)
    }
}

impl Histogram {
    /// How many values lie above one bound and not above the other, to within a bucket.
    pub(super) fn count_between(&self, above: f64, to: f64) -> Option<f64> {
        let buckets = self.buckets.as_ref()?;
        let lies = |value: f64| value > above && value <= to;
        let zeros = if lies(0.0) { self.zeros } else { 0.0 };
        let positive = buckets.iter().filter(|(bucket, _)| lies(middle(**bucket).clamp(self.min, self.max)));
        Some(zeros + positive.map(|(_, count)| count).sum::<f64>())
    }
}

/// The bucket of a positive value.
fn bucket(value: f64) -> i16 {
    // CloudWatch takes values up to 2^360, whose bucket is 12,477; smaller ones than 2^-360 count
    // as that.
    (value.ln() / GAMMA.ln()).ceil().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
}

/// The value that no value of the bucket is further from than [`ERROR_MAX`].
fn middle(bucket: i16) -> f64 {
    2.0 * GAMMA.powi(bucket.into()) / (GAMMA + 1.0)
}

fn bound(buckets: &mut BTreeMap<i16, f64>) {
    while buckets.len() > BUCKETS_MAX {
        if let (Some((_, count)), Some(mut next)) = (buckets.pop_first(), buckets.first_entry()) {
            *next.get_mut() += count;
        }
    }
}

impl Record for Histogram {
    fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let buckets = self.buckets.as_ref();
        let mut bytes = Vec::with_capacity(42 + buckets.map_or(0, |b| b.len() * 10));
        bytes.push(1);
        for number in [self.count, self.sum, self.min, self.max, self.zeros] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(u8::from(buckets.is_some()));
        for (bucket, count) in buckets.into_iter().flatten() {
            bytes.extend_from_slice(&bucket.to_be_bytes());
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let malformed = RecordError::Malformed(None);
        match bytes.split_first() {
            Some((1, rest)) => read(rest).ok_or(malformed),
            Some((found, _)) if *found > 1 => Err(RecordError::TooNew { found: *found, known: 1 }),
            _ => Err(malformed),
        }
    }
}

fn read(bytes: &[u8]) -> Option<Histogram> {
    let mut rest = bytes;
    let mut number = || {
        let (head, tail) = rest.split_first_chunk::<8>()?;
        rest = tail;
        Some(f64::from_be_bytes(*head))
    };
    let (count, sum, min, max, zeros) = (number()?, number()?, number()?, number()?, number()?);
    let (has_buckets, pairs) = rest.split_first()?;
    let pair = |pair: &[u8]| {
        let (bucket, count) = pair.split_first_chunk::<2>()?;
        Some((i16::from_be_bytes(*bucket), f64::from_be_bytes(count.try_into().ok()?)))
    };
    let buckets = pairs.chunks(10).map(pair).collect::<Option<_>>()?;
    Some(Histogram { count, sum, min, max, zeros, buckets: (*has_buckets == 1).then_some(buckets) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value, 1.0));
        histogram
    }

    #[test]
    fn values_above_a_percentile_are_as_many_as_it_says() {
        let histogram = of(&(1..=1_000).map(f64::from).collect::<Vec<_>>());
        for (percent, above) in [(50.0, 500.0), (90.0, 100.0), (99.0, 10.0)] {
            let threshold = histogram.percentile(percent).unwrap();
            let counted = histogram.count_between(threshold, f64::INFINITY).unwrap();
            assert!((counted - above).abs() <= 20.0, "above p{percent}: {counted}");
        }
        assert_eq!(histogram.count_between(f64::NEG_INFINITY, f64::INFINITY), Some(1_000.0));
        assert_eq!(of(&[0.0, 0.0, 5.0]).count_between(0.0, f64::INFINITY), Some(1.0));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_one_per_cent_and_merging_changes_nothing(
            mut values in proptest::collection::vec(prop_oneof![0.0..1e3, 1e-6..1e12, Just(0.0)], 1..200),
            cut in 0..200_usize,
            percent in 0.0..=100.0_f64,
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            values.sort_by(f64::total_cmp);
            let rank = ((percent / 100.0 * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            let found = merged.percentile(percent).unwrap();
            prop_assert!((found - exact).abs() <= exact * (ERROR_MAX + 1e-9), "{found} is not {exact}");
            prop_assert_eq!((merged.count, merged.min, merged.max), (values.len() as f64, values[0], values[values.len() - 1]));
            prop_assert_eq!(Histogram::decode(&merged.encode().unwrap()).unwrap(), merged);
        }
    }

    #[test]
    fn sets_and_negative_values_have_no_percentiles() {
        let mut set = Histogram::default();
        set.add_set(10.0, 50.0, 1.0, 9.0);
        assert_eq!((set.percentile(50.0), set.sum, set.max), (None, 50.0, 9.0));
        let mut same = Histogram::default();
        same.add_set(10.0, 50.0, 5.0, 5.0);
        assert!((same.percentile(50.0).unwrap() - 5.0).abs() < 1e-9);
        assert_eq!(Histogram::of(-1.0).percentile(50.0), None);
        set.merge(&same);
        assert_eq!(set.percentile(50.0), None);
    }

    #[test]
    fn buckets_are_bounded() {
        let mut histogram = Histogram::default();
        (-400..400).for_each(|power| {
            (0..35).for_each(|n| histogram.add(2_f64.powi(power) * (1.0 + f64::from(n) / 35.0), 1.0))
        });
        assert!(histogram.buckets.as_ref().unwrap().len() <= BUCKETS_MAX);
        assert_eq!(histogram.count, 28_000.0);
        assert!(histogram.percentile(100.0).unwrap() <= histogram.max);
    }
}
