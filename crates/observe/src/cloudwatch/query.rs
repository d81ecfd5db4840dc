//! Reading a metric's values, period by period.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use updraft_api::Refusal;
use updraft_api::cloudwatch::{Dimension, StandardUnit};
use updraft_kernel::{Direction, Fault, Read};
use updraft_types::cloudwatch::Dimensions;
use updraft_types::{Scope, Timestamp};

use super::histogram::Histogram;
use super::model::{Level, METRICS, MetricName, ROLL_UPS, floor, unit_code};
use super::refusals;

/// What values to read.
pub(super) struct Query {
    pub metric: MetricName,
    /// Only values of this unit.
    pub unit: Option<StandardUnit>,
    pub period: Period,
    /// Where the first period begins.
    pub begin: Timestamp,
    /// Values at this time and later are not read.
    pub end: Timestamp,
}

/// A length of time that values are gathered over, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(u32);

impl Period {
    /// 1, 5, 10, 20, 30 or a multiple of 60 ("GetMetricStatistics", CloudWatch API reference).
    pub(super) fn new(secs: i32) -> Option<Self> {
        let secs = u32::try_from(secs).ok()?;
        let sound = matches!(secs, 1 | 5 | 10 | 20 | 30) || (secs > 0 && secs.is_multiple_of(60));
        sound.then_some(Self(secs))
    }

    pub(super) fn millis(self) -> i64 {
        i64::from(self.0) * 1_000
    }

    /// The level of roll-ups that answers for this period.
    pub(super) fn level(self) -> Level {
        if self.0 < 60 { Level::Second } else { Level::Minute }
    }

    /// A beginning rounded down as AWS does: to the minute, or to a shorter period.
    pub(super) fn round(self, begin: Timestamp) -> Timestamp {
        floor(begin, self.millis().min(Level::Minute.millis()))
    }

    /// A beginning rounded down to a whole period.
    pub(super) fn align(self, begin: Timestamp) -> Timestamp {
        floor(begin, self.millis())
    }
}

/// A metric as a caller names it.
pub(super) fn metric_name(
    scope: &Scope,
    namespace: &str,
    name: &str,
    dimensions: Option<&[Dimension]>,
) -> Result<MetricName, Refusal> {
    let pairs = dimensions.unwrap_or_default().iter().map(|one| (one.name.as_str(), one.value.as_str()));
    let dimensions = Dimensions::new(pairs).map_err(|error| refusals::invalid(error.to_string()))?;
    Ok(MetricName {
        scope: scope.clone(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions,
    })
}

/// The values of each period, by the period's beginning and the values' unit.
pub(super) fn by_unit(
    read: &(impl Read + ?Sized),
    query: &Query,
    now: Timestamp,
) -> Result<BTreeMap<(Timestamp, u8), Histogram>, Fault> {
    let mut periods = BTreeMap::new();
    let Some(metric) = METRICS.get(read, &query.metric.key())? else { return Ok(periods) };
    let level = query.period.level();
    let only = query.unit.as_ref().map(unit_code);
    let oldest = now.minus(level.kept());
    let range = ROLL_UPS.between(
        &(metric.id, level.code(), query.begin.max(oldest)),
        &(metric.id, level.code(), query.end),
        Direction::Forward,
    );
    ROLL_UPS.visit(read, &range, |(_, _, at, unit), values| {
        if only.is_none_or(|only| only == unit) {
            let since = at.millis() - query.begin.millis();
            let begin = Timestamp::from_millis(at.millis() - since.rem_euclid(query.period.millis()));
            periods.entry((begin, unit)).or_insert_with(Histogram::default).merge(&values);
        }
        ControlFlow::Continue(())
    })?;
    Ok(periods)
}

/// The values of each period, of whatever unit.
pub(super) fn by_period(
    read: &(impl Read + ?Sized),
    query: &Query,
    now: Timestamp,
) -> Result<BTreeMap<Timestamp, Histogram>, Fault> {
    let mut periods = BTreeMap::new();
    for ((begin, _), values) in by_unit(read, query, now)? {
        periods.entry(begin).or_insert_with(Histogram::default).merge(&values);
    }
    Ok(periods)
}
