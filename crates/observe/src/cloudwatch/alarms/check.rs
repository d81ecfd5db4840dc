//! Checks what an alarm is to be, and writes it.
//!
//! "PutMetricAlarm" and "PutCompositeAlarm", CloudWatch API reference, read 2026-11. What is not built
//! is refused by name: anomaly detection, PromQL, metrics of other accounts.

use std::collections::BTreeMap;

use serde_json::json;
use updraft_api::Refusal;
use updraft_api::cloudwatch::{MetricDataQuery, PutMetricAlarmInput, StandardUnit, Statistic, Tag};
use updraft_kernel::{Cx, Result};
use updraft_types::{Arn, Timestamp};

use super::act;
use super::history::{self, Item, ItemKind};
use super::model::{
    self, Alarm, Comparison, Condition, Kind, LowSamples, MathQuery, MetricSource, Missing, Source, State,
    Status, alarm_name, find, pairs,
};
use crate::cloudwatch::ops::check_queries;
use crate::cloudwatch::query::{self, Period};
use crate::cloudwatch::refusals;
use crate::cloudwatch::stat::Stat;

type Checked<T> = std::result::Result<T, Refusal>;

/// How long an alarm may look back: a day, or a week where its periods are an hour or more.
const DAY_SECS: i64 = 86_400;
const WEEK_SECS: i64 = 604_800;
/// How many tags an alarm may have.
const TAGS_MAX: usize = 50;

/// What an alarm is given, whatever it looks at.
pub(in crate::cloudwatch) struct Common {
    pub name: String,
    pub description: Option<String>,
    pub actions_enabled: Option<bool>,
    pub ok_actions: Option<Vec<String>>,
    pub alarm_actions: Option<Vec<String>>,
    pub insufficient_data_actions: Option<Vec<String>>,
    pub tags: Option<Vec<Tag>>,
}

/// Writes an alarm, new or changed. A changed one keeps its state, and its tags.
pub(in crate::cloudwatch) fn save(
    cx: &mut Cx<'_>,
    common: Common,
    kind: Kind,
    first: impl FnOnce(&Arn, Timestamp) -> Status,
) -> Result<Alarm> {
    let name = alarm_name(&common.name)?;
    let (scope, now) = (cx.scope().clone(), cx.now());
    let before = find(cx, &scope, name.as_str())?;
    let is_composite = matches!(kind, Kind::Composite { .. });
    if before.as_ref().is_some_and(|before| matches!(before.kind, Kind::Composite { .. }) != is_composite) {
        return Err(refusals::validation(format!(
            "An alarm of another type with the name '{name}' already exists"
        ))
        .into());
    }
    let (status, transitioned, tags) = match &before {
        Some(before) => (before.status.clone(), before.transitioned, before.tags.clone()),
        None => (first(&updraft_types::Resource::arn(&name, &scope), now), now, tags(common.tags)?),
    };
    let alarm = Alarm {
        name,
        description: common.description,
        actions_enabled: common.actions_enabled.unwrap_or(true),
        ok_actions: actions(common.ok_actions)?,
        alarm_actions: actions(common.alarm_actions)?,
        insufficient_data_actions: actions(common.insufficient_data_actions)?,
        kind,
        status,
        transitioned,
        configured: now,
        configuration: cx.ids().uuid(),
        tags,
    };
    model::put(cx, &scope, &alarm)?;
    note(cx, &alarm, if before.is_some() { "updated" } else { "created" })?;
    Ok(alarm)
}

/// Notes a change of what an alarm is.
pub(in crate::cloudwatch) fn note(cx: &mut Cx<'_>, alarm: &Alarm, what: &str) -> Result<()> {
    let kind = match what {
        "created" => "Create",
        "deleted" => "Delete",
        _ => "Update",
    };
    let item = Item {
        alarm: alarm.name.to_string(),
        composite: matches!(alarm.kind, Kind::Composite { .. }),
        kind: ItemKind::ConfigurationUpdate,
        summary: format!("Alarm \"{}\" {what}", alarm.name),
        data: json!({"version": "1.0", "type": kind, "alarmName": alarm.name.as_str()}).to_string(),
    };
    Ok(history::record(cx, &item)?)
}

/// The state of a metric alarm until it has been evaluated.
pub(in crate::cloudwatch) fn unchecked(_: &Arn, now: Timestamp) -> Status {
    Status {
        state: State::InsufficientData,
        reason: "Unchecked: Initial alarm creation".into(),
        data: None,
        updated: now,
    }
}

fn actions(actions: Option<Vec<String>>) -> Checked<Vec<Arn>> {
    actions.unwrap_or_default().iter().map(|action| act::read(action)).collect()
}

/// The tags of a request.
pub(in crate::cloudwatch) fn tags(tags: Option<Vec<Tag>>) -> Checked<BTreeMap<String, String>> {
    let tags: BTreeMap<_, _> = tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
    if tags.len() > TAGS_MAX { Err(refusals::too_many("Tags", TAGS_MAX)) } else { Ok(tags) }
}

/// Checks when a metric alarm is to go off.
pub(in crate::cloudwatch) fn condition(
    scope: &updraft_types::Scope,
    input: &PutMetricAlarmInput,
) -> Result<Condition> {
    refuse_unbuilt(input)?;
    let periods = whole(input.evaluation_periods, "EvaluationPeriods")?
        .ok_or_else(|| refusals::missing("EvaluationPeriods"))?;
    let operator =
        input.comparison_operator.as_ref().ok_or_else(|| refusals::missing("ComparisonOperator"))?;
    let condition = Condition {
        source: source(scope, input)?,
        comparison: Comparison::read(operator)
            .ok_or_else(|| unbuilt(&format!("ComparisonOperator {}", operator.as_str())))?,
        threshold: input.threshold.ok_or_else(|| refusals::missing("Threshold"))?,
        evaluation_periods: periods,
        datapoints_to_alarm: whole(input.datapoints_to_alarm, "DatapointsToAlarm")?,
        missing: one_of(input.treat_missing_data.as_deref(), "TreatMissingData", Missing::read)?,
        low_samples: one_of(
            input.evaluate_low_sample_count_percentile.as_deref(),
            "EvaluateLowSampleCountPercentile",
            LowSamples::read,
        )?,
    };
    check_lengths(&condition)?;
    Ok(condition)
}

fn refuse_unbuilt(input: &PutMetricAlarmInput) -> Checked<()> {
    let given = [
        ("ThresholdMetricId", input.threshold_metric_id.is_some()),
        ("EvaluationCriteria", input.evaluation_criteria.is_some()),
        ("EvaluationInterval", input.evaluation_interval.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((parameter, _)) => Err(unbuilt(parameter)),
        None => Ok(()),
    }
}

fn unbuilt(what: &str) -> Refusal {
    refusals::validation(format!("{what} is not supported here: alarms have a static threshold"))
}

fn whole(number: Option<i32>, parameter: &str) -> Checked<Option<u32>> {
    let Some(number) = number else { return Ok(None) };
    match u32::try_from(number) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(refusals::invalid_value(number, parameter)),
    }
}

fn one_of<T>(text: Option<&str>, parameter: &str, read: fn(&str) -> Option<T>) -> Checked<Option<T>> {
    text.map(|text| read(text).ok_or_else(|| refusals::invalid_value(text, parameter))).transpose()
}

fn check_lengths(condition: &Condition) -> Checked<()> {
    let (periods, period) = (i64::from(condition.evaluation_periods), i64::from(condition.period()));
    if condition.to_alarm() > condition.evaluation_periods {
        return Err(refusals::validation(
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods",
        ));
    }
    if period >= 3_600 && periods * period > WEEK_SECS {
        return Err(refusals::validation(
            "Metrics cannot be checked across more than seven days (EvaluationPeriods * Period must be <= 604800)",
        ));
    }
    if period < 3_600 && periods * period > DAY_SECS {
        return Err(refusals::validation(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)",
        ));
    }
    Ok(())
}

fn source(scope: &updraft_types::Scope, input: &PutMetricAlarmInput) -> Result<Source> {
    match (&input.metric_name, &input.metrics) {
        (Some(name), None) => Ok(Source::Metric(metric(scope, name, input)?)),
        (None, Some(queries)) => math(scope, queries),
        (Some(_), Some(_)) => {
            Err(refusals::validation("Metrics and MetricName cannot both be specified in the same request")
                .into())
        }
        (None, None) => Err(refusals::missing("MetricName").into()),
    }
}

fn metric(scope: &updraft_types::Scope, name: &str, input: &PutMetricAlarmInput) -> Result<MetricSource> {
    let namespace = input.namespace.as_deref().ok_or_else(|| refusals::missing("Namespace"))?;
    query::metric_name(scope, namespace, name, input.dimensions.as_deref())?;
    if let Some(StandardUnit::Other(unit)) = &input.unit {
        return Err(refusals::invalid_value(unit, "Unit").into());
    }
    Ok(MetricSource {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: pairs(input.dimensions.as_deref()),
        period: period(input.period.ok_or_else(|| refusals::missing("Period"))?)?,
        stat: statistic(input)?,
        unit: input.unit.as_ref().map(|unit| unit.as_str().to_owned()),
    })
}

/// 10, 20, 30 or a multiple of 60.
fn period(secs: i32) -> Checked<i32> {
    match Period::new(secs) {
        Some(_) if secs >= 10 => Ok(secs),
        _ => Err(refusals::validation("Period must be 10, 20, 30 or a multiple of 60")),
    }
}

fn statistic(input: &PutMetricAlarmInput) -> Checked<String> {
    let text = match (&input.statistic, &input.extended_statistic) {
        (Some(Statistic::Other(text)), None) => return Err(refusals::invalid_value(text, "Statistic")),
        (Some(statistic), None) => statistic.as_str().to_owned(),
        (None, Some(extended)) => extended.clone(),
        (Some(_), Some(_)) => {
            return Err(refusals::validation("Statistic and ExtendedStatistic cannot both be specified"));
        }
        (None, None) => return Err(refusals::missing("Statistic")),
    };
    match text.parse::<Stat>() {
        Ok(_) => Ok(text),
        Err(_) => Err(refusals::validation(format!(
            "The value {text} for parameter ExtendedStatistic is not supported."
        ))),
    }
}

fn math(scope: &updraft_types::Scope, queries: &[MetricDataQuery]) -> Result<Source> {
    if queries.iter().any(|query| query.account_id.is_some()) {
        return Err(unbuilt("AccountId in Metrics").into());
    }
    check_queries(scope, queries)?;
    if queries.iter().filter(|query| query.return_data.unwrap_or(true)).count() != 1 {
        return Err(
            refusals::validation("Exactly one element of the metrics list should return data.").into()
        );
    }
    let stats = queries.iter().filter_map(|query| query.metric_stat.as_ref());
    let periods: std::collections::BTreeSet<i32> = stats.map(|stat| stat.period).collect();
    for secs in &periods {
        period(*secs)?;
    }
    if periods.len() > 1 {
        return Err(refusals::validation("All metrics of an alarm must have the same Period").into());
    }
    Ok(Source::Math(queries.iter().map(MathQuery::read).collect()))
}
