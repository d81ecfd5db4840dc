//! The OpenAPI document of an HTTP API: what its events and its properties write into it.
//!
//! A path item or a method's definition may stand in an `Fn::If`; then each branch that is a value
//! is written to.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::intrinsics::{conditional, is_no_value, truthy};
use super::problem::Fail;

/// The path of the route that takes what no other does.
pub(crate) const DEFAULT_PATH: &str = "$default";
/// The method that stands for every method.
pub(crate) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
/// The extension that says what a method calls.
pub(crate) const INTEGRATION: &str = "x-amazon-apigateway-integration";

/// The title of an API that is given none.
pub(crate) fn default_title() -> Value {
    json!({"Ref": "AWS::StackName"})
}

/// The document of an API that brings none.
pub(crate) fn skeleton() -> Value {
    json!({"openapi": "3.0.1", "info": {"version": "1.0", "title": default_title()}, "paths": {}})
}

/// Whether a value is an OpenAPI document of version 3.
pub(crate) fn is_valid(document: Option<&Value>) -> bool {
    static VERSION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\A3(\.\d)(\.\d)?\z").expect("the pattern is well-formed"));
    let Some(document) = document else { return false };
    let version = match &document["openapi"] {
        Value::String(version) => version.clone(),
        Value::Number(version) => version.to_string(),
        _ => return false,
    };
    document["paths"].is_object() && VERSION.is_match(&version)
}

/// Refuses what is no document.
pub(crate) fn expect_valid(document: Option<&Value>) -> Result<(), &'static str> {
    let wrong = "Invalid OpenApi document. Invalid values or missing keys for 'openapi' or 'paths' in 'DefinitionBody'.";
    if is_valid(document) { Ok(()) } else { Err(wrong) }
}

/// A method as the document names it.
pub(crate) fn method_name(method: &str) -> String {
    let lower = method.to_lowercase();
    if lower == "any" { ANY_METHOD.to_owned() } else { lower }
}

/// A value, or the branches of its `Fn::If` that are values.
pub(crate) fn branches(value: &Value) -> Vec<&Value> {
    match value.get("Fn::If").and_then(Value::as_array) {
        Some(parts) => parts.iter().skip(1).filter(|part| !is_no_value(part)).collect(),
        None => vec![value],
    }
}

/// The same, to write to.
pub(crate) fn branches_mut(value: &mut Value) -> Result<Vec<&mut Value>, Fail> {
    if value.get("Fn::If").is_none() {
        return Ok(vec![value]);
    }
    match value.get_mut("Fn::If").and_then(Value::as_array_mut) {
        Some(parts) => Ok(parts.iter_mut().skip(1).filter(|part| !is_no_value(part)).collect()),
        None => Err(Fail::document("Value of Fn::If must be a list.")),
    }
}

/// The members of a path item.
pub(crate) fn path_item<'a>(item: &'a mut Value, path: &str) -> Result<&'a mut Map<String, Value>, Fail> {
    let wrong =
        || Fail::document(&format!("Value of '{path}' path must be a dictionary according to Swagger spec."));
    item.as_object_mut().ok_or_else(wrong)
}

/// The members of a method's definition.
pub(crate) fn definition<'a>(
    definition: &'a mut Value,
    path: &str,
    method: &str,
) -> Result<&'a mut Map<String, Value>, Fail> {
    let wrong =
        || Fail::document(&format!("Definition of method '{method}' for path '{path}' should be a map."));
    definition.as_object_mut().ok_or_else(wrong)
}

/// Whether a definition says what it calls.
pub(crate) fn has_own_integration(definition: &Map<String, Value>) -> bool {
    definition.get(INTEGRATION).is_some_and(truthy)
}

/// Whether a method of a path is there and calls something, in every branch of the path.
pub(crate) fn has_integration(document: &Value, path: &str, method: &str) -> bool {
    let method = method_name(method);
    let Some(item) = document["paths"].get(path) else { return false };
    branches(item).into_iter().all(|item| {
        let definition = item.get(&method).filter(|definition| definition.is_object());
        let calls = |branch: &&Value| branch.as_object().is_some_and(has_own_integration);
        definition.is_some_and(|definition| branches(definition).iter().any(calls))
    })
}

/// Adds a method to a path, with nothing in it, where there is none.
pub(crate) fn add_path(document: &mut Value, path: &str, method: &str) -> Result<(), Fail> {
    let Some(paths) = document["paths"].as_object_mut() else { return Ok(()) };
    let item = paths.entry(path).or_insert_with(|| json!({}));
    for item in branches_mut(item)? {
        path_item(item, path)?.entry(method_name(method)).or_insert_with(|| json!({}));
    }
    Ok(())
}

/// Has a method of a path call a function. One that calls something already is left as it is.
pub(crate) fn add_lambda_integration(
    document: &mut Value,
    path: &str,
    method: &str,
    uri: Value,
    condition: Option<&str>,
) -> Result<(), Fail> {
    if has_integration(document, path, method) {
        return Ok(());
    }
    add_path(document, path, method)?;
    let method = method_name(method);
    let under_condition = |value: Value| match condition {
        Some(condition) => conditional(condition, value),
        None => value,
    };
    let uri = under_condition(uri);
    for item in branches_mut(&mut document["paths"][path])? {
        let slot = path_item(item, path)?.entry(method.clone()).or_insert(Value::Null);
        if slot.is_null() {
            *slot = json!({});
        }
        let members = definition(slot, path, &method)?;
        let integration =
            json!({"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": uri});
        members.insert(INTEGRATION.to_owned(), integration);
        if path == DEFAULT_PATH && method == ANY_METHOD {
            members.insert("isDefaultRoute".to_owned(), json!(true));
        }
        members.entry("responses").or_insert_with(|| json!({}));
        *slot = under_condition(slot.take());
    }
    Ok(())
}

/// Writes to every definition of a method that calls something.
pub(crate) fn for_each_definition(
    document: &mut Value,
    path: &str,
    method: &str,
    mut write: impl FnMut(&mut Map<String, Value>) -> Result<(), Fail>,
) -> Result<(), Fail> {
    let named = method_name(method);
    let Some(item) = document["paths"].get_mut(path) else { return Ok(()) };
    for item in branches_mut(item)? {
        let Some(slot) = path_item(item, path)?.get_mut(&named) else { continue };
        for branch in branches_mut(slot)? {
            let members = definition(branch, path, method)?;
            if has_own_integration(members) {
                write(members)?;
            }
        }
    }
    Ok(())
}

/// Whether the route that takes everything calls the function of that id.
pub(crate) fn default_route_calls(document: &Value, function: &str) -> bool {
    static FUNCTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"([A-Za-z0-9]+)\.Arn").expect("the pattern is well-formed"));
    if !has_integration(document, DEFAULT_PATH, ANY_METHOD) {
        return false;
    }
    let items = branches(&document["paths"][DEFAULT_PATH]);
    let definitions = items.into_iter().filter_map(|item| item.get(ANY_METHOD)).flat_map(branches);
    definitions.into_iter().all(|definition| {
        let uri = &definition[INTEGRATION]["uri"];
        uri.is_object()
            && branches(uri).into_iter().all(|uri| {
                let text = uri["Fn::Sub"].as_str().unwrap_or_default();
                FUNCTION.captures(text).is_some_and(|found| &found[1] == function)
            })
    })
}
