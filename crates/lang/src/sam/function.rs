//! `AWS::Serverless::Function`.

use serde_json::{Map, Value, json};

use super::http_api::{self, Route};
use super::{Output, ids, policies, properties};

/// Properties that are CloudFormation's own.
const PASSED: [&str; 16] = [
    "Handler",
    "Runtime",
    "Description",
    "FunctionName",
    "MemorySize",
    "Timeout",
    "Environment",
    "Layers",
    "Architectures",
    "EphemeralStorage",
    "ReservedConcurrentExecutions",
    "VpcConfig",
    "KmsKeyArn",
    "LoggingConfig",
    "SnapStart",
    "PackageType",
];

/// Properties that mean something here.
const KNOWN: [&str; 13] = [
    "CodeUri",
    "InlineCode",
    "Role",
    "Policies",
    "Events",
    "AutoPublishAlias",
    "VersionDescription",
    "Tags",
    "PermissionsBoundary",
    "AssumeRolePolicyDocument",
    "RolePath",
    "Tracing",
    "AutoPublishCodeSha256",
];

pub(crate) fn transform(output: &mut Output, id: &str, source: &Map<String, Value>) -> Result<(), String> {
    let given = properties(source);
    if let Some(unknown) =
        given.keys().find(|key| !PASSED.contains(&key.as_str()) && !KNOWN.contains(&key.as_str()))
    {
        return Err(format!(
            "property {unknown} of AWS::Serverless::Function is not supported by this engine yet, or not defined"
        ));
    }
    let code = code(&given)?;
    let mut function = Map::new();
    function.insert("Code".into(), code.clone());
    for name in PASSED {
        if let Some(value) = given.get(name) {
            function.insert(name.into(), value.clone());
        }
    }
    if let Some(mode) = given.get("Tracing").filter(|mode| *mode != "Disabled") {
        function.insert("TracingConfig".into(), json!({"Mode": mode}));
    }
    let tags = tags(given.get("Tags"));
    function.insert("Tags".into(), tags.clone());
    match given.get("Role") {
        Some(role) => drop(function.insert("Role".into(), role.clone())),
        None => {
            let role_id = format!("{id}Role");
            function.insert("Role".into(), json!({"Fn::GetAtt": [role_id, "Arn"]}));
            add_role(output, &role_id, &given, tags, source)?;
        }
    }
    let alias = match given.get("AutoPublishAlias") {
        None => None,
        Some(name) => Some(add_alias(output, id, name, &given, &code, source)?),
    };
    output.add(id, "AWS::Lambda::Function", function, source);
    for attribute in ["DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"] {
        if let Some(value) = source.get(attribute) {
            output.set(id, attribute, value.clone());
        }
    }
    for (name, event) in given.get("Events").and_then(Value::as_object).into_iter().flatten() {
        add_event(output, id, alias.as_deref(), name, event, source)?;
    }
    Ok(())
}

/// Where the code is: an object in a bucket, or in the template itself.
fn code(given: &Map<String, Value>) -> Result<Value, String> {
    let wrong = "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.";
    match (given.get("CodeUri"), given.get("InlineCode")) {
        (None, Some(inline)) => Ok(json!({"ZipFile": inline})),
        (Some(Value::String(uri)), _) => {
            let path = uri.strip_prefix("s3://").ok_or(wrong)?;
            let (bucket, key) =
                path.split_once('/').filter(|(b, k)| !b.is_empty() && !k.is_empty()).ok_or(wrong)?;
            let mut code = Map::from_iter([("S3Bucket".to_owned(), json!(bucket))]);
            match key.split_once("?versionId=") {
                Some((key, version)) => {
                    code.insert("S3Key".into(), json!(key));
                    code.insert("S3ObjectVersion".into(), json!(version));
                }
                None => drop(code.insert("S3Key".into(), json!(key))),
            }
            Ok(Value::Object(code))
        }
        (Some(Value::Object(parts)), _) => {
            let (Some(bucket), Some(key)) = (parts.get("Bucket"), parts.get("Key")) else {
                return Err("'CodeUri' requires Bucket and Key properties to be specified.".to_owned());
            };
            let mut code = json!({"S3Bucket": bucket, "S3Key": key});
            if let Some(version) = parts.get("Version") {
                code["S3ObjectVersion"] = version.clone();
            }
            Ok(code)
        }
        (None, None) => Err("Missing required property 'CodeUri' or 'InlineCode'.".to_owned()),
        _ => Err(wrong.to_owned()),
    }
}

/// The tags of everything that a function generates, the mark of SAM first.
fn tags(given: Option<&Value>) -> Value {
    let mut list = vec![json!({"Key": "lambda:createdBy", "Value": "SAM"})];
    let own = given.and_then(Value::as_object).into_iter().flatten();
    list.extend(own.map(|(key, value)| json!({"Key": key, "Value": value})));
    Value::Array(list)
}

fn add_role(
    output: &mut Output,
    role_id: &str,
    given: &Map<String, Value>,
    tags: Value,
    source: &Map<String, Value>,
) -> Result<(), String> {
    let policies = policies::read(given.get("Policies"), &output.partition)?;
    let arn = |name: &str| Value::String(policies::managed_arn(name, &output.partition));
    let mut managed = vec![arn("AWSLambdaBasicExecutionRole")];
    if given.contains_key("VpcConfig") {
        managed.push(arn("AWSLambdaVPCAccessExecutionRole"));
    }
    if given.get("Tracing").is_some_and(|mode| mode == "Active") {
        managed.push(arn("AWSXrayWriteOnlyAccess"));
    }
    for policy in policies.managed {
        if !managed.contains(&policy) {
            managed.push(policy);
        }
    }
    let trust = given.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(|| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]},
        }]})
    });
    let mut role = Map::new();
    role.insert("AssumeRolePolicyDocument".into(), trust);
    role.insert("ManagedPolicyArns".into(), Value::Array(managed));
    if !policies.inline.is_empty() {
        let inline = policies.inline.into_iter().map(|(index, document)| {
            json!({"PolicyName": format!("{role_id}Policy{index}"), "PolicyDocument": document})
        });
        role.insert("Policies".into(), Value::Array(inline.collect()));
    }
    for (from, to) in [("PermissionsBoundary", "PermissionsBoundary"), ("RolePath", "Path")] {
        if let Some(value) = given.get(from) {
            role.insert(to.into(), value.clone());
        }
    }
    role.insert("Tags".into(), tags);
    output.add(role_id, "AWS::IAM::Role", role, source);
    Ok(())
}

/// A version whose id changes with the code, and the alias that points at it.
fn add_alias(
    output: &mut Output,
    id: &str,
    name: &Value,
    given: &Map<String, Value>,
    code: &Value,
    source: &Map<String, Value>,
) -> Result<String, String> {
    let name = ids::resolve_parameters(name, &output.parameters);
    let Value::String(name) = name else {
        return Err("'AutoPublishAlias' must be a string or a Ref to a template parameter".to_owned());
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) || name.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!(
            "AutoPublishAlias name ('{name}') must contain only alphanumeric characters, hyphens, or underscores \
             matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern."
        ));
    }
    let mut changing = ids::resolve_parameters(code, &output.parameters);
    if let (Value::Object(changing), Some(Value::Object(environment))) =
        (&mut changing, given.get("Environment"))
    {
        changing.extend(environment.clone());
    }
    if let (Value::Object(changing), Some(memory)) = (&mut changing, given.get("MemorySize")) {
        changing.insert("MemorySize".into(), memory.clone());
    }
    let version_id = match given
        .get("AutoPublishCodeSha256")
        .map(|sha| ids::resolve_parameters(sha, &output.parameters))
    {
        Some(Value::String(sha)) if sha.len() >= 10 => format!("{id}Version{}", &sha[..10]),
        _ => ids::hashed(&format!("{id}Version"), &changing),
    };
    let mut version = Map::from_iter([("FunctionName".to_owned(), json!({"Ref": id}))]);
    if let Some(description) = given.get("VersionDescription") {
        version.insert("Description".into(), description.clone());
    }
    output.add(&version_id, "AWS::Lambda::Version", version, source);
    // Old versions stay: an alias may go back to them.
    output.set(&version_id, "DeletionPolicy", json!("Retain"));
    let alias_id = format!("{id}Alias{}", name.replace('-', "D").replace('_', "U"));
    let alias = json!({
        "Name": name,
        "FunctionName": {"Ref": id},
        "FunctionVersion": {"Fn::GetAtt": [version_id, "Version"]},
    });
    output.add(&alias_id, "AWS::Lambda::Alias", alias.as_object().cloned().unwrap_or_default(), source);
    Ok(alias_id)
}

fn add_event(
    output: &mut Output,
    id: &str,
    alias: Option<&str>,
    name: &str,
    event: &Value,
    source: &Map<String, Value>,
) -> Result<(), String> {
    let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
    if kind != "HttpApi" {
        return Err(format!(
            "Event with id [{name}] is invalid. Events of type {kind} are not supported by this engine yet"
        ));
    }
    let given = properties(event.as_object().unwrap_or(&Map::new()));
    let api = match given.get("ApiId") {
        None => http_api::IMPLICIT.to_owned(),
        Some(reference) => match reference.get("Ref").and_then(Value::as_str) {
            Some(api) => api.to_owned(),
            None => {
                return Err(format!(
                    "Event with id [{name}] is invalid. ApiId must be a !Ref to an AWS::Serverless::HttpApi of the template"
                ));
            }
        },
    };
    if let Some(unknown) = given.keys().find(|key| {
        !["ApiId", "Path", "Method", "PayloadFormatVersion", "TimeoutInMillis"].contains(&key.as_str())
    }) {
        return Err(format!(
            "Event with id [{name}] is invalid. {unknown} is not supported by this engine yet"
        ));
    }
    let explicit = given.contains_key("ApiId");
    let default_path = if explicit { "/$default" } else { "$default" };
    let path = given.get("Path").and_then(Value::as_str).unwrap_or(default_path).to_owned();
    let method = given.get("Method").and_then(Value::as_str).unwrap_or("any").to_lowercase();
    let target = alias.map_or_else(|| format!("{id}.Arn"), str::to_owned);
    let route = Route {
        path: path.clone(),
        method: method.clone(),
        target,
        payload: given.get("PayloadFormatVersion").cloned().unwrap_or_else(|| json!("2.0")),
        timeout: given.get("TimeoutInMillis").cloned(),
    };
    output.routes.entry(api.clone()).or_default().push(route);
    let function = json!({"Ref": alias.unwrap_or(id)});
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": {"Fn::Sub": [
            http_api::source_arn(&path, &method),
            {"__ApiId__": {"Ref": api}, "__Stage__": "*"},
        ]},
    });
    let permission = permission.as_object().cloned().unwrap_or_default();
    output.add(format!("{id}{name}Permission"), "AWS::Lambda::Permission", permission, source);
    Ok(())
}
