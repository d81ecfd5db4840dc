//! `PutMetricData`: values of metrics, published by a caller.
//!
//! The bounds are those of "PutMetricData" in the CloudWatch API reference, read 2026-11.

use std::time::Duration;

use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::PutMetricData;
use updraft_api::cloudwatch::{
    MetricDatum, PutMetricDataInput, PutMetricDataResponse, StandardUnit, StatisticSet,
};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::cloudwatch::{DIMENSIONS_MAX, NAME_LENGTH_MAX};
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::histogram::Histogram;
use crate::cloudwatch::model::{Level, unit_code};
use crate::cloudwatch::record::Batch;
use crate::cloudwatch::{CloudWatch, query, refusals};

/// How many metrics a request may have.
const METRICS_MAX: usize = 1_000;
/// How many values one metric of a request may have.
const VALUES_MAX: usize = 150;
/// How far values may lie in the past and in the future.
const PAST_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const FUTURE_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// Values lie between this power of two and its negative.
const VALUE_POWER_MAX: i32 = 360;

impl Handle<PutMetricData> for CloudWatch {
    fn access(&self, _scope: &Scope, input: &PutMetricDataInput) -> Result<Vec<Access>> {
        let access = Access::to_any("cloudwatch:PutMetricData");
        Ok(vec![access.with("cloudwatch:namespace", [input.namespace.clone()])])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutMetricDataInput) -> Result<PutMetricDataResponse> {
        check_namespace(&input.namespace)?;
        let now = cx.now();
        let data = data(&input)?;
        let mut batch = Batch::default();
        for (parameter, datum) in &data {
            let at = check_time(parameter, datum.timestamp, now)?;
            let values = values(parameter, datum)?;
            let unit = unit(parameter, datum)?;
            let levels = levels(parameter, datum.storage_resolution)?;
            check_names(parameter, datum)?;
            let metric = query::metric_name(
                cx.scope(),
                &input.namespace,
                &datum.metric_name,
                datum.dimensions.as_deref(),
            )?;
            batch.add(metric, at, unit, levels, &values);
        }
        batch.write(cx, now)?;
        Ok(PutMetricDataResponse {})
    }
}

/// Every datum with the name its parameters have in messages.
fn data(input: &PutMetricDataInput) -> std::result::Result<Vec<(String, &MetricDatum)>, Refusal> {
    let plain = input.metric_data.iter().flatten().enumerate();
    let plain = plain.map(|(index, datum)| (format!("MetricData.member.{}", index + 1), datum));
    let of_entities = input.entity_metric_data.iter().flatten().enumerate().flat_map(|(entity, data)| {
        data.metric_data.iter().flatten().enumerate().map(move |(index, datum)| {
            (format!("EntityMetricData.member.{}.MetricData.member.{}", entity + 1, index + 1), datum)
        })
    });
    let data: Vec<_> = plain.chain(of_entities).collect();
    match data.len() {
        0 => Err(refusals::missing("MetricData")),
        1..=METRICS_MAX => Ok(data),
        _ => Err(refusals::too_many("MetricData", METRICS_MAX)),
    }
}

fn check_namespace(namespace: &str) -> std::result::Result<(), Refusal> {
    // Namespaces that begin with `AWS/` are for AWS's own services.
    let sound = (1..=NAME_LENGTH_MAX).contains(&namespace.chars().count())
        && !namespace.starts_with("AWS/")
        && !namespace.starts_with(':');
    if sound { Ok(()) } else { Err(refusals::invalid_value(namespace, "Namespace")) }
}

fn check_names(parameter: &str, datum: &MetricDatum) -> std::result::Result<(), Refusal> {
    if datum.metric_name.is_empty() {
        return Err(refusals::missing(&format!("{parameter}.MetricName")));
    }
    if datum.metric_name.chars().count() > NAME_LENGTH_MAX || datum.metric_name.contains(char::is_control) {
        return Err(refusals::invalid_value(&datum.metric_name, &format!("{parameter}.MetricName")));
    }
    if datum.dimensions.as_ref().is_some_and(|dimensions| dimensions.len() > DIMENSIONS_MAX) {
        return Err(refusals::too_many(&format!("{parameter}.Dimensions"), DIMENSIONS_MAX));
    }
    Ok(())
}

fn check_time(
    parameter: &str,
    at: Option<Timestamp>,
    now: Timestamp,
) -> std::result::Result<Timestamp, Refusal> {
    let at = at.unwrap_or(now);
    let bound = if at > now.plus(FUTURE_MAX) {
        "no more than two hours in the future"
    } else if at < now.minus(PAST_MAX) {
        "within the past two weeks"
    } else {
        return Ok(at);
    };
    Err(refusals::invalid(format!("The parameter {parameter}.Timestamp must specify a time {bound}.")))
}

fn unit(parameter: &str, datum: &MetricDatum) -> std::result::Result<u8, Refusal> {
    match &datum.unit {
        Some(StandardUnit::Other(text)) => Err(refusals::invalid_value(text, &format!("{parameter}.Unit"))),
        Some(unit) => Ok(unit_code(unit)),
        None => Ok(unit_code(&StandardUnit::None)),
    }
}

fn levels(parameter: &str, resolution: Option<i32>) -> std::result::Result<&'static [Level], Refusal> {
    match resolution {
        None | Some(60) => Ok(&[Level::Minute]),
        Some(1) => Ok(&[Level::Second, Level::Minute]),
        Some(other) => Err(refusals::invalid_value(other, &format!("{parameter}.StorageResolution"))),
    }
}

/// The values of a datum, given in one of three ways.
fn values(parameter: &str, datum: &MetricDatum) -> std::result::Result<Histogram, Refusal> {
    let exclusive = |one: &str, other: &str| {
        refusals::combination(format!(
            "The parameters {parameter}.{one} and {parameter}.{other} are mutually exclusive and you have specified both."
        ))
    };
    let mut values = Histogram::default();
    match (datum.value, &datum.values, &datum.statistic_values) {
        (Some(_), Some(_), _) => return Err(exclusive("Value", "Values")),
        (Some(_), _, Some(_)) => return Err(exclusive("Value", "StatisticValues")),
        (_, Some(_), Some(_)) => return Err(exclusive("Values", "StatisticValues")),
        (None, None, None) => return Err(refusals::missing(&format!("{parameter}.Value"))),
        (Some(value), None, None) => values.add(check_value(value, &format!("{parameter}.Value"))?, 1.0),
        (None, Some(all), None) => add_all(&mut values, parameter, all, datum.counts.as_deref())?,
        (None, None, Some(set)) => add_set(&mut values, parameter, set)?,
    }
    Ok(values)
}

fn add_all(
    values: &mut Histogram,
    parameter: &str,
    all: &[f64],
    counts: Option<&[f64]>,
) -> std::result::Result<(), Refusal> {
    if all.is_empty() || all.len() > VALUES_MAX {
        return Err(refusals::too_many(&format!("{parameter}.Values"), VALUES_MAX));
    }
    if counts.is_some_and(|counts| counts.len() != all.len()) {
        return Err(refusals::invalid(format!(
            "The parameters {parameter}.Values and {parameter}.Counts must be of the same size."
        )));
    }
    for (index, value) in all.iter().enumerate() {
        let count = counts.map_or(1.0, |counts| counts[index]);
        if !(count.is_finite() && count > 0.0) {
            return Err(refusals::invalid_value(count, &format!("{parameter}.Counts")));
        }
        values.add(check_value(*value, &format!("{parameter}.Values"))?, count);
    }
    Ok(())
}

fn add_set(values: &mut Histogram, parameter: &str, set: &StatisticSet) -> std::result::Result<(), Refusal> {
    let parameter = format!("{parameter}.StatisticValues");
    for (value, member) in [(set.sum, "Sum"), (set.minimum, "Minimum"), (set.maximum, "Maximum")] {
        check_value(value, &format!("{parameter}.{member}"))?;
    }
    if !(set.sample_count.is_finite() && set.sample_count > 0.0) {
        return Err(refusals::invalid_value(set.sample_count, &format!("{parameter}.SampleCount")));
    }
    if set.minimum > set.maximum {
        return Err(refusals::invalid_value(set.minimum, &format!("{parameter}.Minimum")));
    }
    values.add_set(set.sample_count, set.sum, set.minimum, set.maximum);
    Ok(())
}

fn check_value(value: f64, parameter: &str) -> std::result::Result<f64, Refusal> {
    let sound = value.abs() <= 2_f64.powi(VALUE_POWER_MAX);
    if sound { Ok(value) } else { Err(refusals::invalid_value(value, parameter)) }
}
