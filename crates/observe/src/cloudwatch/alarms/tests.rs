//! Alarms through the service's operations, in virtual time.

use std::time::Duration;

use updraft_api::cloudwatch::{ops::*, *};
use updraft_kernel::Error;
use updraft_testkit::Bench;

use super::model::{State, find};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:on-alarm";

fn bench() -> Bench {
    Bench::with(crate::cloudwatch::register).start()
}

fn state(bench: &Bench, name: &str) -> State {
    let root = bench.root();
    root.view(|view| find(view, view.scope(), name)).unwrap().unwrap().status.state
}

async fn until(bench: &Bench, name: &str, wanted: State) {
    bench.until(|| state(bench, name) == wanted).await;
}

fn alarm(name: &str) -> PutMetricAlarmInput {
    PutMetricAlarmInput {
        alarm_name: name.into(),
        metric_name: Some("Errors".into()),
        namespace: Some("Shop".into()),
        statistic: Some(Statistic::Sum),
        period: Some(60),
        evaluation_periods: Some(1),
        threshold: Some(1.0),
        comparison_operator: Some(ComparisonOperator::GreaterThanThreshold),
        ..Default::default()
    }
}

async fn publish(bench: &Bench, name: &str, value: f64, resolution: Option<i32>) {
    let datum = MetricDatum {
        metric_name: name.into(),
        value: Some(value),
        storage_resolution: resolution,
        ..Default::default()
    };
    let input =
        PutMetricDataInput { namespace: "Shop".into(), metric_data: Some(vec![datum]), ..Default::default() };
    bench.call::<PutMetricData>(input).await.unwrap();
}

async fn history(bench: &Bench, name: &str) -> Vec<String> {
    let input = DescribeAlarmHistoryInput {
        alarm_name: Some(name.into()),
        scan_by: Some(ScanBy::TimestampAscending),
        ..Default::default()
    };
    let items = bench.call::<DescribeAlarmHistory>(input).await.unwrap().alarm_history_items.unwrap();
    items.into_iter().filter_map(|item| item.history_summary).collect()
}

async fn described(bench: &Bench, name: &str) -> MetricAlarm {
    let input = DescribeAlarmsInput { alarm_names: Some(vec![name.into()]), ..Default::default() };
    bench.call::<DescribeAlarms>(input).await.unwrap().metric_alarms.unwrap().remove(0)
}

#[tokio::test]
async fn an_alarm_follows_its_metric() {
    let bench = bench();
    bench.call::<PutMetricAlarm>(alarm("errors")).await.unwrap();
    assert_eq!(
        described(&bench, "errors").await.state_reason.as_deref(),
        Some("Unchecked: Initial alarm creation")
    );
    publish(&bench, "Errors", 5.0, None).await;
    until(&bench, "errors", State::Alarm).await;
    let shown = described(&bench, "errors").await;
    let reason = shown.state_reason.unwrap();
    assert!(reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoint [5.0 ("), "{reason}");
    let data: serde_json::Value = serde_json::from_str(&shown.state_reason_data.unwrap()).unwrap();
    assert_eq!((&data["threshold"], &data["recentDatapoints"][0]), (&1.0.into(), &5.0.into()));
    assert_eq!(data["statistic"], "Sum");
    publish(&bench, "Errors", 0.0, None).await;
    until(&bench, "errors", State::Ok).await;
    until(&bench, "errors", State::InsufficientData).await;
    assert_eq!(
        history(&bench, "errors").await,
        [
            "Alarm \"errors\" created",
            "Alarm updated from INSUFFICIENT_DATA to ALARM",
            "Alarm updated from ALARM to OK",
            "Alarm updated from OK to INSUFFICIENT_DATA",
        ]
    );
}

#[tokio::test]
async fn missing_data_is_treated_as_asked() {
    let bench = bench();
    for (treatment, wanted) in [("breaching", State::Alarm), ("notBreaching", State::Ok)] {
        let input = PutMetricAlarmInput { treat_missing_data: Some(treatment.into()), ..alarm(treatment) };
        bench.call::<PutMetricAlarm>(input).await.unwrap();
        until(&bench, treatment, wanted).await;
    }
}

#[tokio::test]
async fn a_high_resolution_alarm_needs_seconds_not_minutes() {
    let bench = bench();
    bench.call::<PutMetricAlarm>(PutMetricAlarmInput { period: Some(10), ..alarm("fine") }).await.unwrap();
    publish(&bench, "Errors", 5.0, Some(1)).await;
    let begun = bench.root().now();
    until(&bench, "fine", State::Alarm).await;
    assert!(bench.root().now().since(begun) <= Duration::from_secs(10));
    until(&bench, "fine", State::InsufficientData).await;
    assert!(bench.root().now().since(begun) <= Duration::from_secs(40));
}

#[tokio::test]
async fn an_alarm_can_look_at_an_expression() {
    let bench = bench();
    let stat = |id: &str, name: &str| MetricDataQuery {
        id: id.into(),
        metric_stat: Some(MetricStat {
            metric: Metric {
                namespace: Some("Shop".into()),
                metric_name: Some(name.into()),
                dimensions: None,
            },
            period: 120,
            stat: "Sum".into(),
            unit: None,
        }),
        return_data: Some(false),
        ..Default::default()
    };
    let rate = MetricDataQuery {
        id: "rate".into(),
        expression: Some("100 * failed / requests".into()),
        ..Default::default()
    };
    let input = PutMetricAlarmInput {
        metric_name: None,
        namespace: None,
        statistic: None,
        period: None,
        metrics: Some(vec![stat("failed", "Errors"), stat("requests", "Requests"), rate]),
        threshold: Some(10.0),
        ..alarm("rate")
    };
    bench.call::<PutMetricAlarm>(input).await.unwrap();
    publish(&bench, "Errors", 1.0, None).await;
    publish(&bench, "Requests", 8.0, None).await;
    until(&bench, "rate", State::Alarm).await;
    assert_eq!(described(&bench, "rate").await.metrics.unwrap().len(), 3);
    let asked = DescribeAlarmsForMetricInput {
        metric_name: "Requests".into(),
        namespace: "Shop".into(),
        ..Default::default()
    };
    let found = bench.call::<DescribeAlarmsForMetric>(asked).await.unwrap().metric_alarms.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn composite_alarms_follow_the_alarms_below_and_actions_are_taken() {
    let bench = bench();
    for name in ["a", "b"] {
        bench.call::<PutMetricAlarm>(alarm(name)).await.unwrap();
    }
    let composite = |name: &str, rule: &str| PutCompositeAlarmInput {
        alarm_name: name.into(),
        alarm_rule: rule.into(),
        alarm_actions: Some(vec![FUNCTION.into()]),
        ..Default::default()
    };
    bench.call::<PutCompositeAlarm>(composite("both", "ALARM(a) AND ALARM(\"b\")")).await.unwrap();
    let arn = "ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:both)";
    bench.call::<PutCompositeAlarm>(composite("top", arn)).await.unwrap();
    assert_eq!((state(&bench, "both"), state(&bench, "top")), (State::Ok, State::Ok));
    for name in ["a", "b"] {
        let input = SetAlarmStateInput {
            alarm_name: name.into(),
            state_value: StateValue::Alarm,
            state_reason: "drill".into(),
            ..Default::default()
        };
        bench.call::<SetAlarmState>(input).await.unwrap();
        assert_eq!(state(&bench, "top") == State::Alarm, name == "b");
    }
    let root = bench.root();
    let seen = || {
        let all = root.view(|view| super::history::HISTORY.all(view, view.scope())).unwrap();
        let of_top = all.into_iter().filter(|(_, item)| item.alarm == "top");
        of_top.map(|(_, item)| item.summary).collect::<Vec<_>>()
    };
    // There are no functions on this bench: the action is taken, fails, and says so.
    bench
        .until(|| seen().iter().any(|one| one.starts_with(&format!("Failed to execute action {FUNCTION}"))))
        .await;
    let input =
        DescribeAlarmsInput { alarm_types: Some(vec![AlarmType::CompositeAlarm]), ..Default::default() };
    let shown = bench.call::<DescribeAlarms>(input).await.unwrap().composite_alarms.unwrap();
    assert_eq!(shown.len(), 2);
    assert!(shown[1].state_reason.as_ref().unwrap().contains("alarm:both transitioned to "));
    let delete = |names: &[&str]| DeleteAlarmsInput {
        alarm_names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let refusal = bench.refused::<DeleteAlarms>(delete(&["a"])).await;
    assert!(refusal.message.contains("composite alarm(s) depending on it: both"), "{refusal}");
    bench.call::<DeleteAlarms>(delete(&["top", "both", "a", "b", "nobody"])).await.unwrap();
    let left = bench.call::<DescribeAlarms>(DescribeAlarmsInput::default()).await.unwrap();
    assert_eq!(left.metric_alarms.unwrap().len(), 0);
}

#[tokio::test]
async fn actions_wait_for_the_suppressor() {
    let bench = bench();
    for name in ["child", "deploying"] {
        let quiet = PutMetricAlarmInput { treat_missing_data: Some("ignore".into()), ..alarm(name) };
        bench.call::<PutMetricAlarm>(quiet).await.unwrap();
    }
    let composite = PutCompositeAlarmInput {
        alarm_name: "page".into(),
        alarm_rule: "ALARM(child)".into(),
        alarm_actions: Some(vec![FUNCTION.into()]),
        ok_actions: Some(vec![FUNCTION.into()]),
        actions_suppressor: Some("deploying".into()),
        actions_suppressor_wait_period: Some(60),
        actions_suppressor_extension_period: Some(90),
        ..Default::default()
    };
    bench.call::<PutCompositeAlarm>(composite.clone()).await.unwrap();
    let set = async |name: &str, state_value: StateValue| {
        let input = SetAlarmStateInput {
            alarm_name: name.into(),
            state_value,
            state_reason: "drill".into(),
            ..Default::default()
        };
        bench.call::<SetAlarmState>(input).await.unwrap();
    };
    let held = async || {
        let input =
            DescribeAlarmsInput { alarm_types: Some(vec![AlarmType::CompositeAlarm]), ..Default::default() };
        let shown = bench.call::<DescribeAlarms>(input).await.unwrap().composite_alarms.unwrap();
        shown[0].actions_suppressed_by.clone()
    };
    let root = bench.root();
    let acted = || {
        let all = root.view(|view| super::history::HISTORY.all(view, view.scope())).unwrap();
        all.into_iter().filter(|(_, item)| item.kind == super::history::ItemKind::Action).count()
    };

    // The suppressor goes off while the alarm waits for it, and holds the actions back for longer.
    set("child", StateValue::Alarm).await;
    assert_eq!(held().await, Some(ActionsSuppressedBy::WaitPeriod));
    set("deploying", StateValue::Alarm).await;
    assert_eq!(held().await, Some(ActionsSuppressedBy::Alarm));
    bench.advance(Duration::from_secs(600));
    set("deploying", StateValue::Ok).await;
    assert_eq!(held().await, Some(ActionsSuppressedBy::ExtensionPeriod));
    assert_eq!(acted(), 0);
    bench.until(|| acted() == 1).await;
    assert_eq!(held().await, None);

    // What was announced is taken back; what was not, is not.
    set("child", StateValue::Ok).await;
    bench.until(|| acted() == 2).await;
    set("deploying", StateValue::Alarm).await;
    set("child", StateValue::Alarm).await;
    set("child", StateValue::Ok).await;
    assert_eq!((held().await, acted()), (None, 2));

    // Nobody suppresses it: after the wait the action is taken.
    set("deploying", StateValue::Ok).await;
    set("child", StateValue::Alarm).await;
    bench.until(|| acted() == 3).await;

    let nobody = PutCompositeAlarmInput { actions_suppressor: Some("nobody".into()), ..composite };
    let refusal = bench.refused::<PutCompositeAlarm>(nobody).await;
    assert!(refusal.message.contains("its suppressor nobody does not exist"), "{refusal}");
}

#[tokio::test]
async fn a_state_that_was_set_lasts_until_the_next_evaluation() {
    let bench = bench();
    let quiet = PutMetricAlarmInput { treat_missing_data: Some("notBreaching".into()), ..alarm("quiet") };
    bench.call::<PutMetricAlarm>(quiet.clone()).await.unwrap();
    until(&bench, "quiet", State::Ok).await;
    let set = SetAlarmStateInput {
        alarm_name: "quiet".into(),
        state_value: StateValue::Alarm,
        state_reason: "drill".into(),
        state_reason_data: Some("{}".into()),
    };
    bench.call::<SetAlarmState>(set.clone()).await.unwrap();
    assert_eq!(state(&bench, "quiet"), State::Alarm);
    // A change of the alarm leaves its state as it is.
    bench.call::<PutMetricAlarm>(PutMetricAlarmInput { threshold: Some(7.0), ..quiet }).await.unwrap();
    until(&bench, "quiet", State::Ok).await;
    assert_eq!(described(&bench, "quiet").await.threshold, Some(7.0));
    let bad = SetAlarmStateInput { state_reason_data: Some("{".into()), ..set.clone() };
    assert_eq!(bench.refused::<SetAlarmState>(bad).await.code, "InvalidFormat");
    let nobody = SetAlarmStateInput { alarm_name: "nobody".into(), ..set };
    assert_eq!(bench.refused::<SetAlarmState>(nobody).await.code, "ResourceNotFound");
}

#[tokio::test]
async fn what_is_no_alarm_is_refused() {
    let bench = bench();
    let base = || alarm("bad");
    let some = |text: &str| Some(text.to_owned());
    for (input, message) in [
        (PutMetricAlarmInput { period: Some(15), ..base() }, "Period must be 10, 20, 30 or a multiple of 60"),
        (PutMetricAlarmInput { period: Some(1), ..base() }, "Period must be 10, 20, 30 or a multiple of 60"),
        (
            PutMetricAlarmInput { datapoints_to_alarm: Some(2), ..base() },
            "DatapointsToAlarm must be less than",
        ),
        (PutMetricAlarmInput { evaluation_periods: Some(1_441), ..base() }, "across more than a day"),
        (
            PutMetricAlarmInput { evaluation_periods: None, ..base() },
            "The parameter EvaluationPeriods is required.",
        ),
        (PutMetricAlarmInput { threshold: None, ..base() }, "The parameter Threshold is required."),
        (PutMetricAlarmInput { namespace: None, ..base() }, "The parameter Namespace is required."),
        (PutMetricAlarmInput { extended_statistic: some("p99"), ..base() }, "cannot both be specified"),
        (
            PutMetricAlarmInput { treat_missing_data: some("maybe"), ..base() },
            "The value maybe for parameter TreatMissingData",
        ),
        (
            PutMetricAlarmInput { threshold_metric_id: some("e1"), ..base() },
            "ThresholdMetricId is not supported here",
        ),
        (
            PutMetricAlarmInput {
                comparison_operator: Some(ComparisonOperator::GreaterThanUpperThreshold),
                ..base()
            },
            "GreaterThanUpperThreshold is not supported here",
        ),
        (PutMetricAlarmInput { alarm_actions: Some(vec!["x".into()]), ..base() }, "Invalid arn syntax: x"),
        (
            PutMetricAlarmInput {
                ok_actions: Some(vec!["arn:aws:sns:us-east-1:123456789012:t".into()]),
                ..base()
            },
            "alarms can invoke Lambda functions, not act on sns",
        ),
        (PutMetricAlarmInput { metrics: Some(Vec::new()), ..base() }, "Metrics and MetricName cannot both"),
    ] {
        match bench.call::<PutMetricAlarm>(input).await {
            Err(Error::Refused(refusal)) => assert!(refusal.message.contains(message), "{refusal}"),
            other => panic!("{message}: {other:?}"),
        }
    }
    for (rule, message) in [
        ("ALARM(nobody)", "alarms [nobody] in the alarm rule do not exist"),
        ("ALARM(", "AlarmRule must not contain syntax errors"),
        ("ALARM(top)", "cannot depend on the alarm itself"),
    ] {
        let input = PutCompositeAlarmInput {
            alarm_name: "top".into(),
            alarm_rule: rule.into(),
            ..Default::default()
        };
        let refusal = bench.refused::<PutCompositeAlarm>(input).await;
        assert!(refusal.message.contains(message), "{refusal}");
    }
}

#[tokio::test]
async fn actions_tags_and_pages() {
    let bench = bench();
    for name in ["one", "three", "two"] {
        let tags = Some(vec![Tag { key: "team".into(), value: name.into() }]);
        bench.call::<PutMetricAlarm>(PutMetricAlarmInput { tags, ..alarm(name) }).await.unwrap();
    }
    let names = vec!["one".to_owned(), "nobody".to_owned()];
    bench.call::<DisableAlarmActions>(DisableAlarmActionsInput { alarm_names: names.clone() }).await.unwrap();
    assert_eq!(described(&bench, "one").await.actions_enabled, Some(false));
    bench.call::<EnableAlarmActions>(EnableAlarmActionsInput { alarm_names: names }).await.unwrap();
    assert_eq!(described(&bench, "one").await.actions_enabled, Some(true));

    let arn = described(&bench, "one").await.alarm_arn.unwrap();
    let tags = vec![Tag { key: "stage".into(), value: "prod".into() }];
    bench.call::<TagResource>(TagResourceInput { resource_arn: arn.clone(), tags }).await.unwrap();
    let input = UntagResourceInput { resource_arn: arn.clone(), tag_keys: vec!["team".into()] };
    bench.call::<UntagResource>(input).await.unwrap();
    let left =
        bench.call::<ListTagsForResource>(ListTagsForResourceInput { resource_arn: arn }).await.unwrap();
    assert_eq!(left.tags, Some(vec![Tag { key: "stage".into(), value: "prod".into() }]));

    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let input = DescribeAlarmsInput { max_records: Some(2), next_token: token, ..Default::default() };
        let page = bench.call::<DescribeAlarms>(input).await.unwrap();
        seen.extend(page.metric_alarms.unwrap().into_iter().filter_map(|alarm| alarm.alarm_name));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["one", "three", "two"]);
    let by_prefix = DescribeAlarmsInput { alarm_name_prefix: Some("t".into()), ..Default::default() };
    assert_eq!(bench.call::<DescribeAlarms>(by_prefix).await.unwrap().metric_alarms.unwrap().len(), 2);
}

#[tokio::test]
async fn dashboards_are_kept_as_they_are() {
    let bench = bench();
    let put = |name: &str, body: &str| PutDashboardInput {
        dashboard_name: name.into(),
        dashboard_body: body.into(),
        ..Default::default()
    };
    let body = r#"{"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]}"#;
    bench.call::<PutDashboard>(put("shop", body)).await.unwrap();
    for (name, body) in [("a b", body), ("x", "{"), ("x", "{}"), ("x", r#"{"widgets": [{}]}"#)] {
        assert_eq!(
            bench.refused::<PutDashboard>(put(name, body)).await.code,
            "InvalidParameterInput",
            "{name} {body}"
        );
    }
    let got = bench.call::<GetDashboard>(GetDashboardInput { dashboard_name: "shop".into() }).await.unwrap();
    assert_eq!(got.dashboard_body.as_deref(), Some(body));
    assert_eq!(got.dashboard_arn.as_deref(), Some("arn:aws:cloudwatch::123456789012:dashboard/shop"));
    let listed =
        bench.call::<ListDashboards>(ListDashboardsInput::default()).await.unwrap().dashboard_entries;
    assert_eq!(listed.unwrap()[0].size, Some(body.len() as i64));
    let delete = || DeleteDashboardsInput { dashboard_names: vec!["shop".into()] };
    bench.call::<DeleteDashboards>(delete()).await.unwrap();
    assert_eq!(bench.refused::<DeleteDashboards>(delete()).await.code, "ResourceNotFound");
}

#[tokio::test]
async fn metrics_in_log_events_are_counted() {
    use updraft_api::logs;
    let bench = Bench::with(|registry| {
        crate::cloudwatch::register(registry);
        crate::logs::register(registry);
    })
    .start();
    let group = || "/aws/lambda/cart".to_owned();
    bench
        .call::<logs::ops::CreateLogGroup>(logs::CreateLogGroupRequest {
            log_group_name: group(),
            ..Default::default()
        })
        .await
        .unwrap();
    bench
        .call::<logs::ops::CreateLogStream>(logs::CreateLogStreamRequest {
            log_group_name: group(),
            log_stream_name: "s".into(),
        })
        .await
        .unwrap();
    let now = bench.root().now().millis();
    let good = format!(
        r#"{{"_aws":{{"Timestamp":{now},"CloudWatchMetrics":[{{"Namespace":"Shop","Dimensions":[["service"],[]],
        "Metrics":[{{"Name":"Sold","Unit":"Count"}},{{"Name":"Absent"}}]}}]}},"service":"cart","Sold":[1,2]}}"#
    );
    let messages = [
        "plain".to_owned(),
        good.clone(),
        good.replace("\"service\":\"cart\"", "\"service\":5"),
        good.replace("\"Shop\"", "\"AWS/Shop\""),
        "{\"_aws\": 1}".to_owned(),
        "{\"_aws\"".to_owned(),
    ];
    let events = messages.map(|message| logs::InputLogEvent { timestamp: now, message });
    let input = logs::PutLogEventsRequest {
        log_group_name: group(),
        log_stream_name: "s".into(),
        log_events: events.to_vec(),
        ..Default::default()
    };
    bench.call::<logs::ops::PutLogEvents>(input).await.unwrap();
    let listed = bench.call::<ListMetrics>(ListMetricsInput::default()).await.unwrap().metrics.unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let ask = GetMetricStatisticsInput {
        namespace: "Shop".into(),
        metric_name: "Sold".into(),
        dimensions: Some(vec![Dimension { name: "service".into(), value: "cart".into() }]),
        start_time: bench.root().now().minus(Duration::from_secs(120)),
        end_time: bench.root().now().plus(Duration::from_secs(120)),
        period: 60,
        statistics: Some(vec![Statistic::Sum]),
        ..Default::default()
    };
    let points = bench.call::<GetMetricStatistics>(ask).await.unwrap().datapoints.unwrap();
    assert_eq!((points.len(), points[0].sum), (1, Some(3.0)));
}

#[tokio::test]
async fn calls_of_dynamodb_are_counted_by_table() {
    use updraft_kernel::{Caller, FactKind};
    let bench = bench();
    let root = bench.root();
    let call = |operation: &str, error: Option<&str>| FactKind::ApiCall {
        caller: Caller::root(root.scope().account),
        service: "dynamodb".into(),
        operation: operation.into(),
        request_id: "r".into(),
        decisions: vec![(
            "dynamodb:PutItem".into(),
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-day".into(),
            true,
            "root".into(),
        )],
        error: error.map(str::to_owned),
        micros: 2_000,
    };
    root.emit(call("PutItem", None));
    root.emit(call("PutItem", Some("ConditionalCheckFailedException")));
    root.emit(call("PutItem", Some("ValidationException")));
    root.emit(call("ListTables", None));
    root.settle_facts().await.unwrap();
    let listed = bench.call::<ListMetrics>(ListMetricsInput::default()).await.unwrap().metrics.unwrap();
    let mut named: Vec<(String, usize)> = listed
        .into_iter()
        .map(|metric| (metric.metric_name.unwrap(), metric.dimensions.unwrap_or_default().len()))
        .collect();
    named.sort();
    assert_eq!(
        named,
        [
            ("ConditionalCheckFailedRequests".to_owned(), 1),
            ("SuccessfulRequestLatency".to_owned(), 2),
            ("UserErrors".to_owned(), 0)
        ]
    );
}

#[tokio::test]
async fn an_alarm_on_an_alias_goes_off_by_the_version_that_fails() {
    use updraft_kernel::{FactKind, InvocationFact, InvocationOutcome};
    let bench = bench();
    let dimension = |name: &str, value: &str| Dimension { name: name.into(), value: value.into() };
    let of_version = |version: &str| {
        vec![
            dimension("FunctionName", "cart"),
            dimension("Resource", "cart:live"),
            dimension("ExecutedVersion", version),
        ]
    };
    for version in ["1", "2"] {
        let input = PutMetricAlarmInput {
            metric_name: Some("Errors".into()),
            namespace: Some("AWS/Lambda".into()),
            dimensions: Some(of_version(version)),
            threshold: Some(0.0),
            treat_missing_data: Some("notBreaching".into()),
            ..alarm(version)
        };
        bench.call::<PutMetricAlarm>(input).await.unwrap();
    }
    let invocation = |version: &str, outcome| {
        FactKind::Invocation(InvocationFact {
            function: FUNCTION.parse().unwrap(),
            name: "cart".into(),
            qualifier: Some("live".into()),
            version: version.into(),
            request_id: "r".into(),
            outcome,
            asynchronous: false,
            environment: None,
            init: None,
            duration: Duration::from_millis(3),
            billed: Duration::from_millis(3),
            memory_mib: 128,
            memory_max_mib: 40,
            concurrency: 1,
        })
    };
    let root = bench.root();
    root.emit(invocation("1", InvocationOutcome::Succeeded));
    root.emit(invocation("2", InvocationOutcome::Failed));
    until(&bench, "2", State::Alarm).await;
    assert_eq!(state(&bench, "1"), State::Ok);
    // Without errors it calms down by itself.
    until(&bench, "2", State::Ok).await;
}
