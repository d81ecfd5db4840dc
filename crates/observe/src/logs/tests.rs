//! The service through its operations, in virtual time.

use std::time::Duration;

use updraft_api::logs::{ops::*, *};
use updraft_testkit::Bench;

const GROUP: &str = "/aws/lambda/cart";

fn bench() -> Bench {
    Bench::with(crate::logs::register).start()
}

async fn group(bench: &Bench, name: &str) {
    let input = CreateLogGroupRequest { log_group_name: name.into(), ..Default::default() };
    bench.call::<CreateLogGroup>(input).await.unwrap();
}

async fn stream(bench: &Bench, name: &str) {
    let input = CreateLogStreamRequest { log_group_name: GROUP.into(), log_stream_name: name.into() };
    bench.call::<CreateLogStream>(input).await.unwrap();
}

/// A bench with a group and streams `a` and `b`.
async fn filled() -> Bench {
    let bench = bench();
    group(&bench, GROUP).await;
    stream(&bench, "a").await;
    stream(&bench, "b").await;
    bench
}

fn now(bench: &Bench) -> i64 {
    bench.root().now().millis()
}

fn batch(stream: &str, events: &[(i64, &str)]) -> PutLogEventsRequest {
    let event = |(timestamp, message): &(i64, &str)| InputLogEvent {
        timestamp: *timestamp,
        message: (*message).into(),
    };
    PutLogEventsRequest {
        log_group_name: GROUP.into(),
        log_stream_name: stream.into(),
        log_events: events.iter().map(event).collect(),
        ..Default::default()
    }
}

async fn put(bench: &Bench, stream: &str, events: &[(i64, &str)]) -> PutLogEventsResponse {
    bench.call::<PutLogEvents>(batch(stream, events)).await.unwrap()
}

fn get(stream: &str) -> GetLogEventsRequest {
    GetLogEventsRequest {
        log_group_name: Some(GROUP.into()),
        log_stream_name: stream.into(),
        ..Default::default()
    }
}

fn messages(events: Option<Vec<OutputLogEvent>>) -> Vec<String> {
    events.unwrap().into_iter().map(|event| event.message.unwrap()).collect()
}

async fn filtered(bench: &Bench, input: FilterLogEventsRequest) -> (Vec<String>, Option<String>) {
    let input = FilterLogEventsRequest { log_group_name: Some(GROUP.into()), ..input };
    let output = bench.call::<FilterLogEvents>(input).await.unwrap();
    let show = |e: FilteredLogEvent| format!("{}:{}", e.log_stream_name.unwrap(), e.message.unwrap());
    (output.events.unwrap().into_iter().map(show).collect(), output.next_token)
}

#[tokio::test]
async fn names_are_taken_once_and_missing_ones_are_named() {
    let bench = filled().await;
    let refusals = [
        bench
            .refused::<CreateLogGroup>(CreateLogGroupRequest {
                log_group_name: GROUP.into(),
                ..Default::default()
            })
            .await,
        bench
            .refused::<CreateLogStream>(CreateLogStreamRequest {
                log_group_name: GROUP.into(),
                log_stream_name: "a".into(),
            })
            .await,
        bench
            .refused::<CreateLogStream>(CreateLogStreamRequest {
                log_group_name: "none".into(),
                log_stream_name: "a".into(),
            })
            .await,
        bench.refused::<GetLogEvents>(get("none")).await,
        bench
            .refused::<CreateLogGroup>(CreateLogGroupRequest {
                log_group_name: "a b".into(),
                ..Default::default()
            })
            .await,
        bench
            .refused::<GetLogEvents>(GetLogEventsRequest {
                log_group_identifier: Some(GROUP.into()),
                ..get("a")
            })
            .await,
    ];
    let shown: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown[..4],
        [
            "ResourceAlreadyExistsException: The specified log group already exists",
            "ResourceAlreadyExistsException: The specified log stream already exists",
            "ResourceNotFoundException: The specified log group does not exist.",
            "ResourceNotFoundException: The specified log stream does not exist.",
        ]
    );
    assert!(shown[4..].iter().all(|text| text.starts_with("InvalidParameterException: ")), "{shown:?}");
}

#[tokio::test]
async fn a_stream_is_paged_both_ways_with_stable_tokens() {
    let bench = filled().await;
    let at = now(&bench);
    let events: Vec<_> = (0..5).map(|n| (at + n / 2, ["0", "1", "2", "3", "4"][n as usize])).collect();
    put(&bench, "a", &events).await;
    let page = async |input| {
        let output = bench.call::<GetLogEvents>(input).await.unwrap();
        (messages(output.events), output.next_forward_token.unwrap(), output.next_backward_token.unwrap())
    };
    // The latest come first unless asked otherwise.
    let (last, _, back) = page(GetLogEventsRequest { limit: Some(2), ..get("a") }).await;
    assert_eq!(last, ["3", "4"]);
    let (before, _, back) =
        page(GetLogEventsRequest { limit: Some(2), next_token: Some(back), ..get("a") }).await;
    assert_eq!(before, ["1", "2"]);
    let (first, _, back) =
        page(GetLogEventsRequest { limit: Some(2), next_token: Some(back), ..get("a") }).await;
    assert_eq!(first, ["0"]);
    let (none, _, same) = page(GetLogEventsRequest { next_token: Some(back.clone()), ..get("a") }).await;
    assert_eq!((none.len(), same), (0, back));

    let head = GetLogEventsRequest { start_from_head: Some(true), limit: Some(3), ..get("a") };
    let (first, forward, _) = page(head.clone()).await;
    assert_eq!(first, ["0", "1", "2"]);
    let (rest, forward, _) = page(GetLogEventsRequest { next_token: Some(forward), ..head.clone() }).await;
    assert_eq!(rest, ["3", "4"]);
    let (none, same, _) =
        page(GetLogEventsRequest { next_token: Some(forward.clone()), ..head.clone() }).await;
    assert_eq!((none.len(), &same), (0, &forward));
    // Who follows sees what comes later in the same millisecond.
    put(&bench, "a", &[(at + 2, "5")]).await;
    let (new, _, _) = page(GetLogEventsRequest { next_token: Some(forward), ..head.clone() }).await;
    assert_eq!(new, ["5"]);

    let (within, _, _) =
        page(GetLogEventsRequest { start_time: Some(at + 1), end_time: Some(at + 2), ..get("a") }).await;
    assert_eq!(within, ["2", "3"]);
    let refusal = bench
        .refused::<GetLogEvents>(GetLogEventsRequest { next_token: Some("f/1".into()), ..get("a") })
        .await;
    assert_eq!(refusal.message, "The specified nextToken is invalid.");
}

#[tokio::test]
async fn an_empty_stream_can_be_followed_from_its_head() {
    let bench = filled().await;
    let head = GetLogEventsRequest { start_from_head: Some(true), ..get("a") };
    let token = bench.call::<GetLogEvents>(head.clone()).await.unwrap().next_forward_token;
    put(&bench, "a", &[(now(&bench), "first")]).await;
    let output = bench.call::<GetLogEvents>(GetLogEventsRequest { next_token: token, ..head }).await.unwrap();
    assert_eq!(messages(output.events), ["first"]);
}

#[tokio::test]
async fn a_search_goes_over_streams_in_order_of_time_and_pages() {
    let bench = filled().await;
    let at = now(&bench);
    put(&bench, "a", &[(at, "ERROR one"), (at + 2, "fine"), (at + 4, "ERROR two")]).await;
    put(&bench, "b", &[(at + 1, "ERROR three"), (at + 3, r#"{"level":"ERROR","n":4}"#)]).await;
    let search =
        |pattern: &str| FilterLogEventsRequest { filter_pattern: Some(pattern.into()), ..Default::default() };
    let (found, token) = filtered(&bench, FilterLogEventsRequest { limit: Some(2), ..search("ERROR") }).await;
    assert_eq!(found, ["a:ERROR one", "b:ERROR three"]);
    let (found, token) =
        filtered(&bench, FilterLogEventsRequest { next_token: token, ..search("ERROR") }).await;
    assert_eq!(found, [r#"b:{"level":"ERROR","n":4}"#, "a:ERROR two"]);
    assert_eq!(token, None);
    assert_eq!(filtered(&bench, search("{ $.n > 3 }")).await.0.len(), 1);
    for streams in [vec!["b"], vec!["b", "b"]] {
        let names = streams.into_iter().map(str::to_owned).collect();
        let some = FilterLogEventsRequest { log_stream_names: Some(names), ..search("-three") };
        assert_eq!(filtered(&bench, some).await.0, [r#"b:{"level":"ERROR","n":4}"#]);
    }
    let prefix = FilterLogEventsRequest { log_stream_name_prefix: Some("a".into()), ..search("") };
    assert_eq!(filtered(&bench, prefix).await.0.len(), 3);
    // The end of a search is included.
    let until = FilterLogEventsRequest { start_time: Some(at + 1), end_time: Some(at + 2), ..search("") };
    assert_eq!(filtered(&bench, until).await.0, ["b:ERROR three", "a:fine"]);
    let input = FilterLogEventsRequest { log_group_name: Some(GROUP.into()), ..search("a:b") };
    assert_eq!(bench.refused::<FilterLogEvents>(input).await.message, "Invalid character(s) in term 'a:b'");
}

#[tokio::test]
async fn batches_out_of_bounds_are_refused_or_sifted() {
    let bench = filled().await;
    let at = now(&bench);
    let (hour, day) = (3_600_000, 86_400_000);
    let big = "x".repeat(1 << 20);
    let half = "x".repeat(1 << 19);
    for (events, message) in [
        (
            vec![(at, "b"), (at - 1, "a")],
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            vec![(at - day - 1, "a"), (at, "b")],
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
        (vec![(at, big.as_str())], "Log event too large: 1048602 bytes exceeds limit of 1048576"),
        (
            vec![(at, half.as_str()), (at, half.as_str())],
            "Upload too large: 1048628 bytes exceeds limit of 1048576",
        ),
    ] {
        let refusal = bench.refused::<PutLogEvents>(batch("a", &events)).await;
        assert_eq!((refusal.code.as_ref(), refusal.message.as_str()), ("InvalidParameterException", message));
    }
    let retention = PutRetentionPolicyRequest { log_group_name: GROUP.into(), retention_in_days: 7 };
    bench.call::<PutRetentionPolicy>(retention).await.unwrap();
    let events = [
        (at - 15 * day, "old"),
        (at - 8 * day, "expired"),
        (at, "good"),
        (at + hour, "ahead"),
        (at + 3 * hour, "new"),
    ];
    let output = put(&bench, "a", &events).await;
    let rejected = RejectedLogEventsInfo {
        too_old_log_event_end_index: Some(1),
        expired_log_event_end_index: Some(2),
        too_new_log_event_start_index: Some(4),
    };
    assert_eq!(output.rejected_log_events_info, Some(rejected));
    assert_eq!(filtered(&bench, FilterLogEventsRequest::default()).await.0, ["a:good", "a:ahead"]);
}

async fn stored_bytes(bench: &Bench) -> i64 {
    let output = bench.call::<DescribeLogGroups>(DescribeLogGroupsRequest::default()).await.unwrap();
    output.log_groups.unwrap().iter().map(|group| group.stored_bytes.unwrap()).sum()
}

#[tokio::test]
async fn expired_events_are_gone_at_once_and_collected_later() {
    let bench = filled().await;
    put(&bench, "a", &[(now(&bench), "12345678")]).await;
    assert_eq!(stored_bytes(&bench).await, 8 + 26);
    let retention = PutRetentionPolicyRequest { log_group_name: GROUP.into(), retention_in_days: 1 };
    bench.call::<PutRetentionPolicy>(retention.clone()).await.unwrap();
    bench.advance(Duration::from_secs(24 * 3_600 + 1));
    assert_eq!(filtered(&bench, FilterLogEventsRequest::default()).await.0, [""; 0]);
    for _ in 0..200 {
        if stored_bytes(&bench).await == 0 {
            break;
        }
        bench.clock.leap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(stored_bytes(&bench).await, 0);
    let refusal = bench
        .refused::<PutRetentionPolicy>(PutRetentionPolicyRequest { retention_in_days: 2, ..retention })
        .await;
    assert!(refusal.message.contains("'retentionInDays' failed to satisfy constraint"), "{refusal}");
}

#[tokio::test]
async fn a_deleted_group_can_be_made_anew_and_is_empty() {
    let bench = filled().await;
    put(&bench, "a", &[(now(&bench), "old")]).await;
    bench
        .call::<DeleteLogStream>(DeleteLogStreamRequest {
            log_group_name: GROUP.into(),
            log_stream_name: "a".into(),
        })
        .await
        .unwrap();
    assert_eq!(filtered(&bench, FilterLogEventsRequest::default()).await.0, [""; 0]);
    bench.call::<DeleteLogGroup>(DeleteLogGroupRequest { log_group_name: GROUP.into() }).await.unwrap();
    group(&bench, GROUP).await;
    stream(&bench, "a").await;
    assert_eq!(filtered(&bench, FilterLogEventsRequest::default()).await.0, [""; 0]);
    assert_eq!(stored_bytes(&bench).await, 0);
}

#[tokio::test]
async fn groups_and_streams_are_described_in_order_and_paged() {
    let bench = filled().await;
    group(&bench, "/aws/lambda/cart2").await;
    group(&bench, "other").await;
    let describe = async |input: DescribeLogGroupsRequest| {
        let output = bench.call::<DescribeLogGroups>(input).await.unwrap();
        let groups = output.log_groups.unwrap();
        (
            groups.iter().map(|g| g.log_group_name.clone().unwrap()).collect::<Vec<_>>(),
            output.next_token,
            groups,
        )
    };
    let prefix = DescribeLogGroupsRequest {
        log_group_name_prefix: Some("/aws/".into()),
        limit: Some(1),
        ..Default::default()
    };
    let (names, token, groups) = describe(prefix.clone()).await;
    assert_eq!(names, [GROUP]);
    assert_eq!(
        groups[0].arn.as_deref(),
        Some("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cart:*")
    );
    assert_eq!(
        groups[0].log_group_arn.as_deref(),
        Some("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cart")
    );
    let (names, token, _) = describe(DescribeLogGroupsRequest { next_token: token, ..prefix }).await;
    assert_eq!((names, token), (vec!["/aws/lambda/cart2".to_owned()], None));
    let part = DescribeLogGroupsRequest { log_group_name_pattern: Some("the".into()), ..Default::default() };
    assert_eq!(describe(part).await.0, ["other"]);

    let at = now(&bench);
    put(&bench, "b", &[(at, "x")]).await;
    put(&bench, "a", &[(at + 1, "y"), (at + 2, "z")]).await;
    let streams = async |input: DescribeLogStreamsRequest| {
        let input = DescribeLogStreamsRequest { log_group_name: Some(GROUP.into()), ..input };
        let output = bench.call::<DescribeLogStreams>(input).await.unwrap();
        (output.log_streams.unwrap(), output.next_token)
    };
    let latest = DescribeLogStreamsRequest {
        order_by: Some(OrderBy::LastEventTime),
        descending: Some(true),
        limit: Some(1),
        ..Default::default()
    };
    let (first, token) = streams(latest.clone()).await;
    assert_eq!(first[0].log_stream_name.as_deref(), Some("a"));
    assert_eq!((first[0].first_event_timestamp, first[0].last_event_timestamp), (Some(at + 1), Some(at + 2)));
    let (second, token) = streams(DescribeLogStreamsRequest { next_token: token, ..latest.clone() }).await;
    assert_eq!((second[0].log_stream_name.as_deref(), token), (Some("b"), None));
    let input = DescribeLogStreamsRequest {
        log_group_name: Some(GROUP.into()),
        log_stream_name_prefix: Some("a".into()),
        ..latest
    };
    let refusal = bench.refused::<DescribeLogStreams>(input).await;
    assert_eq!(refusal.message, "Cannot order by LastEventTime with a logStreamNamePrefix.");
}

#[tokio::test]
async fn tags_come_and_go() {
    let bench = filled().await;
    let resource_arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cart".to_owned();
    let tags = |count: usize| (0..count).map(|n| (format!("k{n}"), "v".to_owned())).collect();
    bench
        .call::<TagResource>(TagResourceRequest { resource_arn: resource_arn.clone(), tags: tags(2) })
        .await
        .unwrap();
    let untag = UntagResourceRequest { resource_arn: resource_arn.clone(), tag_keys: vec!["k0".into()] };
    bench.call::<UntagResource>(untag).await.unwrap();
    let list = ListTagsForResourceRequest { resource_arn: resource_arn.clone() };
    let output = bench.call::<ListTagsForResource>(list).await.unwrap();
    assert_eq!(output.tags.unwrap().into_keys().collect::<Vec<_>>(), ["k1"]);
    let refusal = bench.refused::<TagResource>(TagResourceRequest { resource_arn, tags: tags(51) }).await;
    assert_eq!(refusal.code, "TooManyTagsException");
}
