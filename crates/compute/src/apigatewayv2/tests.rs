//! HTTP APIs on a bench, with Lambda behind them.

use http::{Request, StatusCode};
use serde_json::{Value, json};
use updraft_api::apigatewayv2::{self as api, ops};
use updraft_api::{ByteStream, lambda};
use updraft_kernel::{DataPlane, FactKind};
use updraft_testkit::Bench;

use super::plane::ExecuteApi;
use crate::Origin;
use crate::lambda::FunctionLogs;
use crate::lambda::tests::creation;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:cart";

/// A bench with both services and a function that answers with its event.
async fn bench() -> Bench {
    let bench = Bench::with(|registry| {
        crate::lambda::register(registry, Origin::default(), FunctionLogs::new());
        super::register(registry, Origin::default());
    })
    .start();
    bench.call::<lambda::ops::CreateFunction>(creation("cart")).await.unwrap();
    bench.host.function("cart", |_, invocation| {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        match event["rawPath"].as_str() {
            Some("/fail") => Err("{}".into()),
            _ => Ok(json!({"statusCode": 201, "body": event.to_string()}).to_string().into()),
        }
    });
    bench
}

async fn quick(bench: &Bench) -> String {
    let input = api::CreateApiRequest {
        name: "shop".to_owned(),
        protocol_type: api::ProtocolType::Http,
        target: Some(FUNCTION.to_owned()),
        ..creation_of_api()
    };
    bench.call::<ops::CreateApi>(input).await.unwrap().api_id.unwrap()
}

fn creation_of_api() -> api::CreateApiRequest {
    api::CreateApiRequest {
        name: "shop".to_owned(),
        protocol_type: api::ProtocolType::Http,
        api_key_selection_expression: None,
        cors_configuration: None,
        credentials_arn: None,
        description: None,
        disable_schema_validation: None,
        disable_execute_api_endpoint: None,
        ip_address_type: None,
        route_key: None,
        route_selection_expression: None,
        tags: None,
        target: None,
        version: None,
    }
}

async fn send(
    bench: &Bench,
    plane: &ExecuteApi,
    request: Request<&'static str>,
) -> (StatusCode, http::HeaderMap, String) {
    let (parts, body) = request.into_parts();
    assert!(plane.claims(&parts), "{}", parts.uri);
    let request = Request::from_parts(parts, ByteStream::Whole(body.into()));
    let response = plane.answer(bench.root(), request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect(1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn get(api: &str, path: &str) -> Request<&'static str> {
    Request::get(path).header("host", format!("{api}.execute-api.localhost:4566")).body("").unwrap()
}

#[tokio::test]
async fn an_api_with_a_target_works_at_once() {
    let bench = bench().await;
    let id = quick(&bench).await;
    let shown = bench.call::<ops::GetApi>(api::GetApiRequest { api_id: id.clone() }).await.unwrap();
    assert_eq!(shown.api_endpoint, Some(format!("http://{id}.execute-api.localhost:4566")));
    let plane = ExecuteApi::default();
    let (status, headers, body) = send(&bench, &plane, get(&id, "/carts?x=1")).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(headers.contains_key("apigw-requestid"));
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&event["routeKey"], &event["rawPath"]), (&json!("$default"), &json!("/carts")));
    assert_eq!(event["requestContext"]["accountId"], json!("123456789012"));
    let (status, _, body) = send(&bench, &plane, get(&id, "/fail")).await;
    assert_eq!(
        (status, body.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, r#"{"message":"Internal Server Error"}"#)
    );
    let (status, _, body) = send(&bench, &plane, get("nowhere", "/")).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#));

    bench.root().settle_facts().await.unwrap();
    let mut statuses = Vec::new();
    let collect = |fact: updraft_kernel::Fact| {
        if let FactKind::HttpRequest { status, .. } = fact.kind {
            statuses.push(status);
        }
        std::ops::ControlFlow::Continue(())
    };
    bench.root().facts(collect).unwrap();
    assert_eq!(statuses, [500, 201], "newest first");
}

fn document(path: &str) -> String {
    let integration =
        json!({"type": "aws_proxy", "httpMethod": "POST", "uri": FUNCTION, "payloadFormatVersion": "2.0"});
    json!({
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "paths": {path: {"get": {"x-amazon-apigateway-integration": integration}}},
        "x-amazon-apigateway-cors": {"allowOrigins": ["https://shop.test"], "allowMethods": ["GET"]},
    })
    .to_string()
}

fn stage(api: &str, name: &str, auto_deploy: bool) -> api::CreateStageRequest {
    api::CreateStageRequest {
        api_id: api.to_owned(),
        stage_name: name.to_owned(),
        auto_deploy: Some(auto_deploy),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_imported_api_is_deployed_by_itself_and_changed_by_another_import() {
    let bench = bench().await;
    let input =
        api::ImportApiRequest { body: document("/carts/{id}"), basepath: None, fail_on_warnings: None };
    let id = bench.call::<ops::ImportApi>(input).await.unwrap().api_id.unwrap();
    bench.call::<ops::CreateStage>(stage(&id, "$default", true)).await.unwrap();
    bench.call::<ops::CreateStage>(stage(&id, "fixed", false)).await.unwrap();
    let plane = ExecuteApi::default();
    assert_eq!(send(&bench, &plane, get(&id, "/carts/7")).await.0, StatusCode::CREATED);
    assert_eq!(
        send(&bench, &plane, get(&id, "/fixed/carts/7")).await.0,
        StatusCode::NOT_FOUND,
        "not deployed"
    );
    let input = api::CreateDeploymentRequest {
        api_id: id.clone(),
        stage_name: Some("fixed".to_owned()),
        description: None,
    };
    bench.call::<ops::CreateDeployment>(input).await.unwrap();
    let (status, _, body) = send(&bench, &plane, get(&id, "/fixed/carts/7")).await;
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &event["rawPath"]), (StatusCode::CREATED, &json!("/fixed/carts/7")));
    assert_eq!(event["pathParameters"], json!({"id": "7"}));

    let input = api::ReimportApiRequest {
        api_id: id.clone(),
        body: document("/orders"),
        basepath: None,
        fail_on_warnings: None,
    };
    bench.call::<ops::ReimportApi>(input).await.unwrap();
    assert_eq!(send(&bench, &plane, get(&id, "/orders")).await.0, StatusCode::CREATED);
    assert_eq!(send(&bench, &plane, get(&id, "/carts/7")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        send(&bench, &plane, get(&id, "/fixed/carts/7")).await.0,
        StatusCode::CREATED,
        "as it was deployed"
    );
}

#[tokio::test]
async fn the_api_answers_preflights_itself() {
    let bench = bench().await;
    let input = api::ImportApiRequest { body: document("/carts"), basepath: None, fail_on_warnings: None };
    let id = bench.call::<ops::ImportApi>(input).await.unwrap().api_id.unwrap();
    bench.call::<ops::CreateStage>(stage(&id, "$default", true)).await.unwrap();
    let mut request = get(&id, "/carts");
    *request.method_mut() = http::Method::OPTIONS;
    request.headers_mut().insert("origin", "https://shop.test".parse().unwrap());
    request.headers_mut().insert("access-control-request-method", "GET".parse().unwrap());
    let (status, headers, _) = send(&bench, &ExecuteApi::default(), request).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["access-control-allow-origin"], "https://shop.test");
    assert!(bench.host.invoked().is_empty());
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let bench = bench().await;
    let socket = api::CreateApiRequest { protocol_type: api::ProtocolType::Websocket, ..creation_of_api() };
    let refusal = bench.refused::<ops::CreateApi>(socket).await;
    assert_eq!((refusal.code.as_ref(), refusal.status), ("BadRequestException", 400));
    assert!(refusal.message.contains("WEBSOCKET"));
    let refusal = bench.refused::<ops::GetApi>(api::GetApiRequest { api_id: "none".to_owned() }).await;
    assert_eq!(
        (refusal.status, refusal.message.as_str()),
        (404, "Invalid API identifier specified 123456789012:none")
    );
    let id = quick(&bench).await;
    let route = |key: &str| api::CreateRouteRequest {
        api_id: id.clone(),
        route_key: key.to_owned(),
        ..Default::default()
    };
    assert_eq!(bench.refused::<ops::CreateRoute>(route("$default")).await.code, "ConflictException");
    assert!(
        bench.refused::<ops::CreateRoute>(route("nothing")).await.message.contains("not formatted properly")
    );
    let mut guarded = route("GET /x");
    guarded.authorization_type = Some(api::AuthorizationType::Jwt);
    assert!(bench.refused::<ops::CreateRoute>(guarded).await.message.contains("JWT"));
}

#[tokio::test]
async fn a_deleted_api_answers_nobody() {
    let bench = bench().await;
    let id = quick(&bench).await;
    let plane = ExecuteApi::default();
    assert_eq!(send(&bench, &plane, get(&id, "/")).await.0, StatusCode::CREATED);
    bench.call::<ops::DeleteApi>(api::DeleteApiRequest { api_id: id.clone() }).await.unwrap();
    assert_eq!(send(&bench, &plane, get(&id, "/")).await.0, StatusCode::NOT_FOUND);
}
