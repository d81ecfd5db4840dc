//! `AWS::CloudWatch::Alarm` and `AWS::CloudWatch::CompositeAlarm`.

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use updraft_api::Refusal;
use updraft_api::cloudwatch::{
    AlarmType, DeleteAlarmsInput, DescribeAlarmsInput, Tag, TagResourceInput, UntagResourceInput, ops,
};
use updraft_kernel::Result;
use updraft_types::Resource as _;
use updraft_types::cloudwatch::AlarmName;

use super::{Calls, Made, Naming, Provider, Resource, tag_map, tags_gone};

/// An alarm on metrics.
pub(crate) struct Alarm;

/// An alarm on alarms.
pub(crate) struct CompositeAlarm;

const NAMING: Naming = Naming { property: Some("AlarmName"), length_max: 255, lower: false };

impl Provider for Alarm {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "TreatMissingData",
            "Unit",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["ComparisonOperator", "EvaluationPeriods"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["AlarmName"]
    }

    fn naming(&self) -> Naming {
        NAMING
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            refuse_taken(calls, name, again).await?;
            calls.with::<ops::PutMetricAlarm>(named(name, properties)).await?;
            made(calls, name)
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            calls.with::<ops::PutMetricAlarm>(named(&resource.physical_id, properties)).await?;
            tag(calls, resource, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        delete(calls, resource)
    }
}

impl Provider for CompositeAlarm {
    fn properties(&self) -> &'static [&'static str] {
        &[
            "ActionsEnabled",
            "ActionsSuppressor",
            "ActionsSuppressorExtensionPeriod",
            "ActionsSuppressorWaitPeriod",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "AlarmRule",
            "InsufficientDataActions",
            "OKActions",
            "Tags",
        ]
    }

    fn required(&self) -> &'static [&'static str] {
        &["AlarmRule"]
    }

    fn replaced_by(&self) -> &'static [&'static str] {
        &["AlarmName"]
    }

    fn naming(&self) -> Naming {
        NAMING
    }

    fn create<'a>(
        &'a self,
        calls: &'a Calls,
        name: &'a str,
        properties: &'a Map<String, Value>,
        again: bool,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            refuse_taken(calls, name, again).await?;
            calls.with::<ops::PutCompositeAlarm>(named(name, properties)).await?;
            made(calls, name)
        })
    }

    fn update<'a>(
        &'a self,
        calls: &'a Calls,
        resource: &'a Resource,
        properties: &'a Map<String, Value>,
    ) -> BoxFuture<'a, Result<Made>> {
        Box::pin(async move {
            calls.with::<ops::PutCompositeAlarm>(named(&resource.physical_id, properties)).await?;
            tag(calls, resource, properties).await?;
            Ok(Made::as_before(resource))
        })
    }

    fn delete<'a>(&'a self, calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
        delete(calls, resource)
    }
}

/// The properties with the alarm's name. The tags of a new alarm are given with it, in their one form.
fn named(name: &str, properties: &Map<String, Value>) -> Map<String, Value> {
    let mut named = properties.clone();
    named.insert("AlarmName".to_owned(), name.into());
    named
}

fn made(calls: &Calls, name: &str) -> Result<Made> {
    let arn = name.parse::<AlarmName>().map(|name| name.arn(calls.cx.scope()).to_string());
    Ok(match arn {
        Ok(arn) => Made::named(name).with("Arn", arn),
        Err(_) => Made::named(name),
    })
}

/// Putting an alarm would take over one that is there; a stack never does that.
async fn refuse_taken(calls: &Calls, name: &str, again: bool) -> Result<()> {
    if again {
        return Ok(());
    }
    let input = DescribeAlarmsInput {
        alarm_names: Some(vec![name.to_owned()]),
        alarm_types: Some(vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm]),
        ..Default::default()
    };
    let found = calls.call::<ops::DescribeAlarms>(input).await?;
    let is_free = found.metric_alarms.is_none_or(|alarms| alarms.is_empty())
        && found.composite_alarms.is_none_or(|alarms| alarms.is_empty());
    if is_free {
        return Ok(());
    }
    Err(Refusal::new("ResourceAlreadyExistsException", 400, format!("{name} already exists")).into())
}

async fn tag(calls: &Calls, resource: &Resource, properties: &Map<String, Value>) -> Result<()> {
    let Ok(name) = resource.physical_id.parse::<AlarmName>() else { return Ok(()) };
    let resource_arn = name.arn(calls.cx.scope()).to_string();
    let tag_keys = tags_gone(&resource.properties, properties);
    if !tag_keys.is_empty() {
        let input = UntagResourceInput { resource_arn: resource_arn.clone(), tag_keys };
        calls.call::<ops::UntagResource>(input).await?;
    }
    let tags: Vec<Tag> = tag_map(properties).into_iter().map(|(key, value)| Tag { key, value }).collect();
    if !tags.is_empty() {
        calls.call::<ops::TagResource>(TagResourceInput { resource_arn, tags }).await?;
    }
    Ok(())
}

fn delete<'a>(calls: &'a Calls, resource: &'a Resource) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let input = DeleteAlarmsInput { alarm_names: vec![resource.physical_id.clone()] };
        calls.call::<ops::DeleteAlarms>(input).await?;
        Ok(())
    })
}
