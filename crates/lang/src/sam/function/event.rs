//! Events of HTTP APIs: the route in the API's document, and the permission to call the function.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::intrinsics::{given, truthy};
use super::super::made::Made;
use super::super::openapi::{self, ANY_METHOD, DEFAULT_PATH, INTEGRATION};
use super::super::problem::{Fail, SamProblem};
use super::super::properties::{self, Property, any, map, number, text};
use super::super::{Context, python};
use super::Function;

const PROPERTIES: [Property; 8] = [
    text("Path"),
    text("Method"),
    text("ApiId"),
    any("Stage"),
    map("Auth"),
    number("TimeoutInMillis"),
    map("RouteSettings"),
    any("PayloadFormatVersion"),
];

/// An event of an HTTP API.
struct HttpEvent<'a> {
    name: &'a str,
    api: String,
    path: String,
    method: String,
    given: Map<String, Value>,
}

pub(super) fn construct(
    cx: &mut Context,
    function: &Function<'_>,
    alias: Option<&Made>,
) -> Result<Vec<Made>, Fail> {
    let Some(Value::Object(events)) = function.given("Events") else { return Ok(Vec::new()) };
    let mut read: Vec<HttpEvent<'_>> =
        events.iter().map(|(name, event)| read(function.id, name, event)).collect::<Result<_, _>>()?;
    // `$default` comes before `/`: what it permits need not be permitted twice.
    read.sort_by(|a, b| a.path.cmp(&b.path));
    let mut made = Vec::new();
    for event in &read {
        made.extend(event.permission(cx, function, alias)?);
        event.add_route(cx, function, alias)?;
    }
    Ok(made)
}

fn read<'a>(function: &str, name: &'a str, event: &Value) -> Result<HttpEvent<'a>, Fail> {
    let Some(kind) = event["Type"].as_str() else {
        return Err(Fail::event(name, "Resource dict is missing key 'Type': name the type of the event."));
    };
    if kind != "HttpApi" {
        return Err(Fail::event(
            name,
            &format!("Events of type {kind} are not supported by this engine yet."),
        ));
    }
    let id = format!("{function}{name}");
    let given = properties::check(&properties::of(event), &PROPERTIES, kind).map_err(|fail| match fail {
        Fail::Here(message) => Fail::Elsewhere(SamProblem::resource(&id, message)),
        other => other,
    })?;
    let of = |key: &str| given.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api = given
        .get("ApiId")
        .map(|api| api.get("Ref").unwrap_or(api))
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(HttpEvent { name, api: api.to_owned(), path: of("Path"), method: of("Method").to_lowercase(), given })
}

impl HttpEvent<'_> {
    /// The API's properties, which functions write into before the API is transformed.
    fn api_properties<'c>(&self, cx: &'c mut Context) -> &'c mut Value {
        &mut cx.source[&self.api]["Properties"]
    }

    /// Lets the API call the function, unless its default route does already.
    fn permission(
        &self,
        cx: &mut Context,
        function: &Function<'_>,
        alias: Option<&Made>,
    ) -> Result<Option<Made>, Fail> {
        static SEGMENT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\{([a-zA-Z0-9._-]+|proxy\+)\}").expect("the pattern is well-formed")
        });
        let target = alias.map_or(function.id, |alias| alias.id.as_str());
        let document = self.api_properties(cx).get("DefinitionBody").filter(|document| truthy(document));
        if document.is_some() {
            let problem = |message: &str| {
                Fail::Elsewhere(SamProblem::resource(&self.api, SamProblem::structure(message).message))
            };
            openapi::expect_valid(document).map_err(problem)?;
        }
        // API Gateway drops a slash at the end.
        let path = match self.path.strip_suffix('/') {
            Some(shorter) if !shorter.is_empty() => shorter,
            _ => &self.path,
        };
        let path = if path == DEFAULT_PATH {
            ""
        } else if document.is_some_and(|document| openapi::default_route_calls(document, target)) {
            return Ok(None);
        } else {
            path
        };
        let path = SEGMENT.replace_all(path, "*");
        let any = self.method == "any";
        let call = if any && path == "/$default" {
            DEFAULT_PATH.to_owned()
        } else if any || self.method == ANY_METHOD {
            format!("*{path}")
        } else {
            format!("{}{path}", self.method.to_uppercase())
        };
        let id = format!("{}{}Permission", function.id, self.name);
        let mut permission = Made::beside(id, "AWS::Lambda::Permission", &function.attributes);
        permission.set("Action", "lambda:InvokeFunction");
        permission.set("FunctionName", json!({"Ref": target}));
        permission.set("Principal", "apigateway.amazonaws.com");
        let pattern = updraft_types::apigateway::invocation_pattern(&call);
        let names = json!({"__ApiId__": self.given.get("ApiId"), "__Stage__": "*"});
        permission.set("SourceArn", json!({"Fn::Sub": [pattern, names]}));
        Ok(Some(permission))
    }

    /// Writes the route into the API's document.
    fn add_route(&self, cx: &mut Context, function: &Function<'_>, alias: Option<&Made>) -> Result<(), Fail> {
        let managed = cx.managed_apis.contains(&self.api);
        let properties = self.api_properties(cx);
        let auth = properties.get("Auth").cloned();
        let Some(document) = properties.get_mut("DefinitionBody").filter(|document| !document.is_null())
        else {
            return Ok(());
        };
        openapi::expect_valid(Some(document)).map_err(Fail::document)?;
        let (path, method) = (&self.path, &self.method);
        if managed && openapi::has_integration(document, path, method) {
            let message = format!("API method '{method}' defined multiple times for path '{path}'.");
            return Err(Fail::event(self.name, &message));
        }
        let target = alias.map_or_else(|| format!("{}.Arn", function.id), |alias| alias.id.clone());
        let uri = json!({"Fn::Sub": updraft_types::apigateway::integration_pattern(&target)});
        openapi::add_lambda_integration(document, path, method, uri, function.attributes.condition())?;
        if let Some(own) = given(&self.given, "Auth") {
            self.add_auth(document, own, auth.as_ref())?;
        }
        for (property, member) in
            [("TimeoutInMillis", "timeoutInMillis"), ("PayloadFormatVersion", "payloadFormatVersion")]
        {
            let Some(value) = given(&self.given, property) else { continue };
            openapi::for_each_definition(document, path, method, |definition| {
                definition[INTEGRATION][member] = value.clone();
                Ok(())
            })?;
        }
        self.add_path_parameters(document)
    }

    fn add_path_parameters(&self, document: &mut Value) -> Result<(), Fail> {
        static NAMES: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\{(.*?)\}").expect("the pattern is well-formed"));
        let names: Vec<&str> =
            NAMES.captures_iter(&self.path).filter_map(|found| Some(found.get(1)?.as_str())).collect();
        if names.is_empty() {
            return Ok(());
        }
        openapi::for_each_definition(document, &self.path, &self.method, |definition| {
            let Some(list) = definition.entry("parameters").or_insert_with(|| json!([])).as_array_mut()
            else {
                return Ok(());
            };
            for name in &names {
                match list.iter_mut().find(|parameter| parameter["name"] == *name) {
                    Some(own) => {
                        own["in"] = json!("path");
                        own["required"] = json!(true);
                    }
                    None => list.push(json!({"name": name, "in": "path", "required": true})),
                }
            }
            Ok(())
        })
    }

    /// Names the authorizer of the route.
    fn add_auth(&self, document: &mut Value, own: &Value, api: Option<&Value>) -> Result<(), Fail> {
        let empty = json!({});
        let api = api.filter(|auth| !auth.is_null()).unwrap_or(&empty);
        if !api.is_object() {
            return Err(Fail::Elsewhere(SamProblem::resource(&self.api, "Property 'Auth' should be a map.")));
        }
        let default = api.get("DefaultAuthorizer").filter(|authorizer| truthy(authorizer));
        let authorizer = own.get("Authorizer").filter(|authorizer| truthy(authorizer)).or(default);
        let Some(authorizer) = authorizer else {
            let message = "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' \
                           configured on the HttpApi.";
            return Err(Fail::event(self.name, message));
        };
        let authorizers = api.get("Authorizers").filter(|authorizers| truthy(authorizers));
        let iam = api.get("EnableIamAuthorizer") == Some(&json!(true));
        let name = self.check_authorizer(authorizer, authorizers, iam, default.is_some())?;
        let scopes = own.get("AuthorizationScopes").filter(|scopes| truthy(scopes));
        if scopes.is_some_and(|scopes| !scopes.is_array()) {
            let on = format!("on API method [{}] for path [{}]", self.method, self.path);
            let message = format!(
                "Unable to set Authorizer {on} because 'AuthorizationScopes' must be a list of strings."
            );
            return Err(Fail::event(self.name, &message));
        }
        let defined = authorizers.and_then(|all| all.get(name));
        let scopes = scopes.or_else(|| defined?.get("AuthorizationScopes").filter(|scopes| truthy(scopes)));
        let scopes =
            scopes.filter(|_| name != "NONE" && name != "AWS_IAM").cloned().unwrap_or_else(|| json!([]));
        openapi::for_each_definition(document, &self.path, &self.method, |definition| {
            let security = definition.entry("security").or_insert_with(|| json!([]));
            let Some(security) = security.as_array_mut() else {
                let of = format!("path {} method {}", self.path, self.method);
                return Err(Fail::document(&format!("Type of security for {of} must be a list")));
            };
            security.push(Value::Object(Map::from_iter([(name.to_owned(), scopes.clone())])));
            Ok(())
        })
    }

    fn check_authorizer<'v>(
        &self,
        authorizer: &'v Value,
        authorizers: Option<&Value>,
        iam: bool,
        has_default: bool,
    ) -> Result<&'v str, Fail> {
        let told = authorizer.as_str().map_or_else(|| python::repr(authorizer), str::to_owned);
        let unable = format!(
            "Unable to set Authorizer [{told}] on API method [{}] for path [{}]",
            self.method, self.path
        );
        let refuse = |why: &str| Err(Fail::event(self.name, &format!("{unable}{why}")));
        match authorizer.as_str() {
            Some("NONE") if has_default => Ok("NONE"),
            Some("NONE") => {
                let on = format!("on API method [{}] for path [{}]", self.method, self.path);
                let why =
                    "because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.";
                Err(Fail::event(self.name, &format!("Unable to set Authorizer {on} {why}")))
            }
            Some("AWS_IAM") if iam => Ok("AWS_IAM"),
            Some(name) if authorizers.is_some_and(Value::is_object) => {
                match authorizers.and_then(|all| all.get(name)).filter(|defined| truthy(defined)) {
                    Some(_) => Ok(name),
                    None => refuse(" because it wasn't defined in the API's Authorizers."),
                }
            }
            _ => refuse(
                ". The method authorizer must be a string with a corresponding dict entry in the api authorizer.",
            ),
        }
    }
}
