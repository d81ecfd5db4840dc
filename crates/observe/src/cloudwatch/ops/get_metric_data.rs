//! `GetMetricData`: many metrics at once, page by page.

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::GetMetricData;
use updraft_api::cloudwatch::{
    GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
    StatusCode,
};
use updraft_kernel::{Access, Result, Serve, ServeCx, View};
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::query::{self, Period, Query};
use crate::cloudwatch::stat::Stat;
use crate::cloudwatch::{CloudWatch, refusals};

/// How many queries a request may have ("GetMetricData", CloudWatch API reference).
const QUERIES_MAX: usize = 500;
/// How many datapoints an answer holds at most (same page).
const DATAPOINTS_MAX: usize = 100_800;

impl Serve<GetMetricData> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &GetMetricDataInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:GetMetricData")])
    }

    async fn serve(&self, cx: ServeCx, input: GetMetricDataInput) -> Result<GetMetricDataOutput> {
        let series = plan(cx.scope(), &input)?;
        let done = input.next_token.as_deref().map_or(Ok(0), read_token)?;
        let limit = match input.max_datapoints {
            None => DATAPOINTS_MAX,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=DATAPOINTS_MAX).contains(limit))
                .ok_or_else(|| refusals::invalid_value(limit, "MaxDatapoints"))?,
        };
        cx.settle_facts().await?;
        let results = cx.view(|view| {
            let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
            series.iter().map(|one| one.read(view, ascending)).collect::<Result<Vec<_>>>()
        })?;
        let (metric_data_results, next_token) = page(results, done, limit);
        Ok(GetMetricDataOutput {
            metric_data_results: Some(metric_data_results),
            next_token,
            messages: Some(Vec::new()),
        })
    }
}

/// One query, checked.
struct Series {
    id: String,
    label: String,
    query: Query,
    stat: Stat,
}

/// One query's values.
struct Found {
    id: String,
    label: String,
    points: Vec<(Timestamp, f64)>,
}

impl Series {
    fn read(&self, view: &View<'_>, ascending: bool) -> Result<Found> {
        let periods: BTreeMap<_, _> = query::by_period(view, &self.query, view.now())?;
        let point = |(begin, values)| Some((begin, self.stat.of(&values)?));
        let mut points: Vec<_> = periods.into_iter().filter_map(point).collect();
        if !ascending {
            points.reverse();
        }
        Ok(Found { id: self.id.clone(), label: self.label.clone(), points })
    }
}

/// Checks the queries; answers those whose data is returned.
fn plan(scope: &Scope, input: &GetMetricDataInput) -> std::result::Result<Vec<Series>, Refusal> {
    if input.start_time >= input.end_time {
        let message = if input.start_time == input.end_time {
            "The parameter StartTime must not equal parameter EndTime."
        } else {
            "The parameter EndTime must be greater than StartTime."
        };
        return Err(refusals::validation(message));
    }
    let queries = &input.metric_data_queries;
    if queries.is_empty() {
        return Err(refusals::missing("MetricDataQueries"));
    }
    if queries.len() > QUERIES_MAX {
        return Err(refusals::too_many("MetricDataQueries", QUERIES_MAX));
    }
    let mut ids = HashSet::new();
    let mut series = Vec::new();
    for query in queries {
        check_id(&query.id)?;
        if !ids.insert(query.id.as_str()) {
            return Err(refusals::validation(format!(
                "The value for parameter MetricDataQueries has a duplicate Id: {}",
                query.id
            )));
        }
        let one = one_series(scope, input, query)?;
        if query.return_data.unwrap_or(true) {
            series.push(one);
        }
    }
    Ok(series)
}

/// An id is letters, digits and underscores and begins with a small letter (`MetricDataQuery`, same
/// reference).
fn check_id(id: &str) -> std::result::Result<(), Refusal> {
    let sound = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= 255
        && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
    if sound {
        return Ok(());
    }
    Err(refusals::validation(format!(
        "The values for parameter id in MetricDataQueries are not all valid: '{id}' must match ^[a-z][a-zA-Z0-9_]*$"
    )))
}

fn one_series(
    scope: &Scope,
    input: &GetMetricDataInput,
    query: &MetricDataQuery,
) -> std::result::Result<Series, Refusal> {
    let MetricStat { metric, period, stat, unit } = match (&query.metric_stat, &query.expression) {
        (Some(stat), None) => stat,
        (None, Some(expression)) => {
            return Err(refusals::validation(format!(
                "Error in expression '{}': this engine does not evaluate expressions ('{expression}'); ask for the \
                 metrics by MetricStat and compute with their values",
                query.id
            )));
        }
        _ => {
            return Err(refusals::validation(format!(
                "The query '{}' must have either a MetricStat or an Expression",
                query.id
            )));
        }
    };
    let period = Period::new(*period).ok_or_else(|| {
        refusals::validation(format!(
            "Period must be a value in the list [1, 5, 10, 20, 30] or a multiple of 60, not {period}"
        ))
    })?;
    let stat = stat.parse().map_err(|_| {
        refusals::validation(format!("The value {stat} for parameter Stat is not supported."))
    })?;
    let named = |text: &Option<String>, what: &str| text.clone().ok_or_else(|| refusals::missing(what));
    let namespace = named(&metric.namespace, "Namespace")?;
    let name = named(&metric.metric_name, "MetricName")?;
    Ok(Series {
        id: query.id.clone(),
        label: query.label.clone().unwrap_or_else(|| name.clone()),
        query: Query {
            metric: query::metric_name(scope, &namespace, &name, metric.dimensions.as_deref())?,
            unit: unit.clone(),
            period,
            begin: period.align(input.start_time),
            end: input.end_time,
        },
        stat,
    })
}

/// The datapoints past the first `done`, at most `limit`, and where to go on.
fn page(all: Vec<Found>, done: usize, limit: usize) -> (Vec<MetricDataResult>, Option<String>) {
    let total: usize = all.iter().map(|found| found.points.len()).sum();
    let (mut skip, mut left) = (done, limit);
    let mut results = Vec::new();
    for Found { id, label, points } in all {
        let first = skip.min(points.len());
        skip -= first;
        let count = left.min(points.len() - first);
        left -= count;
        let whole = first + count == points.len();
        let (timestamps, values) = points.into_iter().skip(first).take(count).unzip();
        results.push(MetricDataResult {
            id: Some(id),
            label: Some(label),
            timestamps: Some(timestamps),
            values: Some(values),
            status_code: Some(if whole { StatusCode::Complete } else { StatusCode::PartialData }),
            messages: None,
        });
    }
    let next = done.saturating_add(limit);
    (results, (next < total).then(|| URL_SAFE_NO_PAD.encode(next.to_string())))
}

fn read_token(token: &str) -> std::result::Result<usize, Refusal> {
    let text = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(refusals::token_invalid)
}
