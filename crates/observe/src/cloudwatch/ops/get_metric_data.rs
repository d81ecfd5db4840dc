//! `GetMetricData`: many metrics at once, page by page.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::GetMetricData;
use updraft_api::cloudwatch::{
    GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
    StatusCode,
};
use updraft_kernel::{Access, Result, Serve, ServeCx, View};
use updraft_lang::metric_math::{Expression, Inputs, MathError, Series, Value};
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
        let plan = plan(cx.scope(), &input)?;
        let done = input.next_token.as_deref().map_or(Ok(0), read_token)?;
        let limit = match input.max_datapoints {
            None => DATAPOINTS_MAX,
            Some(limit) => usize::try_from(limit)
                .ok()
                .filter(|limit| (1..=DATAPOINTS_MAX).contains(limit))
                .ok_or_else(|| refusals::invalid_value(limit, "MaxDatapoints"))?,
        };
        cx.settle_facts().await?;
        let metrics = cx.view(|view| read(view, &plan))?;
        let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
        let (metric_data_results, next_token) = page(results(&plan, &metrics, ascending)?, done, limit);
        Ok(GetMetricDataOutput {
            metric_data_results: Some(metric_data_results),
            next_token,
            messages: Some(Vec::new()),
        })
    }
}

/// The series of the one query of an alarm that is returned, in periods that begin at `begin`.
pub(in crate::cloudwatch) fn series_of_alarm(
    view: &View<'_>,
    queries: Vec<MetricDataQuery>,
    begin: Timestamp,
    end: Timestamp,
) -> Result<Series> {
    let input = GetMetricDataInput {
        metric_data_queries: queries,
        start_time: begin,
        end_time: end,
        ..Default::default()
    };
    let mut plan = plan(view.scope(), &input)?;
    plan.begin_at(begin, end);
    let metrics = read(view, &plan)?;
    let found = results(&plan, &metrics, true)?;
    match <[Found; 1]>::try_from(found) {
        Ok([found]) => Ok(found.points.into_iter().map(|(time, value)| (time.millis(), value)).collect()),
        Err(_) => Err(refusals::validation("An alarm's expression must give one time series").into()),
    }
}

/// Checks an alarm's queries as those of a request are.
pub(in crate::cloudwatch) fn check_queries(scope: &Scope, queries: &[MetricDataQuery]) -> Result<()> {
    let input = GetMetricDataInput {
        metric_data_queries: queries.to_vec(),
        start_time: Timestamp::from_millis(0),
        end_time: Timestamp::from_millis(60_000),
        ..Default::default()
    };
    plan(scope, &input)?;
    Ok(())
}

/// One query, checked.
struct Planned {
    id: String,
    label: String,
    returned: bool,
    source: Source,
}

/// Where a query's values come from.
enum Source {
    Metric(Box<Query>, Stat),
    Expression(Expression),
}

/// One query's values.
struct Found {
    id: String,
    label: String,
    points: Vec<(Timestamp, f64)>,
}

/// The queries, checked, and the times that a series may have values at.
struct Plan {
    queries: Vec<Planned>,
    times: Vec<i64>,
}

impl Plan {
    /// Has every period begin at `begin` or a number of periods later, whatever the clock says.
    fn begin_at(&mut self, begin: Timestamp, end: Timestamp) {
        let mut step = None;
        for one in &mut self.queries {
            if let Source::Metric(query, _) = &mut one.source {
                query.begin = begin;
                step = Some(step.unwrap_or(i64::MAX).min(query.period.millis()));
            }
        }
        if let Some(step) = step {
            let next = |time: &i64| Some(time + step);
            let times = std::iter::successors(Some(begin.millis()), next);
            self.times = times.take_while(|time| *time < end.millis()).collect();
        }
    }
}

/// Checks the queries.
fn plan(scope: &Scope, input: &GetMetricDataInput) -> std::result::Result<Plan, Refusal> {
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
    for query in queries {
        check_id(&query.id)?;
        if !ids.insert(query.id.as_str()) {
            return Err(refusals::validation(format!(
                "The value for parameter MetricDataQueries has a duplicate Id: {}",
                query.id
            )));
        }
    }
    let queries = queries
        .iter()
        .map(|query| planned(scope, input, query))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(Plan { times: times(&queries, input)?, queries })
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

fn planned(
    scope: &Scope,
    input: &GetMetricDataInput,
    query: &MetricDataQuery,
) -> std::result::Result<Planned, Refusal> {
    let (source, label) = match (&query.metric_stat, &query.expression) {
        (Some(stat), None) => metric_source(scope, input, stat)?,
        (None, Some(expression)) => {
            let expression = expression.parse().map_err(|error| in_expression(&query.id, &error))?;
            (Source::Expression(expression), query.id.clone())
        }
        _ => {
            return Err(refusals::validation(format!(
                "The query '{}' must have either a MetricStat or an Expression",
                query.id
            )));
        }
    };
    Ok(Planned {
        id: query.id.clone(),
        label: query.label.clone().unwrap_or(label),
        returned: query.return_data.unwrap_or(true),
        source,
    })
}

/// A metric to read, and the label it has unless another is given.
fn metric_source(
    scope: &Scope,
    input: &GetMetricDataInput,
    MetricStat { metric, period, stat, unit }: &MetricStat,
) -> std::result::Result<(Source, String), Refusal> {
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
    let query = Query {
        metric: query::metric_name(scope, &namespace, &name, metric.dimensions.as_deref())?,
        unit: unit.clone(),
        period,
        begin: period.align(input.start_time),
        end: input.end_time,
    };
    Ok((Source::Metric(Box::new(query), stat), name))
}

/// The beginnings of the shortest periods asked for; only expressions need them.
fn times(queries: &[Planned], input: &GetMetricDataInput) -> std::result::Result<Vec<i64>, Refusal> {
    let period = |one: &Planned| match &one.source {
        Source::Metric(query, _) => Some(query.period),
        Source::Expression(_) => None,
    };
    let shortest = queries.iter().filter_map(period).min_by_key(|period| period.millis());
    let has_expressions = queries.iter().any(|one| matches!(one.source, Source::Expression(_)));
    let Some(period) = shortest.filter(|_| has_expressions) else { return Ok(Vec::new()) };
    let begin = period.align(input.start_time).millis();
    let step = period.millis();
    if (input.end_time.millis() - begin) / step > DATAPOINTS_MAX as i64 {
        return Err(refusals::validation(format!(
            "The time range has more than {DATAPOINTS_MAX} periods of {} seconds; make it or the expression's metrics coarser",
            step / 1_000
        )));
    }
    let next = |time: &i64| Some(time + step);
    Ok(std::iter::successors(Some(begin), next).take_while(|time| *time < input.end_time.millis()).collect())
}

/// Reads every metric of a plan, by the ids of their queries.
fn read(view: &View<'_>, plan: &Plan) -> Result<BTreeMap<String, Series>> {
    let mut metrics = BTreeMap::new();
    for one in &plan.queries {
        if let Source::Metric(query, stat) = &one.source {
            let periods = query::by_period(view, query, view.now())?;
            let point = |(begin, values): (Timestamp, _)| Some((begin.millis(), stat.of(&values)?));
            metrics.insert(one.id.clone(), periods.into_iter().filter_map(point).collect());
        }
    }
    Ok(metrics)
}

/// The series that a plan returns.
fn results(
    plan: &Plan,
    metrics: &BTreeMap<String, Series>,
    ascending: bool,
) -> std::result::Result<Vec<Found>, Refusal> {
    let work = Work { plan, metrics, known: RefCell::new(HashMap::new()) };
    let mut results = Vec::new();
    for one in plan.queries.iter().filter(|one| one.returned) {
        let series = match work.value(&one.id, 0).map_err(|error| in_expression(&one.id, &error))? {
            Value::Series(series) => vec![series],
            Value::Many(many) => many,
            Value::Scalar(_) => {
                let message = format!("Error in expression '{}': its result must be a time series", one.id);
                return Err(refusals::validation(message));
            }
        };
        results.extend(series.into_iter().map(|series| {
            let mut points: Vec<_> =
                series.into_iter().map(|(time, value)| (Timestamp::from_millis(time), value)).collect();
            if !ascending {
                points.reverse();
            }
            Found { id: one.id.clone(), label: one.label.clone(), points }
        }));
    }
    Ok(results)
}

/// Working out expressions that may name each other, each of them once.
struct Work<'a> {
    plan: &'a Plan,
    metrics: &'a BTreeMap<String, Series>,
    known: RefCell<HashMap<String, std::result::Result<Value, MathError>>>,
}

/// How many expressions may stand on each other.
const CHAIN_MAX: usize = 32;

impl Work<'_> {
    fn value(&self, id: &str, depth: usize) -> std::result::Result<Value, MathError> {
        if let Some(series) = self.metrics.get(id) {
            return Ok(Value::Series(series.clone()));
        }
        if let Some(known) = self.known.borrow().get(id) {
            return known.clone();
        }
        let of_id = |one: &&Planned| one.id == id;
        let Some(Planned { source: Source::Expression(expression), .. }) =
            self.plan.queries.iter().find(of_id)
        else {
            return Err(MathError::new(format!("unknown id '{id}'")));
        };
        if depth == CHAIN_MAX {
            return Err(MathError::new("the expressions refer to each other in a circle, or too deep"));
        }
        let metrics: Vec<_> = self.metrics.iter().map(|(id, series)| (id.as_str(), series)).collect();
        let mut named = HashMap::new();
        for id in expression.ids() {
            named.insert(id, self.value(id, depth + 1)?);
        }
        let inputs =
            Inputs { named: &|id| named.get(id).cloned(), metrics: &metrics, times: &self.plan.times };
        let value = expression.evaluate(&inputs);
        self.known.borrow_mut().insert(id.to_owned(), value.clone());
        value
    }
}

fn in_expression(id: &str, error: &MathError) -> Refusal {
    refusals::validation(format!("Error in expression '{id}': {error}"))
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
