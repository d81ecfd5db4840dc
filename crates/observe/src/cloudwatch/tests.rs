//! The service through its operations, in virtual time.

use std::time::Duration;

use updraft_api::cloudwatch::{ops::*, *};
use updraft_kernel::{FactKind, InvocationFact, InvocationOutcome};
use updraft_testkit::Bench;
use updraft_types::Timestamp;

fn bench() -> Bench {
    Bench::with(crate::cloudwatch::register).start()
}

fn now(bench: &Bench) -> Timestamp {
    bench.root().now()
}

fn dimensions(pairs: &[(&str, &str)]) -> Option<Vec<Dimension>> {
    Some(
        pairs
            .iter()
            .map(|(name, value)| Dimension { name: (*name).into(), value: (*value).into() })
            .collect(),
    )
}

fn datum(value: f64) -> MetricDatum {
    MetricDatum { metric_name: "Orders".into(), value: Some(value), ..Default::default() }
}

fn publish(data: Vec<MetricDatum>) -> PutMetricDataInput {
    PutMetricDataInput { namespace: "Shop".into(), metric_data: Some(data), ..Default::default() }
}

/// Statistics of the last and the next hour, by the minute.
fn ask(bench: &Bench, namespace: &str, name: &str, statistics: &[&str]) -> GetMetricStatisticsInput {
    let (extended, plain): (Vec<&str>, _) =
        statistics.iter().copied().partition(|stat| stat.starts_with('p'));
    GetMetricStatisticsInput {
        namespace: namespace.into(),
        metric_name: name.into(),
        start_time: now(bench).minus(Duration::from_secs(3_600)),
        end_time: now(bench).plus(Duration::from_secs(3_600)),
        period: 60,
        statistics: Some(plain.into_iter().map(Statistic::from).collect()),
        extended_statistics: Some(extended.into_iter().map(str::to_owned).collect()),
        ..Default::default()
    }
}

async fn points(bench: &Bench, input: GetMetricStatisticsInput) -> Vec<Datapoint> {
    bench.call::<GetMetricStatistics>(input).await.unwrap().datapoints.unwrap()
}

#[tokio::test]
async fn published_values_come_back_as_statistics() {
    let bench = bench();
    let many = MetricDatum {
        value: None,
        values: Some(vec![1.0, 3.0]),
        counts: Some(vec![2.0, 1.0]),
        unit: Some(StandardUnit::Count),
        ..datum(0.0)
    };
    let other = MetricDatum { dimensions: dimensions(&[("Stage", "prod")]), ..datum(100.0) };
    bench.call::<PutMetricData>(publish(vec![many.clone(), many, other])).await.unwrap();
    let all = ["SampleCount", "Average", "Sum", "Minimum", "Maximum", "p50", "p100"];
    let found = points(&bench, ask(&bench, "Shop", "Orders", &all)).await;
    assert_eq!(found.len(), 1);
    let point = &found[0];
    assert_eq!(point.timestamp.unwrap().millis() % 60_000, 0);
    assert_eq!(
        (point.sample_count, point.average, point.sum, point.minimum, point.maximum, point.unit.clone()),
        (Some(6.0), Some(10.0 / 6.0), Some(10.0), Some(1.0), Some(3.0), Some(StandardUnit::Count))
    );
    let percentiles = point.extended_statistics.clone().unwrap();
    assert!(
        (percentiles["p50"] - 1.0).abs() < 0.01 && (percentiles["p100"] - 3.0).abs() < 0.03,
        "{percentiles:?}"
    );
    let stage = GetMetricStatisticsInput {
        dimensions: dimensions(&[("Stage", "prod")]),
        ..ask(&bench, "Shop", "Orders", &["Sum"])
    };
    assert_eq!(points(&bench, stage).await[0].sum, Some(100.0));
    let bytes = GetMetricStatisticsInput {
        unit: Some(StandardUnit::Bytes),
        ..ask(&bench, "Shop", "Orders", &["Sum"])
    };
    assert_eq!(points(&bench, bytes).await, []);
}

#[tokio::test]
async fn only_high_resolution_is_kept_by_the_second_and_only_for_three_hours() {
    let bench = bench();
    let fine = MetricDatum { storage_resolution: Some(1), ..datum(1.0) };
    let coarse = MetricDatum { metric_name: "Coarse".into(), ..datum(1.0) };
    bench.call::<PutMetricData>(publish(vec![fine, coarse])).await.unwrap();
    let by_second = |name: &str| GetMetricStatisticsInput {
        period: 1,
        start_time: now(&bench).minus(Duration::from_secs(4 * 3_600)),
        end_time: now(&bench).minus(Duration::from_secs(4 * 3_600 - 1_000)),
        ..ask(&bench, "Shop", name, &["Sum"])
    };
    let here = |name: &str| GetMetricStatisticsInput {
        start_time: now(&bench),
        end_time: now(&bench).plus(Duration::from_secs(10)),
        ..by_second(name)
    };
    assert_eq!(points(&bench, here("Orders")).await.len(), 1);
    assert_eq!(points(&bench, here("Coarse")).await.len(), 0);
    let at = now(&bench);
    bench.advance(Duration::from_secs(4 * 3_600));
    assert_eq!(points(&bench, by_second("Orders")).await.len(), 0);
    let by_minute = GetMetricStatisticsInput {
        start_time: at,
        end_time: at.plus(Duration::from_secs(60)),
        ..ask(&bench, "Shop", "Orders", &["Sum"])
    };
    assert_eq!(points(&bench, by_minute).await.len(), 1);
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_in_aws_words() {
    let bench = bench();
    let refused =
        async |data: MetricDatum| bench.refused::<PutMetricData>(publish(vec![data])).await.to_string();
    let hours = |n: u64| Duration::from_secs(n * 3_600);
    for (data, wanted) in [
        (
            datum(f64::NAN),
            "InvalidParameterValue: The value NaN for parameter MetricData.member.1.Value is invalid.",
        ),
        (
            MetricDatum { value: None, ..datum(0.0) },
            "MissingParameter: The parameter MetricData.member.1.Value is required.",
        ),
        (
            MetricDatum { values: Some(vec![1.0]), ..datum(1.0) },
            "InvalidParameterCombination: The parameters MetricData.member.1.Value and MetricData.member.1.Values are \
             mutually exclusive and you have specified both.",
        ),
        (
            MetricDatum { value: None, values: Some(vec![1.0]), counts: Some(vec![]), ..datum(1.0) },
            "InvalidParameterValue: The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of \
             the same size.",
        ),
        (
            MetricDatum { timestamp: Some(now(&bench).plus(hours(3))), ..datum(1.0) },
            "InvalidParameterValue: The parameter MetricData.member.1.Timestamp must specify a time no more than two \
             hours in the future.",
        ),
        (
            MetricDatum { timestamp: Some(now(&bench).minus(hours(24 * 15))), ..datum(1.0) },
            "InvalidParameterValue: The parameter MetricData.member.1.Timestamp must specify a time within the past two \
             weeks.",
        ),
        (
            MetricDatum { storage_resolution: Some(5), ..datum(1.0) },
            "InvalidParameterValue: The value 5 for parameter MetricData.member.1.StorageResolution is invalid.",
        ),
    ] {
        assert_eq!(refused(data).await, wanted);
    }
    let reserved = PutMetricDataInput { namespace: "AWS/Lambda".into(), ..publish(vec![datum(1.0)]) };
    assert_eq!(bench.refused::<PutMetricData>(reserved).await.code, "InvalidParameterValue");

    let good = ask(&bench, "Shop", "Orders", &["Sum"]);
    for (input, wanted) in [
        (
            GetMetricStatisticsInput { period: 1, ..good.clone() },
            "InvalidParameterCombination: You have requested up to 7,200 datapoints, which exceeds the limit of 1,440. \
             You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        ),
        (
            GetMetricStatisticsInput { end_time: good.start_time, ..good.clone() },
            "InvalidParameterValue: The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            ask(&bench, "Shop", "Orders", &[]),
            "InvalidParameterCombination: At least one of the parameters Statistics and ExtendedStatistics must be \
             specified.",
        ),
        (
            ask(&bench, "Shop", "Orders", &["p101"]),
            "InvalidParameterValue: The value p101 for parameter ExtendedStatistics is not supported.",
        ),
    ] {
        assert_eq!(bench.refused::<GetMetricStatistics>(input).await.to_string(), wanted);
    }
}

fn invocation(qualifier: Option<&str>, version: &str, outcome: InvocationOutcome) -> FactKind {
    FactKind::Invocation(InvocationFact {
        function: "arn:aws:lambda:us-east-1:123456789012:function:cart".parse().unwrap(),
        name: "cart".into(),
        qualifier: qualifier.map(str::to_owned),
        version: version.into(),
        request_id: "r".into(),
        outcome,
        asynchronous: false,
        environment: None,
        init: None,
        duration: Duration::from_millis(40),
        billed: Duration::from_millis(40),
        memory_mib: 128,
        memory_max_mib: 64,
        concurrency: 2,
    })
}

fn select(id: &str, name: &str, pairs: &[(&str, &str)], stat: &str) -> MetricDataQuery {
    let metric = Metric {
        namespace: Some("AWS/Lambda".into()),
        metric_name: Some(name.into()),
        dimensions: dimensions(pairs),
    };
    let metric_stat = MetricStat { metric, period: 1, stat: stat.into(), unit: None };
    MetricDataQuery { id: id.into(), metric_stat: Some(metric_stat), ..Default::default() }
}

fn data(bench: &Bench, queries: Vec<MetricDataQuery>) -> GetMetricDataInput {
    GetMetricDataInput {
        metric_data_queries: queries,
        start_time: now(bench).minus(Duration::from_secs(60)),
        end_time: now(bench).plus(Duration::from_secs(60)),
        ..Default::default()
    }
}

#[tokio::test]
async fn both_sides_of_a_weighted_alias_can_be_told_apart_at_once() {
    use InvocationOutcome::{Failed, Succeeded, Throttled};
    let bench = bench();
    bench.advance(Duration::from_millis(500));
    for (qualifier, version, outcome) in [
        (Some("live"), "1", Succeeded),
        (Some("live"), "1", Succeeded),
        (Some("live"), "2", Failed),
        (Some("live"), "2", Succeeded),
        (Some("live"), "2", Throttled),
        (Some("2"), "2", Failed),
        (None, "$LATEST", Succeeded),
    ] {
        bench.root().emit(invocation(qualifier, version, outcome));
    }
    let executed =
        |version| [("FunctionName", "cart"), ("Resource", "cart:live"), ("ExecutedVersion", version)];
    let queries = vec![
        select("all", "Invocations", &[], "Sum"),
        select("function", "Invocations", &[("FunctionName", "cart")], "Sum"),
        select("alias", "Invocations", &[("FunctionName", "cart"), ("Resource", "cart:live")], "Sum"),
        select("unqualified", "Invocations", &[("FunctionName", "cart"), ("Resource", "cart")], "Sum"),
        select("old", "Errors", &executed("1"), "Sum"),
        select("new", "Errors", &executed("2"), "Sum"),
        select("rate", "Errors", &executed("2"), "Average"),
        select("throttles", "Throttles", &executed("2"), "Sum"),
        select("slow", "Duration", &executed("2"), "p99"),
        select("concurrent", "ConcurrentExecutions", &[("FunctionName", "cart")], "Maximum"),
        MetricDataQuery { return_data: Some(false), ..select("hidden", "Errors", &[], "Sum") },
    ];
    let output = bench.call::<GetMetricData>(data(&bench, queries)).await.unwrap();
    let results = output.metric_data_results.unwrap();
    let values: Vec<_> =
        results.iter().map(|one| (one.id.clone().unwrap(), one.values.clone().unwrap())).collect();
    let wanted = [
        ("all", 6.0),
        ("function", 6.0),
        ("alias", 4.0),
        ("unqualified", 1.0),
        ("old", 0.0),
        ("new", 1.0),
        ("rate", 0.5),
        ("throttles", 1.0),
        ("slow", 40.0),
        ("concurrent", 2.0),
    ];
    for ((id, found), (wanted_id, value)) in values.iter().zip(wanted) {
        assert_eq!((id.as_str(), found.len()), (wanted_id, 1));
        assert!((found[0] - value).abs() <= value * 0.01, "{id}: {found:?}");
    }
    assert_eq!(values.len(), wanted.len());
    assert_eq!(
        results[0].timestamps.as_ref().unwrap()[0],
        Timestamp::from_millis(now(&bench).secs() * 1_000)
    );
    assert_eq!(results[0].status_code, Some(StatusCode::Complete));
}

#[tokio::test]
async fn requests_of_an_http_api_are_counted_by_stage_and_route() {
    let bench = bench();
    for status in [200, 404, 502] {
        let (api, stage, route) = ("a1".into(), "$default".into(), "GET /items/{id}".into());
        bench.root().emit(FactKind::HttpRequest {
            api,
            stage,
            route,
            status,
            micros: 2_000,
            integration_micros: 1_000,
        });
    }
    for (name, wanted) in [("Count", 3.0), ("4xx", 1.0), ("5xx", 1.0), ("Latency", 6.0)] {
        for pairs in [
            vec![("ApiId", "a1")],
            vec![("ApiId", "a1"), ("Stage", "$default")],
            vec![("ApiId", "a1"), ("Stage", "$default"), ("Method", "GET"), ("Resource", "/items/{id}")],
        ] {
            let input = GetMetricStatisticsInput {
                dimensions: dimensions(&pairs),
                ..ask(&bench, "AWS/ApiGateway", name, &["Sum"])
            };
            let sum: f64 = points(&bench, input).await.iter().filter_map(|point| point.sum).sum();
            assert!((sum - wanted).abs() < 1e-9, "{name} {pairs:?}: {sum}");
        }
    }
}

#[tokio::test]
async fn data_is_paged_in_either_order() {
    let bench = bench();
    let begin = now(&bench);
    let at = |n: u64| Some(begin.plus(Duration::from_secs(60 * n)));
    let values = (0..5).map(|n| MetricDatum { timestamp: at(n), ..datum(n as f64) }).collect();
    bench.call::<PutMetricData>(publish(values)).await.unwrap();
    let mut query = select("m", "Orders", &[], "Sum");
    let stat = query.metric_stat.as_mut().unwrap();
    stat.metric.namespace = Some("Shop".into());
    stat.period = 60;
    let input = GetMetricDataInput {
        start_time: begin,
        end_time: begin.plus(Duration::from_secs(300)),
        max_datapoints: Some(2),
        ..data(&bench, vec![query])
    };
    for (scan_by, wanted) in
        [(None, [4.0, 3.0, 2.0, 1.0, 0.0]), (Some(ScanBy::TimestampAscending), [0.0, 1.0, 2.0, 3.0, 4.0])]
    {
        let mut found = Vec::new();
        let mut input = GetMetricDataInput { scan_by, ..input.clone() };
        loop {
            let output = bench.call::<GetMetricData>(input.clone()).await.unwrap();
            let result = output.metric_data_results.unwrap().remove(0);
            found.push(result.values.unwrap());
            input.next_token = output.next_token;
            if input.next_token.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(found.concat(), wanted);
    }
    let odd = GetMetricDataInput { next_token: Some("!".into()), ..input };
    assert_eq!(bench.refused::<GetMetricData>(odd).await.code, "InvalidNextToken");
}

#[tokio::test]
async fn metrics_are_listed_by_what_they_have_and_forgotten_when_silent() {
    let bench = bench();
    let with = |name: &str, pairs: &[(&str, &str)]| MetricDatum {
        metric_name: name.into(),
        dimensions: dimensions(pairs),
        ..datum(1.0)
    };
    let data = vec![
        with("Orders", &[]),
        with("Orders", &[("Stage", "prod"), ("Shop", "1")]),
        with("Orders", &[("Stage", "test")]),
        with("Returns", &[("Stage", "prod")]),
    ];
    bench.call::<PutMetricData>(publish(data)).await.unwrap();
    let count = async |input: ListMetricsInput| {
        bench.call::<ListMetrics>(input).await.unwrap().metrics.unwrap().len()
    };
    let filter = |name: &str, value: Option<&str>| {
        Some(vec![DimensionFilter { name: name.into(), value: value.map(str::to_owned) }])
    };
    let all = ListMetricsInput::default;
    assert_eq!(count(all()).await, 4);
    assert_eq!(count(ListMetricsInput { namespace: Some("Sho".into()), ..all() }).await, 0);
    assert_eq!(count(ListMetricsInput { metric_name: Some("Orders".into()), ..all() }).await, 3);
    assert_eq!(count(ListMetricsInput { dimensions: filter("Stage", None), ..all() }).await, 3);
    assert_eq!(count(ListMetricsInput { dimensions: filter("Stage", Some("prod")), ..all() }).await, 2);
    bench.advance(Duration::from_secs(4 * 3_600));
    let recent = || ListMetricsInput { recently_active: Some(RecentlyActive::Pt3h), ..all() };
    assert_eq!(count(recent()).await, 0);
    bench.call::<PutMetricData>(publish(vec![with("Orders", &[])])).await.unwrap();
    assert_eq!(count(recent()).await, 1);
    bench.advance(Duration::from_secs(16 * 24 * 3_600));
    assert_eq!(count(all()).await, 0);
    // What comes in later sweeps away what has expired.
    bench.call::<PutMetricData>(publish(vec![with("New", &[])])).await.unwrap();
    let stored = bench.root().view(|view| {
        super::model::METRICS.all(view, &()).unwrap().len()
            + super::model::EXPIRIES.all(view, &()).unwrap().len()
    });
    assert_eq!(stored, 2);
}

#[tokio::test]
async fn more_metrics_than_a_page_holds_are_listed_page_by_page() {
    let bench = bench();
    let one = |n: usize| MetricDatum { metric_name: format!("m{n:04}"), ..datum(1.0) };
    bench.call::<PutMetricData>(publish((0..750).map(one).collect())).await.unwrap();
    let first = bench.call::<ListMetrics>(ListMetricsInput::default()).await.unwrap();
    let next = ListMetricsInput { next_token: first.next_token, ..Default::default() };
    let second = bench.call::<ListMetrics>(next).await.unwrap();
    assert_eq!(
        (first.metrics.unwrap().len(), second.metrics.unwrap().len(), second.next_token),
        (500, 250, None)
    );
}

#[tokio::test]
async fn expressions_are_worked_out_from_metrics_and_each_other() {
    let bench = bench();
    for outcome in [InvocationOutcome::Failed, InvocationOutcome::Succeeded] {
        bench.root().emit(invocation(None, "$LATEST", outcome));
    }
    let expression = |id: &str, text: &str| MetricDataQuery {
        id: id.into(),
        expression: Some(text.into()),
        ..Default::default()
    };
    let hidden = |query| MetricDataQuery { return_data: Some(false), ..query };
    let with = |queries: Vec<MetricDataQuery>| {
        let metrics = [
            hidden(select("errors", "Errors", &[], "Sum")),
            hidden(select("all", "Invocations", &[], "Sum")),
        ];
        data(&bench, metrics.into_iter().chain(queries).collect())
    };
    let input = with(vec![hidden(expression("share", "errors / all")), expression("percent", "100 * share")]);
    let output = bench.call::<GetMetricData>(input).await.unwrap();
    let results = output.metric_data_results.unwrap();
    assert_eq!((results.len(), results[0].label.as_deref()), (1, Some("percent")));
    assert_eq!(results[0].values, Some(vec![50.0]));
    for (text, part) in [
        ("SEARCH('{AWS/Lambda} x', 'Sum')", "SEARCH is not supported"),
        ("nothing + 1", "unknown id 'nothing'"),
        ("e1 + 1", "circle"),
        ("SUM(all)", "must be a time series"),
    ] {
        let refusal = bench.refused::<GetMetricData>(with(vec![expression("e1", text)])).await;
        assert_eq!(refusal.code, "ValidationError");
        assert!(
            refusal.message.starts_with("Error in expression 'e1': ") && refusal.message.contains(part),
            "{refusal}"
        );
    }
}

#[tokio::test]
async fn two_thousand_events_at_once_are_two_thousand_counts() {
    use updraft_kernel::AsyncStep;
    let bench = bench();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let root = bench.root();
            tokio::spawn(async move {
                for _ in 0..100 {
                    let step = |step| FactKind::AsyncEvent { function: "cart".into(), qualifier: None, step };
                    root.emit(step(AsyncStep::Received));
                    root.emit(step(AsyncStep::Tried(Duration::from_millis(4))));
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for (name, statistic, sum) in
        [("AsyncEventsReceived", "Sum", 2_000.0), ("AsyncEventAge", "SampleCount", 2_000.0)]
    {
        let input = GetMetricStatisticsInput {
            dimensions: dimensions(&[("FunctionName", "cart")]),
            ..ask(&bench, "AWS/Lambda", name, &[statistic])
        };
        bench.root().settle_facts().await.unwrap();
        let found = points(&bench, input).await;
        let total: f64 = found.iter().filter_map(|point| point.sum.or(point.sample_count)).sum();
        assert!((total - sum).abs() < f64::EPSILON, "{name}: {total}");
    }
}

#[tokio::test]
async fn executions_are_counted_by_state_machine() {
    use updraft_kernel::ExecutionStep;
    let bench = bench();
    let root = bench.root();
    let machine: updraft_types::Arn =
        "arn:aws:states:us-east-1:123456789012:stateMachine:order".parse().unwrap();
    let took = Duration::from_millis(250);
    for step in [
        ExecutionStep::Started,
        ExecutionStep::Succeeded(took),
        ExecutionStep::Started,
        ExecutionStep::Failed(took),
    ] {
        root.emit(FactKind::Execution { machine: machine.clone(), step });
    }
    root.settle_facts().await.unwrap();
    for (name, statistic, wanted) in [
        ("ExecutionsStarted", "Sum", 2.0),
        ("ExecutionsSucceeded", "Sum", 1.0),
        ("ExecutionsFailed", "Sum", 1.0),
        ("ExecutionTime", "Sum", 500.0),
    ] {
        let input = GetMetricStatisticsInput {
            dimensions: dimensions(&[("StateMachineArn", machine.as_str())]),
            ..ask(&bench, "AWS/States", name, &[statistic])
        };
        let found = points(&bench, input).await;
        assert_eq!(found.iter().filter_map(|point| point.sum).sum::<f64>(), wanted, "{name}");
    }
}
