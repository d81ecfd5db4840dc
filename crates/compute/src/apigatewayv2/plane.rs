//! The data plane: requests to an API's own host, or to its path below the engine's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use updraft_api::{ByteStream, StreamError, lambda};
use updraft_kernel::{As, Caller, DataPlane, Error, FactKind, Result, ServeCx};
use updraft_types::apigateway::{DefaultExecution, Execution};
use updraft_types::lambda::function_of_uri;
use updraft_types::{Arn, Resource};

use super::answer::{self, Answer};
use super::cors;
use super::event::Taken;
use super::live::{LiveApi, LiveApis, LiveStage};
use super::model::Integration;
use super::route::{self, RouteKey};

/// The largest request body ("Quotas for configuring and running an HTTP API", API Gateway
/// developer guide, read 2026-11).
const BODY_BYTES_MAX: u64 = 10 << 20;

/// Where APIs are reached below the engine's own address: `/_aws/execute-api/{api}/{stage}/…`.
const PATH: &str = "/_aws/execute-api/";

/// The principal that calls functions.
const SERVICE: &str = "apigateway.amazonaws.com";

/// Serves the HTTP APIs of all accounts.
#[derive(Default)]
pub(crate) struct ExecuteApi {
    live: LiveApis,
}

/// What is asked of which API.
struct Asked {
    api: String,
    /// The host's name, without its port.
    domain: String,
    /// The stage, where the address names it apart from the path.
    stage: Option<String>,
    /// The path, stage included where it is a part of it.
    path: String,
}

impl DataPlane for ExecuteApi {
    fn claims(&self, request: &Parts) -> bool {
        read_address(request).is_some()
    }

    fn answer<'a>(
        &'a self,
        cx: ServeCx,
        request: Request<ByteStream>,
    ) -> BoxFuture<'a, Response<ByteStream>> {
        async move {
            let (parts, body) = request.into_parts();
            let request_id = request_id(&cx);
            let mut answer = match self.serve(&cx, &parts, body, &request_id).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::error!(%error, path = parts.uri.path(), "a request to an HTTP API failed");
                    Answer::server_error()
                }
            };
            if let Ok(id) = HeaderValue::from_str(&request_id) {
                answer.headers.insert("apigw-requestid", id);
            }
            let mut response = Response::new(ByteStream::Whole(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        .boxed()
    }
}

/// An id in the form of API Gateway's own.
fn request_id(cx: &ServeCx) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    format!("{}=", cx.ids().text(letters, 15))
}

/// The host of a request, from its line or its header.
fn host(request: &Parts) -> Option<&str> {
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    authority.or_else(|| request.headers.get(header::HOST)?.to_str().ok())
}

/// The API that an address names: `{api}.execute-api.…` as host, or by path.
fn read_address(request: &Parts) -> Option<Asked> {
    let host = host(request).unwrap_or_default();
    let domain = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    let path = request.uri.path();
    if let Some(rest) = path.strip_prefix(PATH) {
        let (api, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let (stage, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let stage = if stage.is_empty() { "$default".to_owned() } else { route::decode(stage) };
        return Some(Asked { api: api.to_owned(), domain, stage: Some(stage), path: format!("/{rest}") });
    }
    let (api, rest) = domain.split_once('.')?;
    let named = rest.strip_prefix("execute-api.").is_some_and(|rest| !rest.is_empty());
    named.then(|| Asked { api: api.to_owned(), domain: domain.clone(), stage: None, path: path.to_owned() })
}

/// The stage a request is for: named by the address, or by the first part of its path, or
/// `$default`. With it come the path as the function sees it and as routes are matched.
fn find_stage<'a>(api: &'a LiveApi, asked: &Asked) -> Option<(&'a str, &'a LiveStage, String, String)> {
    let get = |name: &str| api.stages.get_key_value(name).map(|(name, stage)| (name.as_str(), stage));
    if let Some(named) = &asked.stage {
        let (name, stage) = get(named)?;
        let shown = if name == "$default" { asked.path.clone() } else { format!("/{name}{}", asked.path) };
        return Some((name, stage, shown, asked.path.clone()));
    }
    let inner = asked.path.strip_prefix('/').unwrap_or(&asked.path);
    let (first, rest) = inner.split_once('/').map_or((inner, None), |(first, rest)| (first, Some(rest)));
    if first != "$default"
        && let Some((name, stage)) = get(&route::decode(first))
    {
        return Some((name, stage, asked.path.clone(), format!("/{}", rest.unwrap_or_default())));
    }
    let (name, stage) = get("$default")?;
    Some((name, stage, asked.path.clone(), asked.path.clone()))
}

/// A request on its way through a stage.
struct Passing<'a> {
    api: &'a LiveApi,
    stage: (&'a str, &'a LiveStage),
    parts: &'a Parts,
    domain: &'a str,
    /// The path as the function sees it.
    path: &'a str,
    request_id: &'a str,
}

impl ExecuteApi {
    async fn serve(&self, cx: &ServeCx, parts: &Parts, body: ByteStream, request_id: &str) -> Result<Answer> {
        let begun = Instant::now();
        let not_found = || Answer::message(StatusCode::NOT_FOUND, "Not Found");
        let Some(asked) = read_address(parts) else { return Ok(not_found()) };
        let Some(api) = cx.view(|view| self.live.find(view, &asked.api))? else { return Ok(not_found()) };
        if api.endpoint_disabled && asked.stage.is_none() {
            return Ok(not_found());
        }
        let Some((name, stage, shown, inner)) = find_stage(&api, &asked) else { return Ok(not_found()) };
        let cx = enter(cx, &api);
        let passing = Passing {
            api: &api,
            stage: (name, stage),
            parts,
            domain: &asked.domain,
            path: &shown,
            request_id,
        };
        let (route, answer, in_integration) = passing.pass(&cx, &inner, body).await?;
        cx.emit(FactKind::HttpRequest {
            api: api.id.clone(),
            stage: name.to_owned(),
            route,
            status: answer.status.as_u16(),
            micros: micros(begun.elapsed()),
            integration_micros: micros(in_integration),
        });
        Ok(answer)
    }
}

fn enter(cx: &ServeCx, api: &Arc<LiveApi>) -> ServeCx {
    cx.enter(api.scope.clone(), Caller::service(SERVICE, api.scope.account, None))
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

impl Passing<'_> {
    /// The route that took the request, the answer, and the time its integration took.
    async fn pass(&self, cx: &ServeCx, inner: &str, body: ByteStream) -> Result<(String, Answer, Duration)> {
        let Parts { method, headers, .. } = self.parts;
        let stage = self.stage.1;
        if let Some(config) = &stage.cors
            && cors::is_preflight(method, headers)
        {
            let headers = cors::preflight(config, headers);
            let answer = Answer { status: StatusCode::NO_CONTENT, headers, body: Bytes::new() };
            return Ok(("OPTIONS".to_owned(), answer, Duration::ZERO));
        }
        let chosen = route::choose(&stage.routes, method.as_str(), inner);
        let Some((key, integration, variables)) = chosen else {
            return Ok((String::new(), Answer::message(StatusCode::NOT_FOUND, "Not Found"), Duration::ZERO));
        };
        let begun = Instant::now();
        let mut answer = match integration {
            Some(integration) => self.integrate(cx, key, integration, &variables, body).await?,
            None => Answer::server_error(),
        };
        if let Some(config) = &stage.cors {
            cors::decorate(config, headers, &mut answer.headers);
        }
        Ok((key.to_string(), answer, begun.elapsed()))
    }

    async fn integrate(
        &self,
        cx: &ServeCx,
        key: &RouteKey,
        integration: &Integration,
        variables: &BTreeMap<String, String>,
        body: ByteStream,
    ) -> Result<Answer> {
        let body = match body.collect(BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(StreamError::TooLarge) => {
                return Ok(Answer::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"));
            }
            Err(_) => return Ok(Answer::message(StatusCode::BAD_REQUEST, "Bad Request")),
        };
        let uri = with_stage_variables(&integration.uri, &self.stage.1.variables);
        let Some(function) = function_of_uri(&uri) else {
            tracing::warn!(api = self.api.id, route = %key, uri, "the integration names no function");
            return Ok(Answer::server_error());
        };
        let payload = self.taken(cx, key, variables, &body).event(integration.payload).to_string();
        let call = self.call(cx, key, integration, function, payload.into());
        let end = cx.now().plus(Duration::from_millis(integration.timeout_millis.into()));
        tokio::select! {
            result = call => self.read(key, integration, result),
            () = cx.sleep_until(end) => {
                Ok(Answer::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
            }
        }
    }

    fn taken<'a>(
        &'a self,
        cx: &'a ServeCx,
        key: &'a RouteKey,
        variables: &'a BTreeMap<String, String>,
        body: &'a [u8],
    ) -> TakenOwned<'a> {
        let source_ip = cx.info().source_ip.map_or_else(|| "127.0.0.1".to_owned(), |ip| ip.to_string());
        TakenOwned {
            headers: forwarded(cx, self.parts, &source_ip),
            source_ip,
            protocol: format!("{:?}", self.parts.version),
            passing: self,
            key,
            variables,
            body,
            account: self.api.scope.account.to_string(),
            received: cx.info().received,
        }
    }

    /// Calls the function through the door, as API Gateway acting for the route, or as the role
    /// the integration names.
    async fn call(
        &self,
        cx: &ServeCx,
        key: &RouteKey,
        integration: &Integration,
        function: Arn,
        payload: Bytes,
    ) -> Result<lambda::InvocationResponse> {
        let scope = function.scope().unwrap_or_else(|| self.api.scope.clone());
        let who = match integration.credentials.as_deref().and_then(|role| role.parse().ok()) {
            Some(role) => {
                As::Role { role, session: "BackplaneAssumeRoleSession".to_owned(), service: SERVICE }
            }
            None => As::Service { name: SERVICE, source: Some(self.source_arn(key)) },
        };
        let input = lambda::InvocationRequest {
            function_name: function.to_string(),
            payload: Some(payload),
            ..lambda::InvocationRequest::default()
        };
        cx.call_in::<lambda::ops::Invoke>(who, scope, input).await
    }

    /// What the function's policy is asked about: the API, the stage and the route.
    fn source_arn(&self, key: &RouteKey) -> Arn {
        let (api, stage) = (self.api.id.as_str(), self.stage.0);
        match key {
            RouteKey::Default => DefaultExecution { api, stage }.arn(&self.api.scope),
            RouteKey::Path { .. } => {
                let method = key.method().filter(|method| *method != "ANY").unwrap_or("*");
                Execution { api, stage, method, path: &key.path() }.arn(&self.api.scope)
            }
        }
    }

    fn read(
        &self,
        key: &RouteKey,
        integration: &Integration,
        result: Result<lambda::InvocationResponse>,
    ) -> Result<Answer> {
        match result {
            Ok(response) if response.function_error.is_some() => Ok(Answer::server_error()),
            Ok(response) => Ok(answer::read(&response.payload.unwrap_or_default(), integration.payload)),
            Err(Error::Refused(refusal)) => {
                tracing::warn!(api = self.api.id, route = %key, %refusal, "the integration could not be called");
                Ok(match refusal.status {
                    429 => Answer::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                    _ => Answer::server_error(),
                })
            }
            Err(fault) => Err(fault),
        }
    }
}

/// What an event borrows from, put together for one request.
struct TakenOwned<'a> {
    passing: &'a Passing<'a>,
    key: &'a RouteKey,
    variables: &'a BTreeMap<String, String>,
    body: &'a [u8],
    headers: HeaderMap,
    source_ip: String,
    protocol: String,
    account: String,
    received: updraft_types::Timestamp,
}

impl TakenOwned<'_> {
    fn event(&self, format: super::model::PayloadFormat) -> serde_json::Value {
        let taken = Taken {
            account: &self.account,
            api: &self.passing.api.id,
            stage: self.passing.stage.0,
            route: self.key,
            path_variables: self.variables,
            stage_variables: &self.passing.stage.1.variables,
            request_id: self.passing.request_id,
            received: self.received,
            domain: self.passing.domain,
            source_ip: &self.source_ip,
            protocol: &self.protocol,
            method: self.passing.parts.method.as_str(),
            path: self.passing.path,
            query: self.passing.parts.uri.query().unwrap_or_default(),
            headers: &self.headers,
            body: self.body,
        };
        taken.event(format)
    }
}

/// The request's headers with those API Gateway adds.
fn forwarded(cx: &ServeCx, parts: &Parts, source_ip: &str) -> HeaderMap {
    let mut headers = parts.headers.clone();
    let host = host(parts).unwrap_or_default().to_owned();
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    let trace = format!("Root=1-{:08x}-{}", cx.now().secs(), cx.ids().hex(24));
    let proto = parts.uri.scheme_str().unwrap_or("http");
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("host", &host);
    set("x-amzn-trace-id", &trace);
    set("x-forwarded-for", source_ip);
    set("x-forwarded-port", &port);
    set("x-forwarded-proto", proto);
    headers
}

/// Puts the stage's variables where a URI names them: `${stageVariables.alias}`.
fn with_stage_variables(uri: &str, variables: &BTreeMap<String, String>) -> String {
    variables
        .iter()
        .fold(uri.to_owned(), |uri, (name, value)| uri.replace(&format!("${{stageVariables.{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(host: &str, path: &str) -> Parts {
        Request::get(path).header(header::HOST, host).body(()).unwrap().into_parts().0
    }

    #[test]
    fn addresses_name_apis_by_host_and_by_path() {
        let rows = [
            ("a1.execute-api.localhost:4566", "/x", Some(("a1", None, "/x"))),
            ("a1.execute-api.us-east-1.amazonaws.com", "/prod/x", Some(("a1", None, "/prod/x"))),
            ("A1.execute-api.localhost", "/", Some(("a1", None, "/"))),
            ("localhost:4566", "/_aws/execute-api/a1/prod/x/y", Some(("a1", Some("prod"), "/x/y"))),
            ("localhost:4566", "/_aws/execute-api/a1/%24default/x", Some(("a1", Some("$default"), "/x"))),
            ("localhost:4566", "/_aws/execute-api/a1", Some(("a1", Some("$default"), "/"))),
            ("execute-api.us-east-1.amazonaws.com", "/", None),
            ("bucket.s3.localhost:4566", "/x", None),
            ("localhost:4566", "/v2/apis", None),
        ];
        for (host, path, expected) in rows {
            let asked = read_address(&parts(host, path));
            let read = asked.as_ref().map(|a| (a.api.as_str(), a.stage.as_deref(), a.path.as_str()));
            assert_eq!(read, expected, "{host} {path}");
        }
    }

    #[test]
    fn stages_come_before_the_default_one() {
        let stages = ["$default", "prod"].map(|name| (name.to_owned(), LiveStage::default()));
        let scope =
            updraft_types::Scope::new(updraft_types::AccountId::DEFAULT, updraft_types::Region::us_east_1());
        let api = LiveApi { id: "a1".to_owned(), scope, endpoint_disabled: false, stages: stages.into() };
        let rows = [
            (None, "/prod/x", ("prod", "/prod/x", "/x")),
            (None, "/prod", ("prod", "/prod", "/")),
            (None, "/x", ("$default", "/x", "/x")),
            (Some("prod"), "/x", ("prod", "/prod/x", "/x")),
            (Some("$default"), "/prod/x", ("$default", "/prod/x", "/prod/x")),
        ];
        for (stage, path, expected) in rows {
            let asked = Asked {
                api: "a1".to_owned(),
                domain: String::new(),
                stage: stage.map(str::to_owned),
                path: path.to_owned(),
            };
            let (name, _, shown, inner) = find_stage(&api, &asked).unwrap();
            assert_eq!((name, shown.as_str(), inner.as_str()), expected, "{stage:?} {path}");
        }
    }

    #[test]
    fn stage_variables_complete_a_uri() {
        let variables = [("alias".to_owned(), "live".to_owned())].into();
        assert_eq!(with_stage_variables("f:${stageVariables.alias}", &variables), "f:live");
        assert_eq!(
            with_stage_variables("f:${stageVariables.other}", &variables),
            "f:${stageVariables.other}"
        );
    }
}
