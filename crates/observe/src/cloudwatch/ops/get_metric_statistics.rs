//! `GetMetricStatistics`: statistics of one metric, period by period.

use std::collections::BTreeMap;

use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::GetMetricStatistics;
use updraft_api::cloudwatch::{Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput, Statistic};
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::histogram::Histogram;
use crate::cloudwatch::model::unit;
use crate::cloudwatch::query::{self, Period, Query};
use crate::cloudwatch::stat::Stat;
use crate::cloudwatch::{CloudWatch, refusals};

/// How many datapoints an answer may have ("GetMetricStatistics", CloudWatch API reference).
const DATAPOINTS_MAX: i64 = 1_440;

impl Serve<GetMetricStatistics> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &GetMetricStatisticsInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:GetMetricStatistics")])
    }

    async fn serve(&self, cx: ServeCx, input: GetMetricStatisticsInput) -> Result<GetMetricStatisticsOutput> {
        let statistics = Statistics::of(&input)?;
        let query = query(cx.scope(), &input)?;
        cx.settle_facts().await?;
        let periods = cx.view(|view| query::by_unit(view, &query, view.now()))?;
        let datapoints =
            periods.iter().map(|((begin, unit), values)| statistics.datapoint(*begin, *unit, values));
        Ok(GetMetricStatisticsOutput {
            label: Some(input.metric_name),
            datapoints: Some(datapoints.collect()),
        })
    }
}

fn query(scope: &Scope, input: &GetMetricStatisticsInput) -> std::result::Result<Query, Refusal> {
    let period = Period::new(input.period).ok_or_else(|| {
        refusals::invalid(
            "The parameter Period must be a value in the list [1, 5, 10, 20, 30] or a multiple of 60.",
        )
    })?;
    if input.start_time >= input.end_time {
        return Err(refusals::invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let begin = period.round(input.start_time);
    let span = input.end_time.millis().saturating_sub(begin.millis());
    let asked = span / period.millis() + i64::from(span % period.millis() != 0);
    if asked > DATAPOINTS_MAX {
        return Err(refusals::combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range.",
            thousands(asked),
            thousands(DATAPOINTS_MAX)
        )));
    }
    Ok(Query {
        metric: query::metric_name(scope, &input.namespace, &input.metric_name, input.dimensions.as_deref())?,
        unit: input.unit.clone(),
        period,
        begin,
        end: input.end_time,
    })
}

/// A number with commas between its thousands.
fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The statistics that a caller asks for.
struct Statistics {
    plain: Vec<Statistic>,
    /// Percentiles with the names they were asked by.
    extended: Vec<(String, Stat)>,
}

impl Statistics {
    fn of(input: &GetMetricStatisticsInput) -> std::result::Result<Self, Refusal> {
        let plain = input.statistics.clone().unwrap_or_default();
        if let Some(Statistic::Other(text)) = plain.iter().find(|one| matches!(one, Statistic::Other(_))) {
            return Err(refusals::invalid_value(text, "Statistics"));
        }
        let read = |text: &String| match text.parse() {
            Ok(stat @ Stat::Percentile(_)) => Ok((text.clone(), stat)),
            _ => Err(refusals::invalid(format!(
                "The value {text} for parameter ExtendedStatistics is not supported."
            ))),
        };
        let extended = input
            .extended_statistics
            .iter()
            .flatten()
            .map(read)
            .collect::<std::result::Result<Vec<_>, _>>()?;
        match (plain.is_empty(), extended.is_empty()) {
            (true, true) => Err(refusals::combination(
                "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
            )),
            _ => Ok(Self { plain, extended }),
        }
    }

    fn datapoint(&self, begin: Timestamp, unit_code: u8, values: &Histogram) -> Datapoint {
        let plain =
            |statistic, stat: Stat| self.plain.contains(&statistic).then(|| stat.of(values)).flatten();
        let extended: BTreeMap<_, _> =
            self.extended.iter().filter_map(|(name, stat)| Some((name.clone(), stat.of(values)?))).collect();
        Datapoint {
            timestamp: Some(begin),
            sample_count: plain(Statistic::SampleCount, Stat::SampleCount),
            average: plain(Statistic::Average, Stat::Average),
            sum: plain(Statistic::Sum, Stat::Sum),
            minimum: plain(Statistic::Minimum, Stat::Minimum),
            maximum: plain(Statistic::Maximum, Stat::Maximum),
            unit: Some(unit(unit_code)),
            extended_statistics: (!extended.is_empty()).then_some(extended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(7, "7"), (1_440, "1,440"), (100, "100"), (1_000_000, "1,000,000")] {
            assert_eq!(thousands(number), text);
        }
    }
}
