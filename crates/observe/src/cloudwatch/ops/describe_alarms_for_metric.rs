//! `DescribeAlarmsForMetric`: the alarms on one metric.

use updraft_api::cloudwatch::ops::DescribeAlarmsForMetric;
use updraft_api::cloudwatch::{DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::cloudwatch::CloudWatch;
use crate::cloudwatch::alarms::describe::{Described, describe};
use crate::cloudwatch::alarms::model::{ALARMS, Alarm, Kind, MetricSource, Source, pairs};

impl Query<DescribeAlarmsForMetric> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &DescribeAlarmsForMetricInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:DescribeAlarmsForMetric")])
    }

    fn query(
        &self,
        view: &View<'_>,
        input: DescribeAlarmsForMetricInput,
    ) -> Result<DescribeAlarmsForMetricOutput> {
        let all = ALARMS.all(view, view.scope())?.into_iter().map(|(_, alarm)| alarm);
        let described = all.filter(|alarm| fits(alarm, &input)).map(|alarm| describe(view.scope(), &alarm));
        let metric_alarms = described.filter_map(|described| match described {
            Described::Metric(alarm) => Some(*alarm),
            Described::Composite(_) => None,
        });
        Ok(DescribeAlarmsForMetricOutput { metric_alarms: Some(metric_alarms.collect()) })
    }
}

fn fits(alarm: &Alarm, input: &DescribeAlarmsForMetricInput) -> bool {
    let Kind::Metric(condition) = &alarm.kind else { return false };
    match &condition.source {
        Source::Metric(metric) => is_asked_for(metric, input),
        Source::Math(queries) => {
            queries.iter().filter_map(|query| query.metric.as_ref()).any(|metric| is_asked_for(metric, input))
        }
    }
}

fn is_asked_for(metric: &MetricSource, input: &DescribeAlarmsForMetricInput) -> bool {
    let sorted = |mut pairs: Vec<(String, String)>| {
        pairs.sort();
        pairs
    };
    let stat = input.statistic.as_ref().map(|one| one.as_str()).or(input.extended_statistic.as_deref());
    metric.name == input.metric_name
        && metric.namespace == input.namespace
        && sorted(metric.dimensions.clone()) == sorted(pairs(input.dimensions.as_deref()))
        && stat.is_none_or(|stat| stat == metric.stat)
        && input.period.is_none_or(|period| period == metric.period)
        && input.unit.as_ref().is_none_or(|unit| metric.unit.as_deref() == Some(unit.as_str()))
}
