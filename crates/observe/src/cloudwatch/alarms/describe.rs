//! Alarms as answers show them.

use updraft_api::cloudwatch::{CompositeAlarm, MetricAlarm, Statistic};
use updraft_types::{Arn, Scope};

use super::model::{Alarm, Condition, Kind, LowSamples, Missing, Source, Status};
use super::suppress::{By, Suppressor};

/// An alarm of either type.
pub(in crate::cloudwatch) enum Described {
    Metric(Box<MetricAlarm>),
    Composite(Box<CompositeAlarm>),
}

fn texts(arns: &[Arn]) -> Option<Vec<String>> {
    Some(arns.iter().map(Arn::to_string).collect())
}

pub(in crate::cloudwatch) fn describe(scope: &Scope, alarm: &Alarm) -> Described {
    match &alarm.kind {
        Kind::Metric(condition) => Described::Metric(Box::new(metric(scope, alarm, condition))),
        Kind::Composite { rule, suppressor } => {
            Described::Composite(Box::new(composite(scope, alarm, rule, suppressor.as_ref())))
        }
    }
}

fn metric(scope: &Scope, alarm: &Alarm, condition: &Condition) -> MetricAlarm {
    let Status { state, reason, data, updated } = alarm.status.clone();
    let described = MetricAlarm {
        alarm_name: Some(alarm.name.to_string()),
        alarm_arn: Some(alarm.arn(scope).to_string()),
        alarm_description: alarm.description.clone(),
        alarm_configuration_updated_timestamp: Some(alarm.configured),
        actions_enabled: Some(alarm.actions_enabled),
        ok_actions: texts(&alarm.ok_actions),
        alarm_actions: texts(&alarm.alarm_actions),
        insufficient_data_actions: texts(&alarm.insufficient_data_actions),
        state_value: Some(state.into()),
        state_reason: Some(reason),
        state_reason_data: data,
        state_updated_timestamp: Some(updated),
        state_transitioned_timestamp: Some(alarm.transitioned),
        evaluation_periods: i32::try_from(condition.evaluation_periods).ok(),
        datapoints_to_alarm: condition.datapoints_to_alarm.and_then(|count| i32::try_from(count).ok()),
        threshold: Some(condition.threshold),
        comparison_operator: Some(condition.comparison.shape()),
        treat_missing_data: condition.missing.map(Missing::as_str).map(str::to_owned),
        evaluate_low_sample_count_percentile: condition
            .low_samples
            .map(LowSamples::as_str)
            .map(str::to_owned),
        ..MetricAlarm::default()
    };
    match &condition.source {
        Source::Math(queries) => {
            let metrics = Some(queries.iter().map(|query| query.shape()).collect());
            MetricAlarm { metrics, dimensions: Some(Vec::new()), ..described }
        }
        Source::Metric(metric) => {
            let statistic = Statistic::from(metric.stat.as_str());
            let (statistic, extended_statistic) = match statistic {
                Statistic::Other(extended) => (None, Some(extended)),
                statistic => (Some(statistic), None),
            };
            MetricAlarm {
                metric_name: Some(metric.name.clone()),
                namespace: Some(metric.namespace.clone()),
                dimensions: Some(metric.dimensions()),
                period: Some(metric.period),
                unit: metric.unit(),
                statistic,
                extended_statistic,
                ..described
            }
        }
    }
}

fn composite(scope: &Scope, alarm: &Alarm, rule: &str, suppressor: Option<&Suppressor>) -> CompositeAlarm {
    let Status { state, reason, data, updated } = alarm.status.clone();
    CompositeAlarm {
        alarm_name: Some(alarm.name.to_string()),
        alarm_arn: Some(alarm.arn(scope).to_string()),
        alarm_description: alarm.description.clone(),
        alarm_configuration_updated_timestamp: Some(alarm.configured),
        alarm_rule: Some(rule.to_owned()),
        actions_enabled: Some(alarm.actions_enabled),
        ok_actions: texts(&alarm.ok_actions),
        alarm_actions: texts(&alarm.alarm_actions),
        insufficient_data_actions: texts(&alarm.insufficient_data_actions),
        state_value: Some(state.into()),
        state_reason: Some(reason),
        state_reason_data: data,
        state_updated_timestamp: Some(updated),
        state_transitioned_timestamp: Some(alarm.transitioned),
        actions_suppressor: suppressor.map(|one| one.alarm.clone()),
        actions_suppressor_wait_period: suppressor.and_then(|one| i32::try_from(one.wait_secs).ok()),
        actions_suppressor_extension_period: suppressor
            .and_then(|one| i32::try_from(one.extension_secs).ok()),
        actions_suppressed_by: suppressor.and_then(|one| one.by).map(By::shape),
        actions_suppressed_reason: suppressor.and_then(|one| Some(one.by?.reason(&one.alarm))),
    }
}
