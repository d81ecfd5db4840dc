//! Counts per version from CloudWatch: `AWS/Lambda` by `FunctionName`, `Resource` and
//! `ExecutedVersion` ("Types of metrics for Lambda functions" of the Lambda guide: the last is there
//! to compare two versions behind one alias).
//!
//! Latency is compared only where cold starts are known, which an engine tells as `InitDuration` of
//! `Updraft/Lambda`: a small canary starts cold more often, and the first requests of a fresh
//! environment are slow in every version. What follows from a cold start is for [`super::step`].

use updraft_api::cloudwatch::{
    self, Dimension, GetMetricDataInput, Metric, MetricDataQuery, MetricDataResult, MetricStat,
};
use updraft_judge::{Arm, Baseline, Interval, QUANTILES, Stratum, Weight};
use updraft_types::Timestamp;

use super::record::{Source, Target};
use crate::client::{CallError, Client};

const NAMESPACE: &str = "AWS/Lambda";
/// Where an engine tells of cold starts.
const ENGINE_NAMESPACE: &str = "Updraft/Lambda";
/// Queries of one call (GetMetricData: "up to 500 MetricDataQuery structures").
const QUERIES_MAX: usize = 500;
/// How far back the old version's behaviour is looked up.
const BASELINE_SECS: i64 = 3 * 3600;
/// What "lately" means where the present traffic is asked for.
const RECENT_SECS: i64 = 120;
/// Below this many requests a p99 says nothing.
const BASELINE_REQUESTS_MIN: u64 = 200;

/// What is counted of one version, in the order of the queries.
const INVOCATIONS: usize = 0;
const ERRORS: usize = 1;
const COLD_STARTS: usize = 2;
const ABOVE: usize = 3;
const SERIES: usize = ABOVE + QUANTILES;

/// Counts what both versions of every target did between two points in time.
pub(super) async fn count(
    client: &Client,
    targets: &[Target],
    source: Source,
    weight: Weight,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Interval>, CallError> {
    let queries: Vec<_> =
        targets.iter().enumerate().flat_map(|(i, t)| target_queries(i, t, source)).collect();
    let mut sums = std::collections::BTreeMap::new();
    for queries in queries.chunks(QUERIES_MAX) {
        sum_results(&mut sums, &fetch(client, queries.to_vec(), from, until).await?);
    }
    let secs = u32::try_from((until.millis() - from.millis()) / 1_000).unwrap_or(0);
    let sum = |target: usize, version: &str, series: usize| {
        sums.get(&query_id(target, version, series)).map_or(0, |sum: &f64| sum.round() as u64)
    };
    let arm = |target: usize, version: &str| {
        let of = |series: usize| sum(target, version, series);
        let warm = Stratum {
            requests: of(INVOCATIONS),
            above: std::array::from_fn(|quantile| of(ABOVE + quantile)),
        };
        let has_durations = targets[target].baseline.durations_ms.is_some();
        Arm {
            requests: of(INVOCATIONS),
            errors: of(ERRORS),
            warm: if has_durations { warm } else { Stratum::default() },
            cold: Stratum { requests: of(COLD_STARTS), ..Stratum::default() },
            ..Arm::default()
        }
    };
    let interval = |i: usize| Interval { weight, secs, baseline: arm(i, "old"), canary: arm(i, "new") };
    Ok((0..targets.len()).map(interval).collect())
}

/// What the old version did lately, and how many requests a second it had at the end of that.
pub(super) async fn baseline(
    client: &Client,
    function: &str,
    alias: &str,
    now: Timestamp,
) -> Result<(Baseline, f64), CallError> {
    let period = 60;
    let end = Timestamp::from_millis((now.millis() / 60_000 + 1) * 60_000);
    let start = Timestamp::from_millis(end.millis() - BASELINE_SECS * 1_000);
    // By alias alone: while it was whole, everything it served is the old version's or one before it.
    let mut dimensions = dimensions(function, alias, "");
    dimensions.truncate(2);
    let mut queries = vec![
        query("invocations".into(), "Invocations", "Sum", period, dimensions.clone()),
        query("errors".into(), "Errors", "Sum", period, dimensions.clone()),
    ];
    let whole = i32::try_from(BASELINE_SECS).unwrap_or(i32::MAX);
    for (name, stat) in [("p50", "p50"), ("p90", "p90"), ("p99", "p99")] {
        queries.push(query(name.into(), "Duration", stat, whole, dimensions.clone()));
    }
    let results = fetch(client, queries, start, end).await?;
    let mut sums = std::collections::BTreeMap::new();
    sum_results(&mut sums, &results);
    let of = |id: &str| sums.get(id).copied().unwrap_or(0.0).round() as u64;
    // A percentile is of the latest whole window that has one, never a sum of windows.
    let latest = |id: &str| {
        results.iter().find(|r| r.id.as_deref() == Some(id)).and_then(|r| r.values.as_ref()?.first().copied())
    };
    let requests = of("invocations");
    let durations = match (latest("p50"), latest("p90"), latest("p99")) {
        (Some(p50), Some(p90), Some(p99)) if requests >= BASELINE_REQUESTS_MIN => {
            // To the microsecond: more digits than the measurement has are only noise in a query.
            Some([p50, p90, p99].map(|millis| (millis * 1_000.0).round() / 1_000.0))
        }
        _ => None,
    };
    let recent_from = now.millis() - RECENT_SECS * 1_000;
    let invocations = results.iter().filter(|result| result.id.as_deref() == Some("invocations"));
    let recent: f64 = invocations
        .flat_map(|result| result.timestamps.iter().flatten().zip(result.values.iter().flatten()))
        .filter(|(at, _)| at.millis() >= recent_from)
        .map(|(_, count)| count)
        .sum();
    let baseline = Baseline { requests, errors: of("errors").min(requests), durations_ms: durations };
    Ok((baseline, recent / RECENT_SECS as f64))
}

fn target_queries(index: usize, target: &Target, source: Source) -> Vec<MetricDataQuery> {
    let mut queries = Vec::with_capacity(2 * SERIES);
    for (arm, version) in [("old", &target.from), ("new", &target.to)] {
        let dimensions = dimensions(&target.function, &target.alias, version);
        let period = i32::try_from(source.period_secs).unwrap_or(60);
        let one = |series: usize, metric: &str, stat: &str| {
            query(query_id(index, arm, series), metric, stat, period, dimensions.clone())
        };
        queries.push(one(INVOCATIONS, "Invocations", "Sum"));
        queries.push(one(ERRORS, "Errors", "Sum"));
        if !source.knows_cold_starts {
            continue;
        }
        queries.push(of_engine(one(COLD_STARTS, "InitDuration", "SampleCount")));
        for (quantile, threshold) in target.baseline.durations_ms.iter().flatten().enumerate() {
            // Trimmed count with an absolute bound: how many values lie above it ("Statistics
            // definitions" of the CloudWatch guide).
            queries.push(one(ABOVE + quantile, "Duration", &format!("TC({threshold}:)")));
        }
    }
    queries
}

/// The same query of a metric that only an engine has.
fn of_engine(mut query: MetricDataQuery) -> MetricDataQuery {
    if let Some(stat) = &mut query.metric_stat {
        stat.metric.namespace = Some(ENGINE_NAMESPACE.to_owned());
    }
    query
}

fn query_id(target: usize, arm: &str, series: usize) -> String {
    format!("t{target}_{arm}_{series}")
}

fn dimensions(function: &str, alias: &str, version: &str) -> Vec<Dimension> {
    let dimension = |name: &str, value: String| Dimension { name: name.to_owned(), value };
    vec![
        dimension("FunctionName", function.to_owned()),
        dimension("Resource", format!("{function}:{alias}")),
        dimension("ExecutedVersion", version.to_owned()),
    ]
}

fn query(id: String, metric: &str, stat: &str, period: i32, dimensions: Vec<Dimension>) -> MetricDataQuery {
    let metric = Metric {
        namespace: Some(NAMESPACE.to_owned()),
        metric_name: Some(metric.to_owned()),
        dimensions: Some(dimensions),
    };
    let stat = MetricStat { metric, period, stat: stat.to_owned(), unit: None };
    MetricDataQuery { id, metric_stat: Some(stat), return_data: Some(true), ..Default::default() }
}

async fn fetch(
    client: &Client,
    queries: Vec<MetricDataQuery>,
    start_time: Timestamp,
    end_time: Timestamp,
) -> Result<Vec<MetricDataResult>, CallError> {
    let mut results = Vec::new();
    let mut next_token = None;
    loop {
        let input = GetMetricDataInput {
            metric_data_queries: queries.clone(),
            start_time,
            end_time,
            next_token,
            ..Default::default()
        };
        let page = client.call::<cloudwatch::ops::GetMetricData>(input).await?;
        results.extend(page.metric_data_results.unwrap_or_default());
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(results);
        }
    }
}

fn sum_results(sums: &mut std::collections::BTreeMap<String, f64>, results: &[MetricDataResult]) {
    for result in results {
        let sum: f64 = result.values.iter().flatten().sum();
        *sums.entry(result.id.clone().unwrap_or_default()).or_default() += sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_asked_for_by_itself() {
        let mut target = Target {
            function: "shop-cart".into(),
            alias: "live".into(),
            from: "3".into(),
            to: "4".into(),
            baseline: Baseline::default(),
        };
        assert_eq!(target_queries(0, &target, Source::ENGINE).len(), 6);
        target.baseline.durations_ms = Some([10.0, 20.5, 80.0]);
        let queries = target_queries(0, &target, Source::ENGINE);
        assert_eq!(queries.len(), 12);
        assert_eq!(target_queries(0, &target, Source::AWS).len(), 4, "no cold starts, no latency");
        let last = queries[11].metric_stat.as_ref().unwrap();
        assert_eq!(last.stat, "TC(80:)");
        let dimensions = last.metric.dimensions.as_ref().unwrap();
        let values: Vec<_> = dimensions.iter().map(|dimension| dimension.value.as_str()).collect();
        assert_eq!(values, ["shop-cart", "shop-cart:live", "4"]);
    }
}
