//! What is stored: which metrics there are, and their values, rolled up by the second and by the
//! minute.

use std::time::Duration;

use updraft_api::cloudwatch::StandardUnit;
use updraft_kernel::{Fault, Table, json_record};
use updraft_types::cloudwatch::Dimensions;
use updraft_types::{Scope, Timestamp};

use super::histogram::Histogram;

/// A metric's full name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MetricName {
    pub scope: Scope,
    pub namespace: String,
    pub name: String,
    pub dimensions: Dimensions,
}

/// A metric as the store knows it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Metric {
    pub id: u64,
    /// About when the newest value was published; see [`super::record::SEEN_EVERY`].
    pub seen: Timestamp,
}

json_record!(Metric, 1);

/// The name of a metric, by its number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Label {
    pub scope: Scope,
    pub namespace: String,
    pub name: String,
    pub dimensions: String,
}

json_record!(Label, 1);

/// Scope, namespace, name and dimensions: the key of a metric.
pub(super) type MetricKey = (Scope, String, String, String);

/// Metric, level, beginning of the roll-up, unit: the key of a roll-up.
pub(super) type RollUpKey = (u64, u8, Timestamp, u8);

/// The metrics.
pub(super) const METRICS: Table<MetricKey, Metric> = Table::new("cloudwatch.metric");
/// Number to metric.
pub(super) const LABELS: Table<u64, Label> = Table::new("cloudwatch.label");
/// The values.
pub(super) const ROLL_UPS: Table<RollUpKey, Histogram> = Table::new("cloudwatch.roll_up");
/// Roll-ups by the time they expire.
pub(super) const EXPIRIES: Table<(Timestamp, RollUpKey), ()> = Table::new("cloudwatch.expiry");
/// Up to when expired roll-ups have been removed.
pub(super) const SWEPT: Table<(), u64> = Table::new("cloudwatch.swept");
/// The number of the next metric.
pub(super) const NEXT_ID: Table<(), u64> = Table::new("cloudwatch.next_id");

/// How finely values are rolled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    /// By the second, for three hours ("GetMetricStatistics", CloudWatch API reference).
    Second,
    /// By the minute, for 15 days (same page).
    Minute,
}

impl Level {
    /// The number in keys.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
        }
    }

    /// How long one roll-up is.
    pub(super) fn millis(self) -> i64 {
        i64::from(self.code()) * 1_000
    }

    /// How long roll-ups are kept.
    pub(super) fn kept(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(3 * 60 * 60),
            Self::Minute => Duration::from_secs(15 * 24 * 60 * 60),
        }
    }

    /// The beginning of the roll-up that a time falls into.
    pub(super) fn floor(self, at: Timestamp) -> Timestamp {
        floor(at, self.millis())
    }
}

/// The last multiple of `millis` not after `at`.
pub(super) fn floor(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(millis) * millis)
}

impl MetricName {
    pub(super) fn key(&self) -> MetricKey {
        (self.scope.clone(), self.namespace.clone(), self.name.clone(), self.dimensions.to_string())
    }
}

/// The dimensions in a metric's key.
pub(super) fn dimensions(text: &str) -> Result<Dimensions, Fault> {
    text.parse().map_err(|e| Fault::because("read the dimensions of a metric", e))
}

/// Every unit; its place is its number in keys.
static UNITS: [StandardUnit; 27] = [
    StandardUnit::None,
    StandardUnit::Seconds,
    StandardUnit::Microseconds,
    StandardUnit::Milliseconds,
    StandardUnit::Bytes,
    StandardUnit::Kilobytes,
    StandardUnit::Megabytes,
    StandardUnit::Gigabytes,
    StandardUnit::Terabytes,
    StandardUnit::Bits,
    StandardUnit::Kilobits,
    StandardUnit::Megabits,
    StandardUnit::Gigabits,
    StandardUnit::Terabits,
    StandardUnit::Percent,
    StandardUnit::Count,
    StandardUnit::BytesSecond,
    StandardUnit::KilobytesSecond,
    StandardUnit::MegabytesSecond,
    StandardUnit::GigabytesSecond,
    StandardUnit::TerabytesSecond,
    StandardUnit::BitsSecond,
    StandardUnit::KilobitsSecond,
    StandardUnit::MegabitsSecond,
    StandardUnit::GigabitsSecond,
    StandardUnit::TerabitsSecond,
    StandardUnit::CountSecond,
];

/// The number of a unit; of one that is not known, that of `None`.
pub(super) fn unit_code(unit: &StandardUnit) -> u8 {
    UNITS.iter().position(|one| one == unit).unwrap_or_default() as u8
}

/// The unit of a number.
pub(super) fn unit(code: u8) -> StandardUnit {
    UNITS.get(usize::from(code)).cloned().unwrap_or(StandardUnit::None)
}
