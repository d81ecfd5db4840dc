//! What alarms do when their state changes: functions are invoked.
//!
//! The event is that of "Lambda action" in "Using Amazon CloudWatch alarms", CloudWatch user guide
//! (`alarms-and-actions-Lambda.html`), read 2026-11.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use updraft_api::Refusal;
use updraft_api::lambda::{InvocationRequest, InvocationType, ops::Invoke};
use updraft_kernel::{As, Job, JobEnd, Result, RunJob, ServeCx};
use updraft_types::{Arn, Resource as _, Scope, Timestamp};

use super::history::{self, Item, ItemKind};
use super::model::{Alarm, Kind, MathQuery, MetricSource, Source, Status, alarm_name};
use crate::cloudwatch::{CloudWatch, refusals};

/// As whom functions are invoked: their policies must allow it.
const PRINCIPAL: &str = "lambda.alarms.cloudwatch.amazonaws.com";

/// The longest message that the history shows: with its quotes escaped it still fits.
const MESSAGE_SHOWN_MAX: usize = 3_000;

/// Does one thing that an alarm's change of state calls for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Act {
    pub alarm: String,
    pub composite: bool,
    pub action: Arn,
    /// When the state changed.
    pub updated: Timestamp,
    pub payload: String,
}

impl Job for Act {
    const KIND: &'static str = "cloudwatch.act";
}

/// Reads an action. What is no action here is refused by name, rather than never done.
pub(in crate::cloudwatch) fn read(text: &str) -> std::result::Result<Arn, Refusal> {
    let arn: Arn = text.parse().map_err(|_| refusals::validation(format!("Invalid arn syntax: {text}")))?;
    if arn.service() == "lambda" && arn.resource().starts_with("function:") {
        return Ok(arn);
    }
    Err(refusals::validation(format!(
        "The action {text} is not supported here: alarms can invoke Lambda functions, not act on {}",
        arn.service()
    )))
}

impl RunJob<Act> for CloudWatch {
    async fn run(&self, cx: ServeCx, job: Act) -> Result<JobEnd<Act>> {
        let source = alarm_name(&job.alarm)?.arn(cx.scope());
        let scope = job.action.scope().unwrap_or_else(|| cx.scope().clone());
        let input = InvocationRequest {
            function_name: job.action.to_string(),
            invocation_type: Some(InvocationType::Event),
            payload: Some(job.payload.clone().into_bytes().into()),
            ..InvocationRequest::default()
        };
        let who = As::Service { name: PRINCIPAL, source: Some(source) };
        let answer = cx.call_in::<Invoke>(who, scope, input).await;
        let error = answer.err().map(|error| format!("{}: {error}", error.code()));
        cx.transact(move |cx| Ok(history::record(cx, &item(&job, error.as_deref()))?)).await?;
        Ok(JobEnd::Done)
    }
}

fn item(job: &Act, error: Option<&str>) -> Item {
    let action = &job.action;
    let summary = match error {
        None => format!("Successfully executed action {action}"),
        Some(error) => format!("Failed to execute action {action}. Received error: \"{error}\""),
    };
    let mut data = json!({
        "actionState": if error.is_none() { "Succeeded" } else { "Failed" },
        "notificationResource": action.as_str(),
        "stateUpdateTimestamp": job.updated.millis(),
    });
    match error {
        Some(error) => data["error"] = error.into(),
        // `HistoryData` of the API model has at most 4,095 characters.
        None if job.payload.chars().count() <= MESSAGE_SHOWN_MAX => {
            data["publishedMessage"] = job.payload.as_str().into();
        }
        None => {}
    }
    Item {
        alarm: job.alarm.clone(),
        composite: job.composite,
        kind: ItemKind::Action,
        // `HistorySummary` of the API model has at most 255 characters.
        summary: summary.chars().take(255).collect(),
        data: data.to_string(),
    }
}

/// The time as events and reasons have it.
pub(in crate::cloudwatch) fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f+0000")
}

/// The event that a function gets.
pub(in crate::cloudwatch) fn payload(scope: &Scope, alarm: &Alarm, before: &Status) -> Value {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn(scope).as_str(),
        "accountId": scope.account.as_str(),
        "time": time(alarm.status.updated),
        "region": scope.region.as_str(),
        "alarmData": {
            "alarmName": alarm.name.as_str(),
            "state": state(&alarm.status),
            "previousState": state(before),
            "configuration": configuration(alarm),
        }
    })
}

fn state(status: &Status) -> Value {
    let mut state = json!({
        "value": status.state.as_str(),
        "reason": status.reason,
        "timestamp": time(status.updated),
    });
    if let Some(data) = &status.data {
        state["reasonData"] = data.as_str().into();
    }
    state
}

fn configuration(alarm: &Alarm) -> Value {
    let mut configuration = Map::new();
    if let Some(description) = &alarm.description {
        configuration.insert("description".into(), description.as_str().into());
    }
    match &alarm.kind {
        Kind::Composite { rule, .. } => configuration.insert("alarmRule".into(), rule.as_str().into()),
        Kind::Metric(condition) => {
            let metrics = match &condition.source {
                Source::Metric(metric) => vec![json!({
                    "id": alarm.configuration, "metricStat": metric_stat(metric), "returnData": true
                })],
                Source::Math(queries) => queries.iter().map(query).collect(),
            };
            configuration.insert("metrics".into(), Value::Array(metrics))
        }
    };
    Value::Object(configuration)
}

fn query(query: &MathQuery) -> Value {
    let mut written = json!({"id": query.id, "returnData": query.returned.unwrap_or(true)});
    if let Some(metric) = &query.metric {
        written["metricStat"] = metric_stat(metric);
    }
    if let Some(expression) = &query.expression {
        written["expression"] = expression.as_str().into();
    }
    written
}

fn metric_stat(metric: &MetricSource) -> Value {
    let dimensions: Map<String, Value> =
        metric.dimensions.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut stat = json!({
        "metric": {"namespace": metric.namespace, "name": metric.name, "dimensions": dimensions},
        "period": metric.period,
        "stat": metric.stat,
    });
    if let Some(unit) = &metric.unit {
        stat["unit"] = unit.as_str().into();
    }
    stat
}
