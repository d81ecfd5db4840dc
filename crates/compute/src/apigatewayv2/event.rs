//! The event a function gets for an HTTP request, in both of API Gateway's formats.
//!
//! Source: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", API Gateway
//! developer guide (read 2026-11).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use updraft_types::Timestamp;

use super::model::PayloadFormat;
use super::route::{RouteKey, decode};

/// A request that a route has taken.
pub(crate) struct Taken<'a> {
    pub account: &'a str,
    pub api: &'a str,
    pub stage: &'a str,
    pub route: &'a RouteKey,
    pub path_variables: &'a BTreeMap<String, String>,
    pub stage_variables: &'a BTreeMap<String, String>,
    pub request_id: &'a str,
    pub received: Timestamp,
    /// The host's name, without its port.
    pub domain: &'a str,
    pub source_ip: &'a str,
    pub protocol: &'a str,
    pub method: &'a str,
    /// The path with the stage's name, where it was in the request.
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

impl Taken<'_> {
    /// The event in the integration's format.
    pub fn event(&self, format: PayloadFormat) -> Value {
        match format {
            PayloadFormat::V1 => self.v1(),
            PayloadFormat::V2 => self.v2(),
        }
    }

    fn v2(&self) -> Value {
        let mut event = Map::new();
        let mut set = |name: &str, value: Value| event.insert(name.to_owned(), value);
        set("version", json!("2.0"));
        set("routeKey", json!(self.route.to_string()));
        set("rawPath", json!(self.path));
        set("rawQueryString", json!(self.query));
        let cookies = self.cookies();
        if !cookies.is_empty() {
            set("cookies", json!(cookies));
        }
        let headers = joined(self.headers_by_name());
        set(
            "headers",
            json!(headers.into_iter().filter(|(name, _)| name != "cookie").collect::<Map<_, _>>()),
        );
        let query = joined(self.query_by_name());
        if !query.is_empty() {
            set("queryStringParameters", json!(query));
        }
        set(
            "requestContext",
            json!({
                "accountId": self.account,
                "apiId": self.api,
                "domainName": self.domain,
                "domainPrefix": self.domain.split('.').next().unwrap_or_default(),
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": self.protocol,
                    "sourceIp": self.source_ip,
                    "userAgent": self.user_agent(),
                },
                "requestId": self.request_id,
                "routeKey": self.route.to_string(),
                "stage": self.stage,
                "time": self.time(),
                "timeEpoch": self.received.millis(),
            }),
        );
        if !self.path_variables.is_empty() {
            set("pathParameters", json!(self.path_variables));
        }
        if !self.stage_variables.is_empty() {
            set("stageVariables", json!(self.stage_variables));
        }
        let (body, base64) = self.text_body();
        if let Some(body) = body {
            set("body", json!(body));
        }
        set("isBase64Encoded", json!(base64));
        Value::Object(event)
    }

    fn v1(&self) -> Value {
        let headers = self.headers_by_name();
        let query = self.query_by_name();
        let or_null = |map: Value, empty: bool| if empty { Value::Null } else { map };
        let (body, base64) = self.text_body();
        let resource =
            if *self.route == RouteKey::Default { "$default".to_owned() } else { self.route.path() };
        json!({
            "version": "1.0",
            "resource": resource,
            "path": self.path,
            "httpMethod": self.method,
            "headers": last(&headers),
            "multiValueHeaders": every(&headers),
            "queryStringParameters": or_null(json!(last(&query)), query.is_empty()),
            "multiValueQueryStringParameters": or_null(json!(every(&query)), query.is_empty()),
            "requestContext": {
                "accountId": self.account,
                "apiId": self.api,
                "authorizer": {"claims": null, "scopes": null},
                "domainName": self.domain,
                "domainPrefix": self.domain.split('.').next().unwrap_or_default(),
                "extendedRequestId": self.request_id,
                "httpMethod": self.method,
                "identity": {
                    "accessKey": null,
                    "accountId": null,
                    "caller": null,
                    "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null,
                    "cognitoIdentityId": null,
                    "cognitoIdentityPoolId": null,
                    "principalOrgId": null,
                    "sourceIp": self.source_ip,
                    "user": null,
                    "userAgent": self.user_agent(),
                    "userArn": null,
                },
                "path": self.path,
                "protocol": self.protocol,
                "requestId": self.request_id,
                "requestTime": self.time(),
                "requestTimeEpoch": self.received.millis(),
                "resourceId": self.route.to_string(),
                "resourcePath": resource,
                "stage": self.stage,
            },
            "pathParameters": or_null(json!(self.path_variables), self.path_variables.is_empty()),
            "stageVariables": or_null(json!(self.stage_variables), self.stage_variables.is_empty()),
            "body": body,
            "isBase64Encoded": base64,
        })
    }

    fn time(&self) -> String {
        self.received.format("%d/%b/%Y:%H:%M:%S +0000")
    }

    fn user_agent(&self) -> &str {
        self.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    fn headers_by_name(&self) -> Vec<(String, Vec<String>)> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            all.entry(name.as_str().to_owned()).or_default().push(value);
        }
        all.into_iter().collect()
    }

    fn query_by_name(&self) -> Vec<(String, Vec<String>)> {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = |text: &str| decode(&text.replace('+', " "));
            all.entry(plain(name)).or_default().push(plain(value));
        }
        all.into_iter().collect()
    }

    fn cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        lines
            .flat_map(|line| line.split(';'))
            .map(|c| c.trim().to_owned())
            .filter(|c| !c.is_empty())
            .collect()
    }

    /// The body as text, or in base64 with `true` beside it.
    fn text_body(&self) -> (Option<String>, bool) {
        if self.body.is_empty() {
            return (None, false);
        }
        let content_type =
            self.headers.get(header::CONTENT_TYPE).map(|v| String::from_utf8_lossy(v.as_bytes()));
        match std::str::from_utf8(self.body) {
            Ok(text) if content_type.is_none_or(|kind| is_text(&kind)) => (Some(text.to_owned()), false),
            _ => (Some(STANDARD.encode(self.body)), true),
        }
    }
}

/// Whether API Gateway passes bodies of this type on as text.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
}

/// One text per name, values joined with commas.
fn joined(all: Vec<(String, Vec<String>)>) -> Map<String, Value> {
    all.into_iter().map(|(name, values)| (name, Value::String(values.join(",")))).collect()
}

/// Every value by name.
fn every(all: &[(String, Vec<String>)]) -> Map<String, Value> {
    all.iter().map(|(name, values)| (name.clone(), json!(values))).collect()
}

/// One text per name, the last value.
fn last(all: &[(String, Vec<String>)]) -> Map<String, Value> {
    all.iter().filter_map(|(name, values)| Some((name.clone(), json!(values.last()?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(format: PayloadFormat, content_type: &str, body: &[u8]) -> Value {
        let route: RouteKey = "POST /carts/{id}".parse().unwrap();
        let variables = [("id".to_owned(), "7".to_owned())].into();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "a1.execute-api.localhost:4566"),
            ("content-type", content_type),
            ("x-a", "1"),
            ("x-a", "2"),
            ("cookie", "s=1; t=2"),
            ("user-agent", "test"),
        ] {
            headers.append(http::HeaderName::from_static(name), value.parse().unwrap());
        }
        let taken = Taken {
            account: "123456789012",
            api: "a1",
            stage: "$default",
            route: &route,
            path_variables: &variables,
            stage_variables: &BTreeMap::new(),
            request_id: "id=",
            received: Timestamp::from_millis(1_583_348_638_390),
            domain: "a1.execute-api.localhost",
            source_ip: "127.0.0.1",
            protocol: "HTTP/1.1",
            method: "POST",
            path: "/carts/7",
            query: "a=1&a=2&b=x%20y",
            headers: &headers,
            body,
        };
        taken.event(format)
    }

    #[test]
    fn format_2_is_awss() {
        let event = event(PayloadFormat::V2, "application/json", b"{\"n\":1}");
        let expected = json!({
            "version": "2.0",
            "routeKey": "POST /carts/{id}",
            "rawPath": "/carts/7",
            "rawQueryString": "a=1&a=2&b=x%20y",
            "cookies": ["s=1", "t=2"],
            "headers": {
                "content-type": "application/json",
                "host": "a1.execute-api.localhost:4566",
                "user-agent": "test",
                "x-a": "1,2",
            },
            "queryStringParameters": {"a": "1,2", "b": "x y"},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1",
                "domainName": "a1.execute-api.localhost",
                "domainPrefix": "a1",
                "http": {
                    "method": "POST",
                    "path": "/carts/7",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "test",
                },
                "requestId": "id=",
                "routeKey": "POST /carts/{id}",
                "stage": "$default",
                "time": "04/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_583_348_638_390_i64,
            },
            "pathParameters": {"id": "7"},
            "body": "{\"n\":1}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn format_1_keeps_every_value() {
        let event = event(PayloadFormat::V1, "application/json", b"");
        assert_eq!(event["multiValueHeaders"]["x-a"], json!(["1", "2"]));
        assert_eq!(
            (&event["headers"]["x-a"], &event["queryStringParameters"]["a"]),
            (&json!("2"), &json!("2"))
        );
        assert_eq!((&event["resource"], &event["body"]), (&json!("/carts/{id}"), &Value::Null));
        assert_eq!(event["stageVariables"], Value::Null);
    }

    #[test]
    fn what_is_no_text_goes_in_base64() {
        let rows: [(&str, &[u8], bool); 5] = [
            ("text/plain; charset=utf-8", b"a", false),
            ("application/problem+json", b"{}", false),
            ("application/x-www-form-urlencoded", b"a=1", true),
            ("image/png", b"\x89PNG", true),
            ("application/json", b"\xff", true),
        ];
        for (kind, body, base64) in rows {
            assert_eq!(event(PayloadFormat::V2, kind, body)["isBase64Encoded"], json!(base64), "{kind}");
        }
    }
}
