//! Alarms as they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_api::Refusal;
use updraft_api::cloudwatch::{
    ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat, StandardUnit, StateValue,
};
use updraft_kernel::{Fault, Read, Table, Tx, json_record};
use updraft_types::cloudwatch::AlarmName;
use updraft_types::{Arn, Resource as _, Scope, Timestamp};

use super::suppress::Suppressor;
use crate::cloudwatch::refusals;

/// The alarms.
pub(in crate::cloudwatch) const ALARMS: Table<(Scope, String), Alarm> = Table::new("cloudwatch.alarm");

/// The names of the composite ones among them: each change of any alarm looks at these.
const COMPOSITES: Table<(Scope, String), ()> = Table::new("cloudwatch.composite_alarm");

/// Writes an alarm.
pub(in crate::cloudwatch) fn put(
    tx: &mut (impl Tx + ?Sized),
    scope: &Scope,
    alarm: &Alarm,
) -> Result<(), Fault> {
    let key = (scope.clone(), alarm.name.to_string());
    if matches!(alarm.kind, Kind::Composite { .. }) {
        COMPOSITES.put(tx, &key, &())?;
    }
    ALARMS.put(tx, &key, alarm)
}

/// Removes an alarm.
pub(in crate::cloudwatch) fn delete(tx: &mut (impl Tx + ?Sized), scope: &Scope, alarm: &Alarm) {
    let key = (scope.clone(), alarm.name.to_string());
    COMPOSITES.delete(tx, &key);
    ALARMS.delete(tx, &key);
}

/// The composite alarms.
pub(in crate::cloudwatch) fn composites(
    read: &(impl Read + ?Sized),
    scope: &Scope,
) -> Result<Vec<Alarm>, Fault> {
    let mut alarms = Vec::new();
    for (key, ()) in COMPOSITES.all(read, scope)? {
        alarms.extend(ALARMS.get(read, &key)?);
    }
    Ok(alarms)
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Alarm {
    pub name: AlarmName,
    pub description: Option<String>,
    pub actions_enabled: bool,
    pub ok_actions: Vec<Arn>,
    pub alarm_actions: Vec<Arn>,
    pub insufficient_data_actions: Vec<Arn>,
    pub kind: Kind,
    pub status: Status,
    pub transitioned: Timestamp,
    pub configured: Timestamp,
    /// Which configuration this is: jobs of earlier ones end.
    pub configuration: String,
    pub tags: BTreeMap<String, String>,
}

json_record!(Alarm, 1);

/// What an alarm looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloudwatch) enum Kind {
    /// A metric, or an expression over metrics.
    Metric(Condition),
    /// Other alarms, by a rule.
    Composite {
        rule: String,
        #[serde(default)]
        suppressor: Option<Suppressor>,
    },
}

/// When values are a reason for alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Condition {
    pub source: Source,
    pub comparison: Comparison,
    pub threshold: f64,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: Option<u32>,
    pub missing: Option<Missing>,
    pub low_samples: Option<LowSamples>,
}

/// Where an alarm's values come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cloudwatch) enum Source {
    Metric(MetricSource),
    Math(Vec<MathQuery>),
}

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct MetricSource {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    pub period: i32,
    pub stat: String,
    pub unit: Option<String>,
}

/// One query of an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct MathQuery {
    pub id: String,
    pub metric: Option<MetricSource>,
    pub expression: Option<String>,
    pub label: Option<String>,
    pub returned: Option<bool>,
    pub period: Option<i32>,
}

/// How a value is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloudwatch) enum Comparison {
    AtLeast,
    Above,
    Below,
    AtMost,
}

/// What stands for a value that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloudwatch) enum Missing {
    Breaching,
    NotBreaching,
    Ignore,
    /// `missing`.
    Unknown,
}

/// What is done about a percentile of few values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cloudwatch) enum LowSamples {
    Evaluate,
    Ignore,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::cloudwatch) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

/// The state, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Status {
    pub state: State,
    pub reason: String,
    pub data: Option<String>,
    pub updated: Timestamp,
}

impl Alarm {
    pub(in crate::cloudwatch) fn arn(&self, scope: &Scope) -> Arn {
        self.name.arn(scope)
    }

    /// What is done when the alarm comes into a state.
    pub(in crate::cloudwatch) fn actions(&self, state: State) -> &[Arn] {
        match state {
            State::Ok => &self.ok_actions,
            State::Alarm => &self.alarm_actions,
            State::InsufficientData => &self.insufficient_data_actions,
        }
    }
}

/// The alarm of a name.
pub(in crate::cloudwatch) fn find(
    read: &(impl Read + ?Sized),
    scope: &Scope,
    name: &str,
) -> Result<Option<Alarm>, Fault> {
    ALARMS.get(read, &(scope.clone(), name.to_owned()))
}

/// The alarm's name in a request.
pub(in crate::cloudwatch) fn alarm_name(text: &str) -> Result<AlarmName, Refusal> {
    text.parse().map_err(|_| refusals::invalid_value(text, "AlarmName"))
}

impl State {
    pub(in crate::cloudwatch) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl From<State> for StateValue {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Ok,
            State::Alarm => Self::Alarm,
            State::InsufficientData => Self::InsufficientData,
        }
    }
}

impl Comparison {
    pub(in crate::cloudwatch) fn is_breached(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    /// As it stands in the reason of a state.
    pub(in crate::cloudwatch) const fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "greater than or equal to",
            Self::Above => "greater than",
            Self::Below => "less than",
            Self::AtMost => "less than or equal to",
        }
    }

    /// None for the operators of anomaly detection.
    pub(in crate::cloudwatch) fn read(operator: &ComparisonOperator) -> Option<Self> {
        match operator {
            ComparisonOperator::GreaterThanOrEqualToThreshold => Some(Self::AtLeast),
            ComparisonOperator::GreaterThanThreshold => Some(Self::Above),
            ComparisonOperator::LessThanThreshold => Some(Self::Below),
            ComparisonOperator::LessThanOrEqualToThreshold => Some(Self::AtMost),
            _ => None,
        }
    }

    pub(in crate::cloudwatch) const fn shape(self) -> ComparisonOperator {
        match self {
            Self::AtLeast => ComparisonOperator::GreaterThanOrEqualToThreshold,
            Self::Above => ComparisonOperator::GreaterThanThreshold,
            Self::Below => ComparisonOperator::LessThanThreshold,
            Self::AtMost => ComparisonOperator::LessThanOrEqualToThreshold,
        }
    }
}

impl Missing {
    pub(in crate::cloudwatch) fn read(text: &str) -> Option<Self> {
        match text {
            "breaching" => Some(Self::Breaching),
            "notBreaching" => Some(Self::NotBreaching),
            "ignore" => Some(Self::Ignore),
            "missing" => Some(Self::Unknown),
            _ => None,
        }
    }

    pub(in crate::cloudwatch) const fn as_str(self) -> &'static str {
        match self {
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
            Self::Unknown => "missing",
        }
    }
}

impl LowSamples {
    pub(in crate::cloudwatch) fn read(text: &str) -> Option<Self> {
        match text {
            "evaluate" => Some(Self::Evaluate),
            "ignore" => Some(Self::Ignore),
            _ => None,
        }
    }

    pub(in crate::cloudwatch) const fn as_str(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Ignore => "ignore",
        }
    }
}

impl MetricSource {
    pub(in crate::cloudwatch) fn dimensions(&self) -> Vec<Dimension> {
        let dimension =
            |(name, value): &(String, String)| Dimension { name: name.clone(), value: value.clone() };
        self.dimensions.iter().map(dimension).collect()
    }

    pub(in crate::cloudwatch) fn unit(&self) -> Option<StandardUnit> {
        self.unit.as_deref().map(StandardUnit::from)
    }

    fn read(stat: &MetricStat) -> Self {
        Self {
            namespace: stat.metric.namespace.clone().unwrap_or_default(),
            name: stat.metric.metric_name.clone().unwrap_or_default(),
            dimensions: pairs(stat.metric.dimensions.as_deref()),
            period: stat.period,
            stat: stat.stat.clone(),
            unit: stat.unit.as_ref().map(|unit| unit.as_str().to_owned()),
        }
    }

    fn shape(&self) -> MetricStat {
        MetricStat {
            metric: Metric {
                namespace: Some(self.namespace.clone()),
                metric_name: Some(self.name.clone()),
                dimensions: Some(self.dimensions()),
            },
            period: self.period,
            stat: self.stat.clone(),
            unit: self.unit(),
        }
    }
}

/// Dimensions as they are stored.
pub(in crate::cloudwatch) fn pairs(dimensions: Option<&[Dimension]>) -> Vec<(String, String)> {
    dimensions.unwrap_or_default().iter().map(|one| (one.name.clone(), one.value.clone())).collect()
}

impl MathQuery {
    pub(in crate::cloudwatch) fn read(query: &MetricDataQuery) -> Self {
        Self {
            id: query.id.clone(),
            metric: query.metric_stat.as_ref().map(MetricSource::read),
            expression: query.expression.clone(),
            label: query.label.clone(),
            returned: query.return_data,
            period: query.period,
        }
    }

    pub(in crate::cloudwatch) fn shape(&self) -> MetricDataQuery {
        MetricDataQuery {
            id: self.id.clone(),
            metric_stat: self.metric.as_ref().map(MetricSource::shape),
            expression: self.expression.clone(),
            label: self.label.clone(),
            return_data: self.returned,
            period: self.period,
            account_id: None,
        }
    }
}

impl Condition {
    /// How many of the evaluation periods must breach.
    pub(in crate::cloudwatch) fn to_alarm(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    /// The length of a period, in seconds.
    pub(in crate::cloudwatch) fn period(&self) -> i32 {
        match &self.source {
            Source::Metric(metric) => metric.period,
            Source::Math(queries) => {
                let periods =
                    queries.iter().filter_map(|one| one.metric.as_ref().map(|metric| metric.period));
                periods.chain(queries.iter().filter_map(|one| one.period)).next().unwrap_or(60)
            }
        }
    }

    /// What stands for missing values. Alarms on DynamoDB's own metrics always keep their state
    /// ("PutMetricAlarm", CloudWatch API reference, `TreatMissingData`).
    pub(in crate::cloudwatch) fn missing(&self) -> Missing {
        match &self.source {
            Source::Metric(metric) if metric.namespace == "AWS/DynamoDB" => Missing::Ignore,
            _ => self.missing.unwrap_or(Missing::Unknown),
        }
    }
}
