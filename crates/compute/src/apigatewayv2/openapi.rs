//! Importing an API from an OpenAPI 3 document, as the SAM transform writes it.
//!
//! Source: "Working with OpenAPI definitions for HTTP APIs" and "x-amazon-apigateway-integration
//! object", API Gateway developer guide (read 2026-11).

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use updraft_api::Refusal;
use updraft_kernel::Ids;

use super::model::{Api, Cors, Integration, PayloadFormat, Route};
use super::refusals::{bad_request, unsupported};
use super::route::RouteKey;
use super::store::short_id;

/// The member that stands for every method.
const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// Puts what the document describes in place of the API's routes, integrations and settings.
pub(crate) fn import(api: &mut Api, ids: &dyn Ids, body: &str) -> Result<(), Refusal> {
    let document: Value = serde_json::from_str(body).map_err(|error| {
        bad_request(format!(
            "Unable to parse the OpenAPI body: {error}. This engine takes JSON; convert YAML first."
        ))
    })?;
    let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("3.0") {
        return Err(bad_request(format!("OpenAPI version '{version}' is not supported; use 3.0.x.")));
    }
    let info = document.get("info");
    let text = |name: &str| info.and_then(|info| info.get(name)).and_then(Value::as_str).map(str::to_owned);
    api.name = text("title").ok_or_else(|| bad_request("The OpenAPI document has no info.title."))?;
    api.version = text("version");
    api.description = text("description");
    api.cors = document.get("x-amazon-apigateway-cors").map(cors).transpose()?;
    api.tags.extend(tags(&document));
    api.routes.clear();
    api.integrations.clear();
    let reader = Reader { document: &document, ids };
    for (path, item) in members(document.get("paths")) {
        for (method, operation) in members(Some(item)) {
            let Some(key) = route_key(path, method)? else { continue };
            reader.operation(api, key, operation)?;
        }
    }
    Ok(())
}

/// The members of an object; of anything else, none.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The route that a path's member stands for; members that are no methods stand for none.
fn route_key(path: &str, method: &str) -> Result<Option<RouteKey>, Refusal> {
    let method = if method == ANY_METHOD { "ANY".to_owned() } else { method.to_ascii_uppercase() };
    if path == "$default" || path == "/$default" {
        return Ok((method == "ANY").then_some(RouteKey::Default));
    }
    let known = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    if !known.contains(&method.as_str()) {
        return Ok(None);
    }
    let key = format!("{method} {path}").parse();
    key.map(Some).map_err(|_| bad_request(format!("The path '{path}' is no route's path.")))
}

struct Reader<'a> {
    document: &'a Value,
    ids: &'a dyn Ids,
}

impl Reader<'_> {
    fn operation(&self, api: &mut Api, key: RouteKey, operation: &Value) -> Result<(), Refusal> {
        let secured = operation.get("security").and_then(Value::as_array).is_some_and(|s| !s.is_empty());
        if secured {
            return Err(unsupported(
                &format!("An authorizer (security of {key})"),
                "Remove it, or check callers in the function.",
            ));
        }
        let integration = match operation.get("x-amazon-apigateway-integration") {
            Some(described) => {
                let id = short_id(self.ids);
                let integration = integration(id.clone(), &key, self.referred(described))?;
                api.integrations.insert(id.clone(), integration);
                Some(id)
            }
            None => None,
        };
        let id = short_id(self.ids);
        let operation_name = operation.get("operationId").and_then(Value::as_str).map(str::to_owned);
        api.routes.insert(id.clone(), Route { id, key, integration, operation_name, managed: false });
        Ok(())
    }

    /// The value itself, or what its `$ref` names inside the document.
    fn referred<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }
}

fn integration(id: String, key: &RouteKey, described: &Value) -> Result<Integration, Refusal> {
    let text = |name: &str| described.get(name).and_then(Value::as_str);
    let kind = text("type").unwrap_or_default();
    if !kind.eq_ignore_ascii_case("aws_proxy") || text("integrationSubtype").is_some() {
        return Err(unsupported(
            &format!("The integration type '{kind}' of {key}"),
            "Use aws_proxy with a function.",
        ));
    }
    let uri = text("uri").ok_or_else(|| bad_request(format!("The integration of {key} has no uri.")))?;
    let timeout = described.get("timeoutInMillis").and_then(Value::as_i64);
    Ok(Integration {
        id,
        uri: uri.to_owned(),
        method: text("httpMethod").map(str::to_owned),
        // Without the member an import gets the older format.
        payload: payload_format(text("payloadFormatVersion").unwrap_or("1.0"))?,
        timeout_millis: timeout_millis(timeout.map(|t| i32::try_from(t).unwrap_or(i32::MAX)))?,
        description: None,
        credentials: text("credentials").map(str::to_owned),
        managed: false,
    })
}

/// How long an integration may take: 50 ms to 30 s, which is also the default ("Quotas for
/// configuring and running an HTTP API", API Gateway developer guide, read 2026-11).
const TIMEOUT_MILLIS: std::ops::RangeInclusive<u32> = 50..=30_000;

pub(crate) fn timeout_millis(given: Option<i32>) -> Result<u32, Refusal> {
    let Some(given) = given else { return Ok(*TIMEOUT_MILLIS.end()) };
    u32::try_from(given)
        .ok()
        .filter(|millis| TIMEOUT_MILLIS.contains(millis))
        .ok_or_else(|| bad_request("Timeout should be between 50 ms and 30000 ms"))
}

pub(crate) fn payload_format(text: &str) -> Result<PayloadFormat, Refusal> {
    match text {
        "1.0" => Ok(PayloadFormat::V1),
        "2.0" => Ok(PayloadFormat::V2),
        other => Err(bad_request(format!("PayloadFormatVersion '{other}' is not supported; use 1.0 or 2.0"))),
    }
}

fn cors(described: &Value) -> Result<Cors, Refusal> {
    let wrong = |name: &str| bad_request(format!("x-amazon-apigateway-cors.{name} is not sound."));
    let list = |name: &str| match described.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => {
            many.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(|| wrong(name))).collect()
        }
        Some(_) => Err(wrong(name)),
    };
    let max_age = described.get("maxAge").filter(|age| !age.is_null());
    let seconds = |age: &Value| {
        let number = age.as_i64().or_else(|| age.as_str()?.parse().ok());
        number.and_then(|n| i32::try_from(n).ok()).ok_or_else(|| wrong("maxAge"))
    };
    checked(Cors {
        credentials: described.get("allowCredentials").and_then(Value::as_bool).unwrap_or(false),
        headers: list("allowHeaders")?,
        methods: list("allowMethods")?,
        origins: list("allowOrigins")?,
        expose: list("exposeHeaders")?,
        max_age_secs: max_age.map(seconds).transpose()?,
    })
}

/// Credentials and "any origin" exclude each other.
pub(crate) fn checked(cors: Cors) -> Result<Cors, Refusal> {
    if cors.credentials && cors.origins.iter().any(|origin| origin == "*") {
        return Err(bad_request("allowCredentials cannot be true when allowOrigins is *"));
    }
    if cors.max_age_secs.is_some_and(|age| !(-1..=86_400).contains(&age)) {
        return Err(bad_request("maxAge should be between -1 and 86400"));
    }
    Ok(cors)
}

fn tags(document: &Value) -> BTreeMap<String, String> {
    let list = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let pair = |tag: &Map<String, Value>| {
        let value = tag.get("x-amazon-apigateway-tag-value")?.as_str()?;
        Some((tag.get("name")?.as_str()?.to_owned(), value.to_owned()))
    };
    list.filter_map(Value::as_object).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use updraft_testkit::SeededIds;
    use updraft_types::Timestamp;

    use super::*;
    use crate::apigatewayv2::store::empty_api;

    fn import_document(document: &Value) -> Result<Api, Refusal> {
        let mut api = empty_api("a1".to_owned(), String::new(), Timestamp::EPOCH);
        import(&mut api, &SeededIds::new(1), &document.to_string()).map(|()| api)
    }

    fn document(paths: Value) -> Value {
        json!({
            "openapi": "3.0.1",
            "info": {"title": "shop", "version": "1.0"},
            "paths": paths,
            "tags": [{"name": "httpapi:createdBy", "x-amazon-apigateway-tag-value": "SAM"}],
            "x-amazon-apigateway-cors": {"allowOrigins": ["*"], "maxAge": 600},
            "components": {"x-amazon-apigateway-integrations": {"carts": {
                "type": "aws_proxy", "uri": "arn:aws:lambda:us-east-1:000000000000:function:carts",
                "payloadFormatVersion": "2.0",
            }}},
        })
    }

    fn proxy(uri: &str) -> Value {
        json!({"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"})
    }

    #[test]
    fn what_sam_writes_is_taken_over() {
        let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:carts:live/invocations";
        let api = import_document(&document(json!({
            "/carts/{id}": {
                "get": {"x-amazon-apigateway-integration": proxy(uri), "responses": {}},
                "parameters": [],
            },
            "/carts": {"post": {"x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/carts"}}},
            "$default": {ANY_METHOD: {"isDefaultRoute": true, "x-amazon-apigateway-integration": proxy(uri)}},
        })))
        .unwrap();
        let mut keys: Vec<_> = api.routes.values().map(|route| route.key.to_string()).collect();
        keys.sort();
        assert_eq!(keys, ["$default", "GET /carts/{id}", "POST /carts"]);
        assert_eq!(api.integrations.len(), 3);
        assert!(api.routes.values().all(|route| route.integration.is_some()));
        assert_eq!((api.name.as_str(), api.tags.len()), ("shop", 1));
        assert_eq!(api.cors.unwrap().max_age_secs, Some(600));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        let rows = [
            (json!({"openapi": "2.0"}), "2.0"),
            (json!({"openapi": "3.0.1", "info": {}}), "info.title"),
            (document(json!({"/a": {"get": {"security": [{"jwt": []}]}}})), "GET /a"),
            (
                document(json!({"/a": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy"}}}})),
                "http_proxy",
            ),
            (document(json!({"a b": {"get": {}}})), "a b"),
        ];
        for (document, named) in rows {
            let refusal = import_document(&document).unwrap_err();
            assert!(refusal.message.contains(named), "{}", refusal.message);
        }
        let mut api = empty_api("a1".to_owned(), String::new(), Timestamp::EPOCH);
        assert!(import(&mut api, &SeededIds::new(1), "openapi: 3.0.1").unwrap_err().message.contains("YAML"));
    }
}
