//! DynamoDB as its callers see it, on an engine in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};
use updraft_api::dynamodb::{self as api, AttributeValue, ops};
use updraft_testkit::Bench;

type Wire = BTreeMap<String, AttributeValue>;

/// A value of plain JSON: texts, numbers, truth values, null, lists and maps.
fn value(json: Json) -> AttributeValue {
    match json {
        Json::String(text) => AttributeValue::S(text),
        Json::Number(number) => AttributeValue::N(number.to_string()),
        Json::Bool(truth) => AttributeValue::Bool(truth),
        Json::Null => AttributeValue::Null(true),
        Json::Array(members) => AttributeValue::L(members.into_iter().map(value).collect()),
        Json::Object(members) => AttributeValue::M(members.into_iter().map(|(k, v)| (k, value(v))).collect()),
    }
}

fn item(json: Json) -> Wire {
    match value(json) {
        AttributeValue::M(members) => members,
        _ => panic!("an item is an object"),
    }
}

/// The plain JSON of an item.
fn plain(item: &Wire) -> Json {
    fn one(value: &AttributeValue) -> Json {
        match value {
            AttributeValue::S(text) => json!(text),
            AttributeValue::N(text) => serde_json::from_str(text).unwrap(),
            AttributeValue::Bool(truth) => json!(truth),
            AttributeValue::L(members) => members.iter().map(one).collect(),
            AttributeValue::M(members) => plain(members),
            AttributeValue::Ss(members) => json!(members),
            other => json!(format!("{other:?}")),
        }
    }
    Json::Object(item.iter().map(|(name, value)| (name.clone(), one(value))).collect())
}

fn element(name: &str, kind: api::KeyType) -> api::KeySchemaElement {
    api::KeySchemaElement { attribute_name: name.into(), key_type: kind }
}

fn keys(hash: &str, range: &str) -> Vec<api::KeySchemaElement> {
    vec![element(hash, api::KeyType::Hash), element(range, api::KeyType::Range)]
}

fn defined(names: &[(&str, &str)]) -> Option<Vec<api::AttributeDefinition>> {
    let one = |(name, kind): &(&str, &str)| api::AttributeDefinition {
        attribute_name: (*name).into(),
        attribute_type: (*kind).into(),
    };
    Some(names.iter().map(one).collect())
}

fn projection(kind: api::ProjectionType) -> api::Projection {
    api::Projection { projection_type: Some(kind), non_key_attributes: None }
}

/// A table `orders` of customers (`pk`) and orders (`sk`, a number) with a global index by status and
/// time and a local one by total.
fn orders() -> api::CreateTableInput {
    api::CreateTableInput {
        table_name: "orders".into(),
        attribute_definitions: defined(&[
            ("pk", "S"),
            ("sk", "N"),
            ("state", "S"),
            ("at", "S"),
            ("amount", "N"),
        ]),
        key_schema: Some(keys("pk", "sk")),
        billing_mode: Some(api::BillingMode::PayPerRequest),
        global_secondary_indexes: Some(vec![api::GlobalSecondaryIndex {
            index_name: "by-state".into(),
            key_schema: keys("state", "at"),
            projection: projection(api::ProjectionType::KeysOnly),
            ..Default::default()
        }]),
        local_secondary_indexes: Some(vec![api::LocalSecondaryIndex {
            index_name: "by-amount".into(),
            key_schema: keys("pk", "amount"),
            projection: projection(api::ProjectionType::KeysOnly),
        }]),
        ..Default::default()
    }
}

async fn bench() -> Bench {
    let bench = Bench::with(super::register).start();
    let created = bench.call::<ops::CreateTable>(orders()).await.unwrap().table_description.unwrap();
    assert_eq!(created.table_status, Some(api::TableStatus::Creating));
    bench
}

async fn put(bench: &Bench, json: Json) {
    let input = api::PutItemInput { table_name: "orders".into(), item: item(json), ..Default::default() };
    bench.call::<ops::PutItem>(input).await.unwrap();
}

async fn get(bench: &Bench, pk: &str, sk: i64) -> Option<Json> {
    let input = api::GetItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": pk, "sk": sk })),
        ..Default::default()
    };
    bench.call::<ops::GetItem>(input).await.unwrap().item.map(|item| plain(&item))
}

fn query(key: &str, values: Json) -> api::QueryInput {
    api::QueryInput {
        table_name: "orders".into(),
        key_condition_expression: Some(key.into()),
        expression_attribute_values: Some(item(values)),
        ..Default::default()
    }
}

async fn sort_keys(bench: &Bench, input: api::QueryInput) -> Vec<i64> {
    let output = bench.call::<ops::Query>(input).await.unwrap();
    output.items.unwrap().iter().map(|item| plain(item)["sk"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn items_are_put_shown_changed_and_removed() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "ann", "sk": 1, "amount": 10, "items_": [{ "n": 2 }] })).await;
    assert_eq!(get(&bench, "ann", 1).await.unwrap()["items_"], json!([{ "n": 2 }]));
    let update = |expression: &str, values: Json, shown| api::UpdateItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": "ann", "sk": 1 })),
        update_expression: Some(expression.into()),
        expression_attribute_values: Some(item(values)),
        return_values: Some(shown),
        ..Default::default()
    };
    for (expression, values, shown, attributes) in [
        (
            "SET amount = amount + :x",
            json!({ ":x": 5 }),
            api::ReturnValue::UpdatedNew,
            json!({ "amount": 15 }),
        ),
        (
            "SET items_[0].n = :x",
            json!({ ":x": 3 }),
            api::ReturnValue::UpdatedOld,
            json!({ "items_": [{ "n": 2 }] }),
        ),
        (
            "ADD hits :x REMOVE items_",
            json!({ ":x": 1 }),
            api::ReturnValue::AllNew,
            json!({ "pk": "ann", "sk": 1, "amount": 15, "hits": 1 }),
        ),
    ] {
        let output = bench.call::<ops::UpdateItem>(update(expression, values, shown)).await.unwrap();
        assert_eq!(plain(&output.attributes.unwrap()), attributes, "{expression}");
    }
    let begun = api::UpdateItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": "bob", "sk": 7 })),
        ..Default::default()
    };
    bench.call::<ops::UpdateItem>(begun).await.unwrap();
    assert_eq!(get(&bench, "bob", 7).await, Some(json!({ "pk": "bob", "sk": 7 })));
    let delete = api::DeleteItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": "ann", "sk": 1 })),
        return_values: Some(api::ReturnValue::AllOld),
        ..Default::default()
    };
    let gone = bench.call::<ops::DeleteItem>(delete).await.unwrap().attributes.unwrap();
    assert_eq!(plain(&gone)["hits"], json!(1));
    assert_eq!(get(&bench, "ann", 1).await, None);
}

#[tokio::test]
async fn conditions_guard_writes_and_show_the_item_if_asked() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "ann", "sk": 1, "amount": 10 })).await;
    let again = api::PutItemInput {
        table_name: "orders".into(),
        item: item(json!({ "pk": "ann", "sk": 1 })),
        condition_expression: Some("attribute_not_exists(pk)".into()),
        return_values_on_condition_check_failure: Some(api::ReturnValuesOnConditionCheckFailure::AllOld),
        ..Default::default()
    };
    let refusal = bench.refused::<ops::PutItem>(again).await;
    assert_eq!(refusal.code, "ConditionalCheckFailedException");
    assert_eq!(refusal.message, "The conditional request failed");
    assert_eq!(
        refusal.members,
        [("Item", json!({ "pk": { "S": "ann" }, "sk": { "N": "1" }, "amount": { "N": "10" } }))]
    );
    assert_eq!(get(&bench, "ann", 1).await.unwrap()["amount"], json!(10));
}

#[tokio::test]
async fn queries_read_ranges_in_the_order_of_numbers() {
    let bench = bench().await;
    for sk in [10, 9, -3, 0, 100] {
        put(&bench, json!({ "pk": "ann", "sk": sk, "amount": sk * 2, "even": sk % 2 == 0 })).await;
    }
    put(&bench, json!({ "pk": "anna", "sk": 5 })).await;
    for (key, values, found) in [
        ("pk = :p", json!({ ":p": "ann" }), vec![-3, 0, 9, 10, 100]),
        ("pk = :p AND sk > :x", json!({ ":p": "ann", ":x": 0 }), vec![9, 10, 100]),
        ("pk = :p AND sk >= :x", json!({ ":p": "ann", ":x": 0 }), vec![0, 9, 10, 100]),
        ("pk = :p AND sk < :x", json!({ ":p": "ann", ":x": 9 }), vec![-3, 0]),
        ("pk = :p AND :x >= sk", json!({ ":p": "ann", ":x": 9 }), vec![-3, 0, 9]),
        ("pk = :p AND sk = :x", json!({ ":p": "ann", ":x": 10.0 }), vec![10]),
        ("pk = :p AND sk BETWEEN :x AND :y", json!({ ":p": "ann", ":x": -5, ":y": 9 }), vec![-3, 0, 9]),
        ("pk = :p", json!({ ":p": "nobody" }), vec![]),
    ] {
        assert_eq!(sort_keys(&bench, query(key, values)).await, found, "{key}");
    }
    let backward =
        api::QueryInput { scan_index_forward: Some(false), ..query("pk = :p", json!({ ":p": "ann" })) };
    assert_eq!(sort_keys(&bench, backward).await, [100, 10, 9, 0, -3]);
    let filtered = api::QueryInput {
        filter_expression: Some("even = :t".into()),
        ..query("pk = :p", json!({ ":p": "ann", ":t": true }))
    };
    let output = bench.call::<ops::Query>(filtered).await.unwrap();
    assert_eq!((output.count, output.scanned_count), (Some(3), Some(5)));
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_in_both_directions() {
    let bench = bench().await;
    for sk in 0..7 {
        put(&bench, json!({ "pk": "ann", "sk": sk, "amount": 7 - sk })).await;
    }
    for (forward, index) in
        [(true, None), (false, None), (true, Some("by-amount")), (false, Some("by-amount"))]
    {
        let mut seen = Vec::new();
        let mut start = None;
        let mut pages = 0;
        loop {
            let input = api::QueryInput {
                limit: Some(3),
                scan_index_forward: Some(forward),
                index_name: index.map(str::to_owned),
                exclusive_start_key: start,
                ..query("pk = :p", json!({ ":p": "ann" }))
            };
            let output = bench.call::<ops::Query>(input).await.unwrap();
            seen.extend(output.items.unwrap().iter().map(|item| plain(item)["sk"].as_i64().unwrap()));
            pages += 1;
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        let upward = forward == index.is_none();
        let expected: Vec<_> = if upward { (0..7).collect() } else { (0..7).rev().collect() };
        assert_eq!((seen, pages), (expected, 3), "{forward} {index:?}");
    }
}

#[tokio::test]
async fn a_page_ends_at_a_mebibyte_before_the_filter() {
    let bench = bench().await;
    let body = "x".repeat(300 * 1_024);
    for sk in 0..6 {
        put(&bench, json!({ "pk": "ann", "sk": sk, "body": body })).await;
    }
    let input = api::ScanInput {
        table_name: "orders".into(),
        filter_expression: Some("sk > :x".into()),
        expression_attribute_values: Some(item(json!({ ":x": 99 }))),
        ..Default::default()
    };
    let output = bench.call::<ops::Scan>(input).await.unwrap();
    assert_eq!((output.count, output.scanned_count), (Some(0), Some(4)));
    assert_eq!(plain(&output.last_evaluated_key.unwrap()), json!({ "pk": "ann", "sk": 3 }));
}

#[tokio::test]
async fn indexes_follow_their_items() {
    let bench = bench().await;
    let by_state = |state: &str| api::QueryInput {
        index_name: Some("by-state".into()),
        expression_attribute_names: Some([("#s".to_owned(), "state".to_owned())].into()),
        ..query("#s = :s", json!({ ":s": state }))
    };
    put(&bench, json!({ "pk": "ann", "sk": 1, "state": "open", "at": "2026-02", "note": "n" })).await;
    put(&bench, json!({ "pk": "bob", "sk": 2, "state": "open", "at": "2026-01" })).await;
    put(&bench, json!({ "pk": "eve", "sk": 3, "state": "open" })).await;
    assert_eq!(
        sort_keys(&bench, by_state("open")).await,
        [2, 1],
        "without its range key an item is not in it"
    );
    let output = bench.call::<ops::Query>(by_state("open")).await.unwrap();
    assert!(!output.items.unwrap()[1].contains_key("note"), "keys only");
    put(&bench, json!({ "pk": "ann", "sk": 1, "state": "paid", "at": "2026-02" })).await;
    assert_eq!(sort_keys(&bench, by_state("open")).await, [2]);
    assert_eq!(sort_keys(&bench, by_state("paid")).await, [1]);
    let delete = api::DeleteItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": "bob", "sk": 2 })),
        ..Default::default()
    };
    bench.call::<ops::DeleteItem>(delete).await.unwrap();
    assert_eq!(sort_keys(&bench, by_state("open")).await, Vec::<i64>::new());
    // A local index fetches from its table what it lacks.
    put(&bench, json!({ "pk": "ann", "sk": 4, "amount": 1, "note": "whole" })).await;
    let whole = api::QueryInput {
        index_name: Some("by-amount".into()),
        select: Some(api::Select::AllAttributes),
        ..query("pk = :p", json!({ ":p": "ann" }))
    };
    let output = bench.call::<ops::Query>(whole).await.unwrap();
    assert_eq!(plain(&output.items.unwrap()[0])["note"], json!("whole"));
}

#[tokio::test]
async fn a_new_index_has_the_items_that_were_there() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "ann", "sk": 1, "city": "Ulm" })).await;
    let create = api::CreateGlobalSecondaryIndexAction {
        index_name: "by-city".into(),
        key_schema: vec![element("city", api::KeyType::Hash)],
        projection: projection(api::ProjectionType::All),
        ..Default::default()
    };
    let update = api::UpdateTableInput {
        table_name: "orders".into(),
        attribute_definitions: defined(&[
            ("pk", "S"),
            ("sk", "N"),
            ("state", "S"),
            ("at", "S"),
            ("amount", "N"),
            ("city", "S"),
        ]),
        global_secondary_index_updates: Some(vec![api::GlobalSecondaryIndexUpdate {
            create: Some(create),
            ..Default::default()
        }]),
        ..Default::default()
    };
    bench.call::<ops::UpdateTable>(update).await.unwrap();
    let by_city =
        api::QueryInput { index_name: Some("by-city".into()), ..query("city = :c", json!({ ":c": "Ulm" })) };
    assert_eq!(sort_keys(&bench, by_city.clone()).await, [1]);
    let remove = api::UpdateTableInput {
        table_name: "orders".into(),
        global_secondary_index_updates: Some(vec![api::GlobalSecondaryIndexUpdate {
            delete: Some(api::DeleteGlobalSecondaryIndexAction { index_name: "by-city".into() }),
            ..Default::default()
        }]),
        ..Default::default()
    };
    bench.call::<ops::UpdateTable>(remove).await.unwrap();
    let refusal = bench.refused::<ops::Query>(by_city).await;
    assert_eq!(refusal.message, "The table does not have the specified index: by-city");
}

#[tokio::test]
async fn segments_divide_a_scan() {
    let bench = bench().await;
    for n in 0..40 {
        put(&bench, json!({ "pk": format!("c{n}"), "sk": n })).await;
    }
    let mut seen = Vec::new();
    for segment in 0..4 {
        let input = api::ScanInput {
            table_name: "orders".into(),
            segment: Some(segment),
            total_segments: Some(4),
            ..Default::default()
        };
        let items = bench.call::<ops::Scan>(input).await.unwrap().items.unwrap();
        assert!(items.len() < 40);
        seen.extend(items.iter().map(|item| plain(item)["sk"].as_i64().unwrap()));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<_>>());
}

fn put_part(json: Json) -> api::TransactWriteItem {
    let put = api::Put {
        table_name: "orders".into(),
        item: item(json),
        condition_expression: Some("attribute_not_exists(pk)".into()),
        return_values_on_condition_check_failure: Some(api::ReturnValuesOnConditionCheckFailure::AllOld),
        ..Default::default()
    };
    api::TransactWriteItem { put: Some(put), ..Default::default() }
}

fn transaction(parts: Vec<api::TransactWriteItem>, token: Option<&str>) -> api::TransactWriteItemsInput {
    api::TransactWriteItemsInput {
        transact_items: parts,
        client_request_token: token.map(str::to_owned),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_transaction_is_done_whole_or_not_at_all() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "ann", "sk": 1 })).await;
    let parts =
        vec![put_part(json!({ "pk": "bob", "sk": 2 })), put_part(json!({ "pk": "ann", "sk": 1, "x": 1 }))];
    let refusal = bench.refused::<ops::TransactWriteItems>(transaction(parts, None)).await;
    assert_eq!(refusal.code, "TransactionCanceledException");
    assert_eq!(
        refusal.message,
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    );
    let failed = json!({
        "Code": "ConditionalCheckFailed",
        "Message": "The conditional request failed",
        "Item": { "pk": { "S": "ann" }, "sk": { "N": "1" } },
    });
    assert_eq!(refusal.members, [("CancellationReasons", json!([{ "Code": "None" }, failed]))]);
    assert_eq!(get(&bench, "bob", 2).await, None);
    let twice = vec![put_part(json!({ "pk": "bob", "sk": 2 })), put_part(json!({ "pk": "bob", "sk": 2 }))];
    let refusal = bench.refused::<ops::TransactWriteItems>(transaction(twice, None)).await;
    assert_eq!(refusal.message, "Transaction request cannot include multiple operations on one item");
}

#[tokio::test]
async fn a_token_stands_for_its_request_for_ten_minutes() {
    let bench = bench().await;
    let request = || transaction(vec![put_part(json!({ "pk": "bob", "sk": 2 }))], Some("t1"));
    bench.call::<ops::TransactWriteItems>(request()).await.unwrap();
    bench.call::<ops::TransactWriteItems>(request()).await.expect("the same again is done already");
    let other = transaction(vec![put_part(json!({ "pk": "eve", "sk": 3 }))], Some("t1"));
    let refusal = bench.refused::<ops::TransactWriteItems>(other).await;
    assert_eq!(refusal.code, "IdempotentParameterMismatchException");
    bench.advance(Duration::from_secs(601));
    let refusal = bench.refused::<ops::TransactWriteItems>(request()).await;
    assert_eq!(refusal.code, "TransactionCanceledException", "the token is forgotten, the item is there");
}

#[tokio::test]
async fn batches_put_remove_and_show() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "old", "sk": 0 })).await;
    let put = |n: i64| api::WriteRequest {
        put_request: Some(api::PutRequest { item: item(json!({ "pk": "b", "sk": n })) }),
        delete_request: None,
    };
    let mut requests: Vec<_> = (0..24).map(put).collect();
    requests.push(api::WriteRequest {
        put_request: None,
        delete_request: Some(api::DeleteRequest { key: item(json!({ "pk": "old", "sk": 0 })) }),
    });
    let batch = |requests: Vec<_>| api::BatchWriteItemInput {
        request_items: [("orders".to_owned(), requests)].into(),
        ..Default::default()
    };
    let output = bench.call::<ops::BatchWriteItem>(batch(requests)).await.unwrap();
    assert_eq!(output.unprocessed_items, Some(BTreeMap::new()));
    assert_eq!(get(&bench, "old", 0).await, None);
    let refusal = bench.refused::<ops::BatchWriteItem>(batch((0..26).map(put).collect())).await;
    assert_eq!(refusal.message, "Too many items requested for the BatchWriteItem call");
    let refusal = bench.refused::<ops::BatchWriteItem>(batch(vec![put(1), put(1)])).await;
    assert_eq!(refusal.message, "Provided list of item keys contains duplicates");
    let wanted = api::KeysAndAttributes {
        keys: [1, 2, 99].map(|n| item(json!({ "pk": "b", "sk": n }))).into(),
        projection_expression: Some("sk".into()),
        ..Default::default()
    };
    let input = api::BatchGetItemInput {
        request_items: [("orders".to_owned(), wanted)].into(),
        ..Default::default()
    };
    let found = bench.call::<ops::BatchGetItem>(input).await.unwrap().responses.unwrap();
    assert_eq!(
        found["orders"].iter().map(plain).collect::<Vec<_>>(),
        [json!({ "sk": 1 }), json!({ "sk": 2 })]
    );
}

#[tokio::test]
async fn tables_count_their_items_and_take_them_along() {
    let bench = bench().await;
    put(&bench, json!({ "pk": "ann", "sk": 1 })).await;
    put(&bench, json!({ "pk": "ann", "sk": 1, "a": "b" })).await;
    let describe = || api::DescribeTableInput { table_name: "orders".into() };
    let table = bench.call::<ops::DescribeTable>(describe()).await.unwrap().table.unwrap();
    assert_eq!(table.item_count, Some(1));
    assert_eq!(table.table_size_bytes, Some(2 + 3 + 2 + 2 + 1 + 1));
    assert_eq!(table.table_arn.as_deref(), Some("arn:aws:dynamodb:us-east-1:123456789012:table/orders"));
    let delete = || api::DeleteTableInput { table_name: "orders".into() };
    bench.call::<ops::DeleteTable>(delete()).await.unwrap();
    let refusal = bench.refused::<ops::DescribeTable>(describe()).await;
    assert_eq!(refusal.message, "Requested resource not found: Table: orders not found");
    bench.call::<ops::CreateTable>(orders()).await.unwrap();
    assert_eq!(get(&bench, "ann", 1).await, None, "a new table of the same name begins empty");
}

#[tokio::test]
async fn items_go_when_their_time_comes() {
    let bench = bench().await;
    let now = bench.root().now().millis() / 1_000;
    put(&bench, json!({ "pk": "before", "sk": 1, "gone": now + 50 })).await;
    let enable = api::UpdateTimeToLiveInput {
        table_name: "orders".into(),
        time_to_live_specification: api::TimeToLiveSpecification {
            enabled: true,
            attribute_name: "gone".into(),
        },
    };
    bench.call::<ops::UpdateTimeToLive>(enable.clone()).await.unwrap();
    let refusal = bench.refused::<ops::UpdateTimeToLive>(enable).await;
    assert_eq!(refusal.message, "TimeToLive is already enabled");
    put(&bench, json!({ "pk": "after", "sk": 1, "gone": now + 50 })).await;
    put(&bench, json!({ "pk": "later", "sk": 1, "gone": now + 1_000_000 })).await;
    put(&bench, json!({ "pk": "moved", "sk": 1, "gone": now + 50 })).await;
    put(&bench, json!({ "pk": "moved", "sk": 1, "gone": now + 1_000_000 })).await;
    put(&bench, json!({ "pk": "never", "sk": 1, "gone": "soon" })).await;
    let count = || {
        bench.root().view(|view| {
            let table = super::model::table(view, view.scope(), "orders").unwrap();
            table.stats(view, view.scope()).unwrap().items
        })
    };
    assert_eq!(count(), 5);
    bench.until(|| count() == 3).await;
    for (pk, there) in
        [("before", false), ("after", false), ("later", true), ("moved", true), ("never", true)]
    {
        assert_eq!(get(&bench, pk, 1).await.is_some(), there, "{pk}");
    }
}

#[tokio::test]
async fn leading_keys_are_told_by_the_table() {
    use updraft_kernel::{Access, Handle, Query, Service};
    let bench = bench().await;
    let service = super::DynamoDb;
    let scope = bench.root().scope().clone();
    let leading = |accesses: Vec<Access>| {
        let [mut access] = <[Access; 1]>::try_from(accesses).unwrap();
        bench.root().view(|view| service.complete_access(view, &scope, &mut access)).unwrap();
        access.context
    };
    let keys = |values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        BTreeMap::from([("dynamodb:LeadingKeys".to_owned(), values)])
    };
    let put = api::PutItemInput {
        table_name: "orders".into(),
        item: item(json!({ "pk": "ann", "sk": 1, "body": "b" })),
        ..Default::default()
    };
    assert_eq!(leading(Handle::<ops::PutItem>::access(&service, &scope, &put).unwrap()), keys(&["ann"]));
    let by_key = query("pk = :p AND sk = :x", json!({ ":p": "ann", ":x": 1 }));
    assert_eq!(leading(Query::<ops::Query>::access(&service, &scope, &by_key).unwrap()), keys(&["ann"]));
    let by_index = api::QueryInput {
        index_name: Some("by-state".into()),
        expression_attribute_names: Some([("#s".to_owned(), "state".to_owned())].into()),
        ..query("#s = :s", json!({ ":s": "open" }))
    };
    assert_eq!(leading(Query::<ops::Query>::access(&service, &scope, &by_index).unwrap()), keys(&["open"]));
    let parts = vec![put_part(json!({ "pk": "bob", "sk": 2 })), put_part(json!({ "pk": "eve", "sk": 2 }))];
    let transaction = transaction(parts, None);
    let accesses = Handle::<ops::TransactWriteItems>::access(&service, &scope, &transaction).unwrap();
    assert_eq!(leading(accesses), keys(&["bob", "eve"]));
    let scan = api::ScanInput { table_name: "orders".into(), ..Default::default() };
    assert!(leading(Query::<ops::Scan>::access(&service, &scope, &scan).unwrap()).is_empty());
}

#[tokio::test]
async fn capacity_is_reported_by_table_and_index() {
    let bench = bench().await;
    let input = api::PutItemInput {
        table_name: "orders".into(),
        item: item(json!({ "pk": "ann", "sk": 1, "state": "open", "at": "x", "body": "x".repeat(1_500) })),
        return_consumed_capacity: Some(api::ReturnConsumedCapacity::Indexes),
        ..Default::default()
    };
    let consumed = bench.call::<ops::PutItem>(input).await.unwrap().consumed_capacity.unwrap();
    assert_eq!(consumed.capacity_units, Some(3.0));
    assert_eq!(consumed.table.unwrap().capacity_units, Some(2.0));
    assert_eq!(consumed.global_secondary_indexes.unwrap()["by-state"].capacity_units, Some(1.0));
}

#[tokio::test]
async fn keys_and_items_are_checked_in_awss_words() {
    let bench = bench().await;
    let prefix = "One or more parameter values were invalid: ";
    for (json, message) in [
        (json!({ "sk": 1 }), format!("{prefix}Missing the key pk in the item")),
        (json!({ "pk": 1, "sk": 1 }), format!("{prefix}Type mismatch for key pk expected: S actual: N")),
        (
            json!({ "pk": "a", "sk": 1, "state": 5 }),
            format!("{prefix}Type mismatch for Index Key state Expected: S Actual: N IndexName: by-state"),
        ),
        (
            json!({ "pk": "", "sk": 1 }),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk".into(),
        ),
        (
            json!({ "pk": "x".repeat(2_049), "sk": 1 }),
            format!("{prefix}Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ),
        (
            json!({ "pk": "a", "sk": 1, "body": "x".repeat(400 * 1_024) }),
            "Item size has exceeded the maximum allowed size".into(),
        ),
    ] {
        let input = api::PutItemInput { table_name: "orders".into(), item: item(json), ..Default::default() };
        assert_eq!(bench.refused::<ops::PutItem>(input).await.message, message);
    }
    let get =
        |key: Json| api::GetItemInput { table_name: "orders".into(), key: item(key), ..Default::default() };
    for key in [json!({ "pk": "a" }), json!({ "pk": "a", "sk": "1" }), json!({ "pk": "a", "sk": 1, "x": 1 })]
    {
        let refusal = bench.refused::<ops::GetItem>(get(key)).await;
        assert_eq!(refusal.message, "The provided key element does not match the schema");
    }
    let update = |expression: &str| api::UpdateItemInput {
        table_name: "orders".into(),
        key: item(json!({ "pk": "a", "sk": 1 })),
        update_expression: Some(expression.into()),
        expression_attribute_values: Some(item(json!({ ":x": 1 }))),
        ..Default::default()
    };
    for (expression, message) in [
        ("SET pk = :x", format!("{prefix}Cannot update attribute pk. This attribute is part of the key")),
        (
            "SET at = :x",
            "The update expression attempted to update the secondary index key to unsupported type".into(),
        ),
        (
            "SET pk.x = :x",
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk".into(),
        ),
        (
            "SET a = b",
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}".into(),
        ),
    ] {
        // `at` is reserved, so the index's attribute is named by a placeholder.
        let mut input = update(&expression.replace("at =", "#at ="));
        if expression.contains("at =") {
            input.expression_attribute_names = Some([("#at".to_owned(), "at".to_owned())].into());
        }
        assert_eq!(bench.refused::<ops::UpdateItem>(input).await.message, message, "{expression}");
    }
}

#[tokio::test]
async fn queries_are_checked_in_awss_words() {
    let bench = bench().await;
    let p = || json!({ ":p": "ann" });
    let plain = || query("pk = :p", p());
    let invalid = "One or more parameter values were invalid: ";
    for (input, message) in [
        (
            api::QueryInput { table_name: "orders".into(), ..Default::default() },
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.".to_owned(),
        ),
        (
            api::QueryInput { key_condition_expression: None, ..plain() },
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null".into(),
        ),
        (query("sk = :p", p()), "Query condition missed key schema element: pk".into()),
        (query("pk > :p", p()), "Query key condition not supported".into()),
        (
            query("pk = :p AND amount = :x", json!({ ":p": "ann", ":x": 1 })),
            "Query condition missed key schema element: sk".into(),
        ),
        (query("pk = :p", json!({ ":p": 1 })), format!("{invalid}Condition parameter type does not match schema type")),
        (
            api::QueryInput { filter_expression: Some("sk > :x".into()), ..query("pk = :p", json!({ ":p": "a", ":x": 1 })) },
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk".into(),
        ),
        (
            api::QueryInput { exclusive_start_key: Some(item(json!({ "pk": "bob", "sk": 1 }))), ..plain() },
            "The provided starting key is outside query boundaries based on provided conditions".into(),
        ),
        (
            api::QueryInput { exclusive_start_key: Some(item(json!({ "pk": "ann" }))), ..plain() },
            "The provided starting key is invalid: The provided key element does not match the schema".into(),
        ),
        (
            api::QueryInput { select: Some(api::Select::AllProjectedAttributes), ..plain() },
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".into(),
        ),
        (
            api::QueryInput { select: Some(api::Select::SpecificAttributes), ..plain() },
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES".into(),
        ),
        (
            api::QueryInput {
                index_name: Some("by-state".into()),
                consistent_read: Some(true),
                ..plain()
            },
            "Consistent reads are not supported on global secondary indexes".into(),
        ),
        (
            api::QueryInput { key_conditions: Some(BTreeMap::new()), ..plain() },
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {KeyConditions} Expression parameters: {KeyConditionExpression}".into(),
        ),
    ] {
        assert_eq!(bench.refused::<ops::Query>(input).await.message, message);
    }
    let unknown = api::QueryInput { table_name: "nothing".into(), ..plain() };
    let refusal = bench.refused::<ops::Query>(unknown).await;
    assert_eq!(
        (&*refusal.code, &*refusal.message),
        ("ResourceNotFoundException", "Requested resource not found")
    );
}

#[tokio::test]
async fn schemas_are_checked_in_awss_words() {
    let bench = Bench::with(super::register).start();
    let invalid = "One or more parameter values were invalid: ";
    let base = || api::CreateTableInput {
        table_name: "t-1".into(),
        attribute_definitions: defined(&[("a", "S")]),
        key_schema: Some(vec![element("a", api::KeyType::Hash)]),
        billing_mode: Some(api::BillingMode::PayPerRequest),
        ..Default::default()
    };
    for (input, message) in [
        (
            api::CreateTableInput { billing_mode: None, ..base() },
            format!(
                "{invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
            ),
        ),
        (
            api::CreateTableInput { attribute_definitions: defined(&[]), ..base() },
            "Invalid KeySchema: Some index key attribute have no definition".into(),
        ),
        (
            api::CreateTableInput { attribute_definitions: defined(&[("b", "S")]), ..base() },
            format!(
                "{invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]"
            ),
        ),
        (
            api::CreateTableInput { key_schema: Some(vec![element("a", api::KeyType::Range)]), ..base() },
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type".into(),
        ),
        (
            api::CreateTableInput { attribute_definitions: defined(&[("a", "S"), ("b", "S")]), ..base() },
            format!(
                "{invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
            ),
        ),
        (
            api::CreateTableInput { global_secondary_indexes: Some(vec![]), ..base() },
            format!("{invalid}List of GlobalSecondaryIndexes is empty"),
        ),
        (
            api::CreateTableInput { table_name: "x".into(), ..base() },
            "TableName must be at least 3 characters long and at most 255 characters long".into(),
        ),
    ] {
        assert_eq!(bench.refused::<ops::CreateTable>(input).await.message, message);
    }
    bench.call::<ops::CreateTable>(base()).await.unwrap();
    let refusal = bench.refused::<ops::CreateTable>(base()).await;
    assert_eq!((&*refusal.code, &*refusal.message), ("ResourceInUseException", "Table already exists: t-1"));
}
