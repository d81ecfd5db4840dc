//! The service on a bench: a virtual clock, a store in memory, a host that runs closures.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use updraft_api::lambda::{self as api, ops};
use updraft_kernel::{Fact, FactKind, InvocationOutcome};
use updraft_testkit::Bench;

use super::FunctionLogs;
use super::unzip::tests::zip;
use crate::Origin;

/// A bench with Lambda alone.
pub(crate) fn bench() -> Bench {
    Bench::with(|registry| super::register(registry, Origin::default(), FunctionLogs::new())).start()
}

pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/cart";

pub(crate) fn package(text: &str) -> Bytes {
    zip(&[("index.js", 0o100_644, text.as_bytes())]).into()
}

pub(crate) fn creation(name: &str) -> api::CreateFunctionRequest {
    api::CreateFunctionRequest {
        function_name: name.to_owned(),
        runtime: Some("nodejs20.x".into()),
        handler: Some("index.handler".to_owned()),
        role: ROLE.to_owned(),
        code: api::FunctionCode { zip_file: Some(package("1")), ..api::FunctionCode::default() },
        ..api::CreateFunctionRequest::default()
    }
}

async fn create(bench: &Bench, name: &str) -> api::FunctionConfiguration {
    bench.call::<ops::CreateFunction>(creation(name)).await.unwrap()
}

async fn update_code(bench: &Bench, name: &str, text: &str) -> api::FunctionConfiguration {
    let input = api::UpdateFunctionCodeRequest {
        function_name: name.to_owned(),
        zip_file: Some(package(text)),
        ..api::UpdateFunctionCodeRequest::default()
    };
    bench.call::<ops::UpdateFunctionCode>(input).await.unwrap()
}

async fn publish(bench: &Bench, name: &str) -> String {
    let input = api::PublishVersionRequest { function_name: name.to_owned(), ..Default::default() };
    bench.call::<ops::PublishVersion>(input).await.unwrap().version.unwrap()
}

/// A function with versions 1 and 2 and the alias `live` on version 1.
async fn released(bench: &Bench) {
    create(bench, "cart").await;
    publish(bench, "cart").await;
    update_code(bench, "cart", "2").await;
    assert_eq!(publish(bench, "cart").await, "2");
    bench.call::<ops::CreateAlias>(alias("live", "1", None)).await.unwrap();
}

fn alias(name: &str, version: &str, weight: Option<(&str, f64)>) -> api::CreateAliasRequest {
    api::CreateAliasRequest {
        function_name: "cart".to_owned(),
        name: name.to_owned(),
        function_version: version.to_owned(),
        routing_config: weight.map(|(version, weight)| routing(&[(version, weight)])),
        description: None,
    }
}

fn routing(weights: &[(&str, f64)]) -> api::AliasRoutingConfiguration {
    let weights = weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
    api::AliasRoutingConfiguration { additional_version_weights: Some(weights) }
}

fn call(name: &str, payload: &'static str) -> api::InvocationRequest {
    api::InvocationRequest {
        function_name: name.to_owned(),
        payload: Some(Bytes::from_static(payload.as_bytes())),
        ..api::InvocationRequest::default()
    }
}

fn facts(bench: &Bench) -> Vec<Fact> {
    let mut facts = Vec::new();
    bench
        .root()
        .facts(|fact| {
            facts.push(fact);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    facts
}

async fn invocations(bench: &Bench) -> Vec<updraft_kernel::InvocationFact> {
    bench.root().settle_facts().await.unwrap();
    let of = |fact: Fact| match fact.kind {
        FactKind::Invocation(invocation) => Some(invocation),
        _ => None,
    };
    facts(bench).into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_function_is_created_shown_and_called() {
    let bench = bench();
    let created = create(&bench, "cart").await;
    assert_eq!(created.function_arn.as_deref(), Some("arn:aws:lambda:us-east-1:123456789012:function:cart"));
    assert_eq!((created.version.as_deref(), created.memory_size), (Some("$LATEST"), Some(128)));
    assert_eq!(created.state, Some(api::State::Active));
    let input = api::GetFunctionRequest { function_name: "cart".to_owned(), qualifier: None };
    let shown = bench.call::<ops::GetFunction>(input).await.unwrap();
    assert_eq!(shown.configuration.as_ref(), Some(&created));
    assert!(shown.code.unwrap().location.unwrap().starts_with("http://localhost:4566/_aws/lambda/code/"));

    bench.host.function("cart", |spec, invocation| {
        assert!(spec.code.join("index.js").is_file(), "the code is unpacked");
        assert_eq!(invocation.credentials.access_key_id, "ASIATEST");
        Ok(invocation.payload.clone())
    });
    let mut input = call("cart", r#"{"id":7}"#);
    input.log_type = Some(api::LogType::Tail);
    let answer = bench.call::<ops::Invoke>(input).await.unwrap();
    assert_eq!((answer.status_code, answer.executed_version.as_deref()), (Some(200), Some("$LATEST")));
    assert_eq!((answer.payload.unwrap(), answer.function_error), (Bytes::from_static(br#"{"id":7}"#), None));
    assert_eq!(answer.log_result.as_deref(), Some("RU5ECg=="));
}

#[tokio::test]
async fn creation_is_refused_as_aws_refuses_it() {
    let bench = bench();
    create(&bench, "cart").await;
    type Change = fn(&mut api::CreateFunctionRequest);
    let rows: [(Change, &str, &str); 8] = [
        (
            |i| i.function_name = "cart".to_owned(),
            "ResourceConflictException",
            "Function already exist: cart",
        ),
        (|i| i.runtime = None, "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        (|i| i.runtime = Some("java21".into()), "InvalidParameterValueException", "java21"),
        (
            |i| i.code = api::FunctionCode::default(),
            "InvalidParameterValueException",
            "Please provide a source",
        ),
        (
            |i| i.code.zip_file = Some(Bytes::from_static(b"no zip")),
            "InvalidParameterValueException",
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (
            |i| i.code.image_uri = Some("x".to_owned()),
            "InvalidParameterValueException",
            "Build a zip file instead",
        ),
        (|i| i.timeout = Some(901), "ValidationException", "less than or equal to 900"),
        (
            |i| i.layers = Some(vec!["l".to_owned()]),
            "InvalidParameterValueException",
            "Layers is not supported",
        ),
    ];
    for (change, code, message) in rows {
        let mut input = creation("other");
        change(&mut input);
        let refusal = bench.refused::<ops::CreateFunction>(input).await;
        assert_eq!(refusal.code, code, "{}", refusal.message);
        assert!(refusal.message.contains(message), "{}", refusal.message);
    }
}

#[tokio::test]
async fn publishing_again_without_a_change_answers_the_same_version() {
    let bench = bench();
    create(&bench, "cart").await;
    assert_eq!(publish(&bench, "cart").await, "1");
    assert_eq!(publish(&bench, "cart").await, "1");
    update_code(&bench, "cart", "1").await;
    assert_eq!(publish(&bench, "cart").await, "1", "the same code is no change");
    let input = api::UpdateFunctionConfigurationRequest {
        function_name: "cart".to_owned(),
        memory_size: Some(256),
        ..Default::default()
    };
    bench.call::<ops::UpdateFunctionConfiguration>(input).await.unwrap();
    assert_eq!(publish(&bench, "cart").await, "2");
    let input = api::GetFunctionConfigurationRequest { function_name: "cart:1".to_owned(), qualifier: None };
    let first = bench.call::<ops::GetFunctionConfiguration>(input).await.unwrap();
    assert_eq!(first.memory_size, Some(128), "a version never changes");
    let input = api::ListVersionsByFunctionRequest { function_name: "cart".to_owned(), ..Default::default() };
    let listed = bench.call::<ops::ListVersionsByFunction>(input).await.unwrap().versions.unwrap();
    let numbers: Vec<_> = listed.into_iter().filter_map(|v| v.version).collect();
    assert_eq!(numbers, ["$LATEST", "1", "2"]);
}

#[tokio::test]
async fn preconditions_hold() {
    let bench = bench();
    let created = create(&bench, "cart").await;
    let input = |revision: Option<String>, sha: Option<&str>| api::PublishVersionRequest {
        function_name: "cart".to_owned(),
        revision_id: revision,
        code_sha256: sha.map(str::to_owned),
        ..Default::default()
    };
    let refusal = bench.refused::<ops::PublishVersion>(input(Some("old".to_owned()), None)).await;
    assert_eq!((refusal.code.as_ref(), refusal.status), ("PreconditionFailedException", 412));
    let refusal = bench.refused::<ops::PublishVersion>(input(None, Some("other"))).await;
    assert!(
        refusal.message.starts_with("CodeSHA256 (other) is different from current CodeSHA256 in $LATEST")
    );
    let sound = input(created.revision_id, created.code_sha256.as_deref());
    assert!(bench.call::<ops::PublishVersion>(sound).await.is_ok());
}

#[tokio::test]
async fn an_alias_shares_calls_by_weight_and_moves_by_compare_and_swap() {
    let bench = bench();
    released(&bench).await;
    let input = api::GetAliasRequest { function_name: "cart".to_owned(), name: "live".to_owned() };
    let before = bench.call::<ops::GetAlias>(input).await.unwrap();
    let update = |revision: Option<String>, weight: f64| api::UpdateAliasRequest {
        function_name: "cart".to_owned(),
        name: "live".to_owned(),
        routing_config: Some(routing(&[("2", weight)])),
        revision_id: revision,
        ..Default::default()
    };
    let moved = bench.call::<ops::UpdateAlias>(update(before.revision_id.clone(), 0.3)).await.unwrap();
    assert_ne!(moved.revision_id, before.revision_id);
    let refusal = bench.refused::<ops::UpdateAlias>(update(before.revision_id, 0.5)).await;
    assert_eq!(refusal.code, "PreconditionFailedException");

    let mut counts = BTreeMap::new();
    for _ in 0..1_000 {
        let answer = bench.call::<ops::Invoke>(call("cart:live", "{}")).await.unwrap();
        *counts.entry(answer.executed_version.unwrap()).or_insert(0) += 1;
    }
    let canary = counts["2"];
    assert!((250..350).contains(&canary), "{counts:?}");
    let facts = invocations(&bench).await;
    assert_eq!(facts.iter().filter(|f| f.version == "2").count(), canary);
    assert!(facts.iter().all(|f| f.qualifier.as_deref() == Some("live")));

    let clear = api::UpdateAliasRequest {
        function_name: "cart".to_owned(),
        name: "live".to_owned(),
        function_version: Some("2".to_owned()),
        routing_config: Some(routing(&[])),
        ..Default::default()
    };
    let promoted = bench.call::<ops::UpdateAlias>(clear).await.unwrap();
    assert_eq!((promoted.function_version.as_deref(), promoted.routing_config), (Some("2"), None));
    bench.root().settle_facts().await.unwrap();
    let shifts =
        self::facts(&bench).into_iter().filter(|f| matches!(f.kind, FactKind::TrafficShift { .. })).count();
    assert_eq!(shifts, 3, "made, split, promoted");
}

#[tokio::test]
async fn aliases_are_refused_as_aws_refuses_them() {
    let bench = bench();
    released(&bench).await;
    let rows = [
        (
            alias("live", "1", None),
            "Alias already exists: arn:aws:lambda:us-east-1:123456789012:function:cart:live",
        ),
        (
            alias("next", "9", None),
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:cart:9",
        ),
        (alias("next", "$LATEST", Some(("1", 0.5))), "$LATEST is not supported for an alias"),
        (alias("7", "1", None), "(?!^[0-9]+$)"),
        (alias("next", "1", Some(("9", 0.5))), "function:cart:9"),
    ];
    for (input, message) in rows {
        let refusal = bench.refused::<ops::CreateAlias>(input).await;
        assert!(refusal.message.contains(message), "{}", refusal.message);
    }
    let input = |q: &str| api::DeleteFunctionRequest {
        function_name: "cart".to_owned(),
        qualifier: Some(q.to_owned()),
    };
    let refusal = bench.refused::<ops::DeleteFunction>(input("1")).await;
    assert_eq!(
        refusal.message,
        "Unable to delete version because the following aliases reference it: [live]"
    );
    assert!(bench.call::<ops::DeleteFunction>(input("2")).await.is_ok());
}

#[tokio::test]
async fn calls_are_refused_as_aws_refuses_them() {
    let bench = bench();
    create(&bench, "cart").await;
    let refusal = bench.refused::<ops::Invoke>(call("none", "{}")).await;
    assert_eq!(refusal.message, "Function not found: arn:aws:lambda:us-east-1:123456789012:function:none");
    assert_eq!(refusal.members, [("Type", "User".into())]);
    let refusal = bench.refused::<ops::Invoke>(call("cart:live", "{}")).await;
    assert_eq!(
        refusal.message,
        "Function not found: arn:aws:lambda:us-east-1:123456789012:function:cart:live"
    );
    let refusal = bench.refused::<ops::Invoke>(call("cart", "{")).await;
    assert_eq!(refusal.code, "InvalidRequestContentException");
    let mut dry = call("cart", "{}");
    dry.invocation_type = Some(api::InvocationType::DryRun);
    assert_eq!(bench.call::<ops::Invoke>(dry).await.unwrap().status_code, Some(204));
    assert!(bench.host.invoked().is_empty());
}

#[tokio::test]
async fn no_reserved_concurrency_is_no_call_and_a_throttle_in_the_log() {
    let bench = bench();
    create(&bench, "cart").await;
    let reserve = |n| api::PutFunctionConcurrencyRequest {
        function_name: "cart".to_owned(),
        reserved_concurrent_executions: n,
    };
    bench.call::<ops::PutFunctionConcurrency>(reserve(0)).await.unwrap();
    let refusal = bench.refused::<ops::Invoke>(call("cart", "{}")).await;
    assert_eq!(
        (refusal.code.as_ref(), refusal.status, refusal.message.as_str()),
        ("TooManyRequestsException", 429, "Rate Exceeded.")
    );
    assert!(
        refusal.members.contains(&("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded".into()))
    );
    assert_eq!(invocations(&bench).await[0].outcome, InvocationOutcome::Throttled);
    let refusal = bench.refused::<ops::PutFunctionConcurrency>(reserve(901)).await;
    assert!(refusal.message.contains("below its minimum value of [100]"));
    let input = api::DeleteFunctionConcurrencyRequest { function_name: "cart".to_owned() };
    bench.call::<ops::DeleteFunctionConcurrency>(input).await.unwrap();
    assert!(bench.call::<ops::Invoke>(call("cart", "{}")).await.is_ok());
}

#[tokio::test]
async fn every_queued_event_is_taken_once_and_failures_twice_more() {
    let bench = bench();
    create(&bench, "cart").await;
    bench.host.function("cart", |_, invocation| {
        if invocation.payload.starts_with(b"{\"bad\"") { Err("{}".into()) } else { Ok("null".into()) }
    });
    let queue = |payload| {
        let mut input = call("cart", payload);
        input.invocation_type = Some(api::InvocationType::Event);
        bench.call::<ops::Invoke>(input)
    };
    for _ in 0..200 {
        let answer = queue("{}").await.unwrap();
        assert_eq!((answer.status_code, answer.payload), (Some(202), None));
    }
    bench.until(|| bench.host.invoked().len() >= 200).await;
    queue("{\"bad\":1}").await.unwrap();
    bench.until(|| bench.host.invoked().len() >= 203).await;
    // Were there a third retry, it would come within the next minutes.
    bench.advance(Duration::from_secs(3_600));
    tokio::task::yield_now().await;
    let ids: std::collections::BTreeSet<_> =
        bench.host.invoked().into_iter().map(|(_, invocation)| invocation.request_id).collect();
    assert_eq!((bench.host.invoked().len(), ids.len()), (203, 201), "attempts keep their request's id");
    assert!(invocations(&bench).await.iter().all(|fact| fact.asynchronous));
}

#[tokio::test]
async fn permissions_are_statements_of_a_policy() {
    let bench = bench();
    released(&bench).await;
    let add = |sid: &str, qualifier: Option<&str>| api::AddPermissionRequest {
        function_name: "cart".to_owned(),
        statement_id: sid.to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "apigateway.amazonaws.com".to_owned(),
        qualifier: qualifier.map(str::to_owned),
        ..Default::default()
    };
    let added = bench.call::<ops::AddPermission>(add("api", Some("live"))).await.unwrap();
    assert!(
        added
            .statement
            .unwrap()
            .contains(r#""Resource":"arn:aws:lambda:us-east-1:123456789012:function:cart:live""#)
    );
    assert_eq!(
        bench.refused::<ops::AddPermission>(add("api", Some("live"))).await.code,
        "ResourceConflictException"
    );
    let refusal = bench.refused::<ops::AddPermission>(add("api", Some("$LATEST"))).await;
    assert_eq!(refusal.message, "We currently do not support adding policies for $LATEST.");
    let get = |qualifier: Option<&str>| api::GetPolicyRequest {
        function_name: "cart".to_owned(),
        qualifier: qualifier.map(str::to_owned),
    };
    let policy = bench.call::<ops::GetPolicy>(get(Some("live"))).await.unwrap().policy.unwrap();
    assert!(policy.starts_with(r#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"api","#));
    assert_eq!(
        bench.refused::<ops::GetPolicy>(get(None)).await.message,
        "The resource you requested does not exist."
    );
    let remove = |sid: &str| api::RemovePermissionRequest {
        function_name: "cart".to_owned(),
        statement_id: sid.to_owned(),
        qualifier: Some("live".to_owned()),
        revision_id: None,
    };
    assert_eq!(
        bench.refused::<ops::RemovePermission>(remove("none")).await.message,
        "Statement none is not found in resource policy."
    );
    bench.call::<ops::RemovePermission>(remove("api")).await.unwrap();
    assert_eq!(
        bench.refused::<ops::RemovePermission>(remove("api")).await.message,
        "No policy is associated with the given resource."
    );
}

#[tokio::test]
async fn a_deleted_function_is_gone_and_its_name_is_free() {
    let bench = bench();
    released(&bench).await;
    let input = api::DeleteFunctionRequest { function_name: "cart".to_owned(), qualifier: None };
    bench.call::<ops::DeleteFunction>(input.clone()).await.unwrap();
    assert_eq!(bench.refused::<ops::DeleteFunction>(input).await.code, "ResourceNotFoundException");
    let list = bench.call::<ops::ListFunctions>(api::ListFunctionsRequest::default()).await.unwrap();
    assert_eq!(list.functions, Some(Vec::new()));
    create(&bench, "cart").await;
    assert_eq!(publish(&bench, "cart").await, "1");
}

#[tokio::test]
async fn lost_code_is_unpacked_again() {
    let bench = bench();
    create(&bench, "cart").await;
    bench.host.function("cart", |spec, _| {
        assert!(spec.code.join("index.js").is_file());
        std::fs::remove_dir_all(&spec.code).unwrap();
        Ok("null".into())
    });
    for _ in 0..2 {
        let answer = bench.call::<ops::Invoke>(call("cart", "{}")).await.unwrap();
        assert_eq!(answer.function_error, None);
    }
}
