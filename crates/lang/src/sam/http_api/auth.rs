//! `Auth`: authorizers by JWT, by function and by IAM.

use serde_json::{Map, Value, json};

use super::super::intrinsics::{given, is_no_value, truthy};
use super::super::made::Made;
use super::super::openapi;
use super::super::problem::Fail;
use super::HttpApi;

/// The authorizer that IAM itself is.
const IAM: &str = "AWS_IAM";

/// An authorizer as the document has it.
struct Authorizer {
    name: String,
    scheme: Value,
    scopes: Option<Value>,
    /// The function to permit the API to call.
    permitted: Option<Value>,
}

/// Properties of authorizers, the sort each belongs to, and how a message names the sort.
const BELONGS: [(&str, Sort, &str); 9] = [
    ("AuthorizationScopes", Sort::Jwt, "OAuth2 Authorizer"),
    ("JwtConfiguration", Sort::Jwt, "OAuth2 Authorizer"),
    (
        "IdentitySource",
        Sort::Jwt,
        "OAuth2 Authorizer. For Lambda Authorizer, use the 'Identity' property instead",
    ),
    ("FunctionArn", Sort::Request, "Lambda Authorizer"),
    ("FunctionInvokeRole", Sort::Request, "Lambda Authorizer"),
    ("Identity", Sort::Request, "Lambda Authorizer"),
    ("AuthorizerPayloadFormatVersion", Sort::Request, "Lambda Authorizer"),
    ("EnableSimpleResponses", Sort::Request, "Lambda Authorizer"),
    ("EnableFunctionDefaultPermissions", Sort::Request, "Lambda Authorizer"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Jwt,
    Request,
}

/// Writes the authorizers into the API's document.
pub(super) fn add(api: &mut HttpApi<'_>, partition: &str) -> Result<(), Fail> {
    let Some(auth) = api.given("Auth").and_then(Value::as_object).cloned() else { return Ok(()) };
    api.document_for("Auth")?;
    if !auth
        .keys()
        .all(|key| ["Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"].contains(&key.as_str()))
    {
        return Err("Invalid value for 'Auth' property".into());
    }
    if !openapi::is_valid(api.document.as_ref()) {
        return Err(
            "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid OpenApi definition.".into()
        );
    }
    let authorizers = read(&auth, partition)?;
    let document = api.document_for("Auth")?;
    for authorizer in &authorizers {
        let schemes = &mut document["components"]["securitySchemes"];
        if !schemes.is_object() {
            *schemes = json!({});
        }
        schemes[&authorizer.name] = authorizer.scheme.clone();
    }
    let default = given(&auth, "DefaultAuthorizer").filter(|default| !is_no_value(default));
    match default {
        Some(default) => set_default(document, &authorizers, default),
        None => Ok(()),
    }
}

fn set_default(document: &mut Value, authorizers: &[Authorizer], default: &Value) -> Result<(), Fail> {
    let name = default.as_str().ok_or("Property 'Auth.DefaultAuthorizer' should be a string.")?;
    let Some(authorizer) = authorizers.iter().find(|authorizer| authorizer.name == name) else {
        return Err(format!(
            "Unable to set DefaultAuthorizer because '{name}' was not defined in 'Authorizers'."
        )
        .into());
    };
    let scopes = authorizer.scopes.clone().unwrap_or_else(|| json!([]));
    let security = Value::Object(Map::from_iter([(name.to_owned(), scopes)]));
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for item in openapi::branches_mut(item)? {
            let item = openapi::path_item(item, path)?;
            let names: Vec<String> = item.keys().cloned().collect();
            for method in names {
                let normal = openapi::method_name(&method);
                if normal == "parameters" || normal == "options" {
                    continue;
                }
                if !item.contains_key(&normal) {
                    return Err(Fail::document(&format!(
                        "Could not find {normal} in {path} within DefinitionBody."
                    )));
                }
                for branch in openapi::branches_mut(&mut item[&method])? {
                    let definition = openapi::definition(branch, path, &method)?;
                    let secured = definition.get("security").is_some_and(truthy);
                    if openapi::has_own_integration(definition) && !secured {
                        definition.insert("security".to_owned(), json!([security]));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The permissions of the API to call its authorizers' functions.
pub(super) fn permissions(api: &HttpApi<'_>, partition: &str) -> Result<Vec<Made>, Fail> {
    let Some(auth) = api.given("Auth").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let permitted = read(auth, partition)?.into_iter().filter_map(|authorizer| {
        let function = authorizer.permitted?;
        let id = format!("{}{}AuthorizerPermission", api.id, authorizer.name);
        let mut permission = Made::beside(id, "AWS::Lambda::Permission", &api.attributes);
        permission.set("Action", "lambda:InvokeFunction");
        permission.set("FunctionName", function);
        permission.set("Principal", "apigateway.amazonaws.com");
        let pattern = updraft_types::apigateway::authorizer_invocation_pattern();
        permission.set("SourceArn", json!({"Fn::Sub": [pattern, {"__ApiId__": {"Ref": api.id}}]}));
        Some(permission)
    });
    Ok(permitted.collect())
}

fn read(auth: &Map<String, Value>, partition: &str) -> Result<Vec<Authorizer>, Fail> {
    let mut authorizers = Vec::new();
    if auth.get("EnableIamAuthorizer") == Some(&json!(true)) {
        let scheme = json!({"type": "apiKey", "name": "Authorization", "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4"});
        authorizers.push(Authorizer { name: IAM.to_owned(), scheme, scopes: None, permitted: None });
    }
    let Some(given) = given(auth, "Authorizers") else { return Ok(authorizers) };
    let given = given.as_object().ok_or("Property 'Auth.Authorizers' should be a map.")?;
    for (name, authorizer) in given {
        let Some(authorizer) = authorizer.as_object() else {
            return Err(format!("Property 'Auth.Authorizers.{name}' should be a map.").into());
        };
        authorizers.push(authorizer_of(name, authorizer, partition)?);
    }
    Ok(authorizers)
}

fn authorizer_of(name: &str, authorizer: &Map<String, Value>, partition: &str) -> Result<Authorizer, Fail> {
    if authorizer.contains_key("OpenIdConnectUrl") {
        return Err(format!(
            "'OpenIdConnectUrl' is no longer a supported property for authorizer '{name}'. Please refer to the AWS SAM documentation."
        )
        .into());
    }
    let sort = if given(authorizer, "JwtConfiguration").is_some() { Sort::Jwt } else { Sort::Request };
    if authorizer.get("JwtConfiguration").is_some_and(|jwt| truthy(jwt) && !jwt.is_object()) {
        return Err("Property 'JwtConfiguration' should be a map.".into());
    }
    let there = |key: &str| authorizer.get(key).is_some_and(|value| !value.is_null());
    if authorizer.get("AuthorizationScopes").is_some_and(|scopes| !scopes.is_null() && !scopes.is_array()) {
        return Err("AuthorizationScopes must be a list.".into());
    }
    // An empty JWT configuration is as none.
    let stray = |(key, of, _): &&(&str, Sort, &str)| *of != sort && there(key) && *key != "JwtConfiguration";
    if let Some((key, _, told)) = BELONGS.iter().find(stray) {
        return Err(format!("{key} is only supported for {told}.").into());
    }
    let needs = |property: &str, told: &str| match given(authorizer, property) {
        Some(value) => Ok(value.clone()),
        None => Err(format!("{name} {told} Authorizer must define '{property}'.")),
    };
    let scheme = match sort {
        Sort::Jwt => jwt(&needs("JwtConfiguration", "OAuth2")?, &needs("IdentitySource", "OAuth2")?),
        Sort::Request => {
            let function = needs("FunctionArn", "Lambda")?;
            let version = needs("AuthorizerPayloadFormatVersion", "Lambda")?;
            request(name, authorizer, &function, version, partition)?
        }
    };
    let permit = authorizer.get("EnableFunctionDefaultPermissions").filter(|permit| !permit.is_null());
    if permit.is_some_and(|permit| !permit.is_boolean()) {
        return Err(format!(
            "Property 'Authorizers.{name}.EnableFunctionDefaultPermissions' should be a boolean."
        )
        .into());
    }
    let permitted = permit.is_some_and(truthy).then(|| authorizer.get("FunctionArn").cloned()).flatten();
    let scopes = authorizer.get("AuthorizationScopes").cloned();
    Ok(Authorizer { name: name.to_owned(), scheme, scopes, permitted })
}

fn jwt(configuration: &Value, source: &Value) -> Value {
    let configuration: Map<String, Value> = configuration
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.to_lowercase(), value.clone()))
        .collect();
    json!({"type": "oauth2", "x-amazon-apigateway-authorizer":
        {"jwtConfiguration": configuration, "identitySource": source, "type": "jwt"}})
}

fn request(
    name: &str,
    authorizer: &Map<String, Value>,
    function: &Value,
    version: Value,
    partition: &str,
) -> Result<Value, Fail> {
    let pattern = updraft_types::apigateway::authorizer_pattern(partition);
    let mut own = json!({"type": "request",
        "authorizerUri": {"Fn::Sub": [pattern, {"__FunctionArn__": function}]}});
    if let Some(role) = given(authorizer, "FunctionInvokeRole").filter(|role| *role != "NONE") {
        own["authorizerCredentials"] = role.clone();
    }
    if let Some(identity) = given(authorizer, "Identity") {
        let identity = identity.as_object();
        let identity = identity
            .ok_or_else(|| format!("Property 'Auth.Authorizers.{name}.Identity' should be a map."))?;
        if let Some(every) = identity.get("ReauthorizeEvery").filter(|every| !every.is_null()) {
            own["authorizerResultTtlInSeconds"] = every.clone();
        }
        own["identitySource"] = identity_sources(name, identity)?;
    }
    own["authorizerPayloadFormatVersion"] = version;
    if let Some(simple) = given(authorizer, "EnableSimpleResponses") {
        own["enableSimpleResponses"] = simple.clone();
    }
    Ok(json!({"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": own}))
}

/// Where a request says who makes it.
fn identity_sources(name: &str, identity: &Map<String, Value>) -> Result<Value, Fail> {
    let places = [
        ("$request.header.", "Headers"),
        ("$request.querystring.", "QueryStrings"),
        ("$stageVariables.", "StageVariables"),
        ("$context.", "Context"),
    ];
    let mut sources = Vec::new();
    for (prefix, property) in places {
        let Some(values) = given(identity, property) else { continue };
        let path = format!("Authorizers.{name}.Identity.{property}");
        let values = values.as_array().ok_or_else(|| format!("Property '{path}' should be a list."))?;
        for (at, value) in values.iter().enumerate() {
            let value =
                value.as_str().ok_or_else(|| format!("Property '{path}[{at}]' should be a string."))?;
            sources.push(json!(format!("{prefix}{value}")));
        }
    }
    Ok(Value::Array(sources))
}
