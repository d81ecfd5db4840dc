//! The jobs that evaluate metric alarms, one for each, again and again.
//!
//! An alarm on periods of a minute or more is evaluated each minute, one on shorter periods every ten
//! seconds ("Alarm evaluation", CloudWatch user guide, `alarm-evaluation.html`, read 2026-11). Only whole
//! periods count; the newest ends at the last full minute, or ten seconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use updraft_kernel::{Cx, Fault, Job, JobEnd, Result, RunJob, ServeCx, View};
use updraft_types::Timestamp;

use super::act::time;
use super::decide::{Decision, Point, decide};
use super::model::{Alarm, Condition, Kind, MetricSource, Source, Status, find};
use super::shift::shift;
use crate::cloudwatch::ops::series_of_alarm;
use crate::cloudwatch::query::{self, Period, Query};
use crate::cloudwatch::stat::Stat;
use crate::cloudwatch::{CloudWatch, model, refusals};

/// How often alarms of shorter periods than a minute are evaluated, and all others.
const FINE: Duration = Duration::from_secs(10);
const COARSE: Duration = Duration::from_secs(60);

/// Evaluates an alarm for as long as it has this configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Evaluate {
    pub alarm: String,
    pub configuration: String,
}

impl Job for Evaluate {
    const KIND: &'static str = "cloudwatch.evaluate";
}

impl RunJob<Evaluate> for CloudWatch {
    async fn run(&self, cx: ServeCx, job: Evaluate) -> Result<JobEnd<Evaluate>> {
        cx.settle_facts().await?;
        let Some(Evaluated { every, status }) = cx.view(|view| evaluate(view, &job))? else {
            return Ok(JobEnd::Done);
        };
        let next = model::floor(cx.now(), millis(every)).plus(every);
        if let Some(status) = status {
            let evaluated = job.clone();
            cx.transact(move |cx| settle(cx, &evaluated, status)).await?;
        }
        Ok(JobEnd::Again(next, job))
    }
}

/// What an evaluation found: none where the alarm is another by now.
struct Evaluated {
    every: Duration,
    status: Option<Status>,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn evaluate(view: &View<'_>, job: &Evaluate) -> Result<Option<Evaluated>> {
    let Some((alarm, condition)) = watched(find(view, view.scope(), &job.alarm)?, job) else {
        return Ok(None);
    };
    let every = if condition.period() < 60 { FINE } else { COARSE };
    let now = view.now();
    let end = model::floor(now, millis(every));
    let status = match read(view, &condition, end) {
        Ok(read) => decide(&condition, read.percentile, &read.values)
            .filter(|decision| decision.state != alarm.status.state)
            .map(|decision| status(&condition, decision, &read.values, now)),
        // An expression that cannot be worked out on these values says nothing about the state.
        Err(updraft_kernel::Error::Refused(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(Some(Evaluated { every, status }))
}

/// The alarm and its condition, if it is still the one that the job is about.
fn watched(alarm: Option<Alarm>, job: &Evaluate) -> Option<(Alarm, Condition)> {
    let alarm = alarm.filter(|alarm| alarm.configuration == job.configuration)?;
    match alarm.kind.clone() {
        Kind::Metric(condition) => Some((alarm, condition)),
        Kind::Composite { .. } => None,
    }
}

fn settle(cx: &mut Cx<'_>, job: &Evaluate, status: Status) -> Result<()> {
    let scope = cx.scope().clone();
    match watched(find(cx, &scope, &job.alarm)?, job) {
        Some((alarm, _)) => Ok(shift(cx, alarm, status)?),
        None => Ok(()),
    }
}

/// The values of an evaluation range, oldest first.
struct Values {
    values: Vec<Option<Point>>,
    percentile: Option<f64>,
}

fn read(view: &View<'_>, condition: &Condition, end: Timestamp) -> Result<Values> {
    let period = i64::from(condition.period()) * 1_000;
    let begin = Timestamp::from_millis(end.millis() - period * i64::from(condition.range()));
    let begins = (0..i64::from(condition.range()))
        .map(|index| Timestamp::from_millis(begin.millis() + index * period));
    match &condition.source {
        Source::Metric(metric) => {
            let stat: Stat =
                metric.stat.parse().map_err(|_| refusals::invalid_value(&metric.stat, "Stat"))?;
            let found = query::by_period(view, &metric_query(view, metric, begin, end)?, view.now())?;
            let point = |begin: Timestamp| {
                let values = found.get(&begin)?;
                Some(Point { begin, value: stat.of(values)?, samples: Some(values.count) })
            };
            let percentile = match stat {
                Stat::Percentile(percentile) => Some(percentile),
                _ => None,
            };
            Ok(Values { values: begins.map(point).collect(), percentile })
        }
        Source::Math(queries) => {
            let queries = queries.iter().map(|query| query.shape()).collect();
            let series = series_of_alarm(view, queries, begin, end)?;
            let point = |begin: Timestamp| {
                let value = *series.get(&begin.millis())?;
                Some(Point { begin, value, samples: None })
            };
            Ok(Values { values: begins.map(point).collect(), percentile: None })
        }
    }
}

fn metric_query(view: &View<'_>, metric: &MetricSource, begin: Timestamp, end: Timestamp) -> Result<Query> {
    let period = Period::new(metric.period).ok_or_else(|| Fault::new("read the period of an alarm"))?;
    let name = query::metric_name(view.scope(), &metric.namespace, &metric.name, Some(&metric.dimensions()))?;
    Ok(Query { metric: name, unit: metric.unit(), period, begin, end })
}

fn status(condition: &Condition, decision: Decision, values: &[Option<Point>], now: Timestamp) -> Status {
    let data = data(condition, &decision, values, now).to_string();
    // `StateReason` and `StateReasonData` of the API model have at most so many characters.
    let reason = decision.reason.chars().take(1_023).collect();
    Status {
        state: decision.state,
        reason,
        data: Some(data).filter(|data| data.len() <= 4_000),
        updated: now,
    }
}

/// What the state was decided on, as `StateReasonData` shows it.
fn data(condition: &Condition, decision: &Decision, values: &[Option<Point>], now: Timestamp) -> Value {
    let recent: Vec<f64> = decision.evaluated.iter().rev().map(|point| point.value).collect();
    let evaluated: Vec<Value> = decision
        .evaluated
        .iter()
        .map(|point| {
            let mut written = json!({"timestamp": time(point.begin), "value": point.value});
            if let Some(samples) = point.samples {
                written["sampleCount"] = samples.into();
            }
            written
        })
        .collect();
    let mut data = json!({"version": "1.0", "queryDate": time(now)});
    if let Some(first) = values.iter().flatten().next() {
        data["startDate"] = time(first.begin).into();
    }
    if let Source::Metric(metric) = &condition.source {
        data["statistic"] = metric.stat.as_str().into();
        if let Some(unit) = &metric.unit {
            data["unit"] = unit.as_str().into();
        }
    }
    data["period"] = condition.period().into();
    data["recentDatapoints"] = recent.into();
    data["threshold"] = condition.threshold.into();
    data["evaluatedDatapoints"] = evaluated.into();
    data
}
