//! `AWS::Serverless::HttpApi`, declared or implied by events.

use serde_json::{Map, Value, json};

use super::{Output, properties};

/// The API that events without an `ApiId` share.
pub(crate) const IMPLICIT: &str = "ServerlessHttpApi";

const KNOWN: [&str; 11] = [
    "Name",
    "StageName",
    "StageVariables",
    "Tags",
    "CorsConfiguration",
    "DefinitionBody",
    "DefaultRouteSettings",
    "RouteSettings",
    "Description",
    "DisableExecuteApiEndpoint",
    "FailOnWarnings",
];

/// A route that an event asks for.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) method: String,
    /// What the integration calls: `Function.Arn`, or the alias.
    pub(crate) target: String,
    pub(crate) payload: Value,
    pub(crate) timeout: Option<Value>,
}

/// The pattern of calls that a route's permission allows.
pub(crate) fn source_arn(path: &str, method: &str) -> String {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let call = if path == "$default" || path == "/$default" {
        "*".to_owned()
    } else {
        let method = if method == "any" { "*".to_owned() } else { method.to_uppercase() };
        let segments =
            path.split('/').map(|s| if s.starts_with('{') { "*" } else { s }).collect::<Vec<_>>().join("/");
        format!("{method}{segments}")
    };
    updraft_types::apigateway::invocation_pattern(&call)
}

pub(crate) fn transform(output: &mut Output, id: &str, source: &Map<String, Value>) -> Result<(), String> {
    let given = properties(source);
    if let Some(unknown) = given.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(format!(
            "property {unknown} of AWS::Serverless::HttpApi is not supported by this engine yet, or not defined"
        ));
    }
    let routes = output.routes.remove(id).unwrap_or_default();
    let mut body = match given.get("DefinitionBody") {
        Some(Value::Object(body)) => body.clone(),
        Some(_) => return Err("'DefinitionBody' must be an OpenAPI document in the template".to_owned()),
        None => json!({"openapi": "3.0.1", "info": {"title": {"Ref": "AWS::StackName"}, "version": "1.0"}, "paths": {}})
            .as_object()
            .cloned()
            .unwrap_or_default(),
    };
    if let Some(name) = given.get("Name") {
        body["info"]["title"] = name.clone();
    }
    if let Some(description) = given.get("Description") {
        body["info"]["description"] = description.clone();
    }
    let paths = body.entry("paths").or_insert_with(|| json!({}));
    for route in &routes {
        add_route(paths, route)?;
    }
    let mut tags = vec![json!({"name": "httpapi:createdBy", "x-amazon-apigateway-tag-value": "SAM"})];
    let mut stage_tags = Map::from_iter([("httpapi:createdBy".to_owned(), json!("SAM"))]);
    for (key, value) in given.get("Tags").and_then(Value::as_object).into_iter().flatten() {
        tags.push(json!({"name": key, "x-amazon-apigateway-tag-value": value}));
        stage_tags.insert(key.clone(), value.clone());
    }
    body.insert("tags".into(), Value::Array(tags));
    if let Some(cors) = given.get("CorsConfiguration") {
        body.insert(
            "x-amazon-apigateway-cors".into(),
            cors_of(&super::ids::resolve_parameters(cors, &output.parameters))?,
        );
    }
    let mut api = Map::from_iter([("Body".to_owned(), Value::Object(body))]);
    for name in ["DisableExecuteApiEndpoint", "FailOnWarnings"] {
        if let Some(value) = given.get(name) {
            api.insert(name.into(), value.clone());
        }
    }
    output.add(id, "AWS::ApiGatewayV2::Api", api, source);
    add_stage(output, id, &given, stage_tags, source);
    Ok(())
}

fn add_stage(
    output: &mut Output,
    id: &str,
    given: &Map<String, Value>,
    tags: Map<String, Value>,
    source: &Map<String, Value>,
) {
    let name = given.get("StageName").cloned().unwrap_or_else(|| json!("$default"));
    let stage_id = match &name {
        Value::String(name) if name == "$default" => format!("{id}ApiGatewayDefaultStage"),
        Value::String(name) => format!("{id}{name}Stage"),
        _ => format!("{id}Stage"),
    };
    let mut stage = Map::new();
    stage.insert("ApiId".into(), json!({"Ref": id}));
    stage.insert("AutoDeploy".into(), json!(true));
    stage.insert("StageName".into(), name);
    stage.insert("Tags".into(), Value::Object(tags));
    for property in ["StageVariables", "DefaultRouteSettings", "RouteSettings"] {
        if let Some(value) = given.get(property) {
            stage.insert(property.into(), value.clone());
        }
    }
    output.add(stage_id, "AWS::ApiGatewayV2::Stage", stage, source);
}

fn add_route(paths: &mut Value, route: &Route) -> Result<(), String> {
    let method = if route.method == "any" { "x-amazon-apigateway-any-method" } else { &route.method };
    let uri = updraft_types::apigateway::integration_pattern(&route.target);
    let mut integration = json!({
        "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": route.payload, "uri": {"Fn::Sub": uri},
    });
    if let Some(timeout) = &route.timeout {
        integration["timeoutInMillis"] = timeout.clone();
    }
    let mut operation = json!({"x-amazon-apigateway-integration": integration, "responses": {}});
    if route.path.ends_with("$default") {
        operation["isDefaultRoute"] = json!(true);
    }
    let names: Vec<_> = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name.trim_end_matches('+'), "in": "path", "required": true}))
        .collect();
    if !names.is_empty() {
        operation["parameters"] = Value::Array(names);
    }
    let Value::Object(paths) = paths else {
        return Err("'paths' of the DefinitionBody must be a mapping".to_owned());
    };
    let path = paths.entry(&route.path).or_insert_with(|| json!({}));
    if path.get(method).is_some() {
        return Err(format!(
            "API method \"{}\" defined multiple times for path \"{}\".",
            route.method, route.path
        ));
    }
    path[method] = operation;
    Ok(())
}

/// CORS as the OpenAPI extension has it.
fn cors_of(given: &Value) -> Result<Value, String> {
    const NAMES: [(&str, &str); 6] = [
        ("AllowOrigins", "allowOrigins"),
        ("AllowMethods", "allowMethods"),
        ("AllowHeaders", "allowHeaders"),
        ("ExposeHeaders", "exposeHeaders"),
        ("MaxAge", "maxAge"),
        ("AllowCredentials", "allowCredentials"),
    ];
    match given {
        Value::Bool(true) => Ok(json!({"allowOrigins": ["*"]})),
        Value::Object(map) => {
            let mut cors = Map::new();
            for (key, value) in map {
                let Some((_, name)) = NAMES.iter().find(|(given, _)| given == key) else {
                    return Err(format!(
                        "Invalid value for 'CorsConfiguration' property: {key} is not part of it."
                    ));
                };
                cors.insert((*name).into(), value.clone());
            }
            Ok(Value::Object(cors))
        }
        _ => Err("Invalid value for 'CorsConfiguration' property.".to_owned()),
    }
}
