//! `AutoPublishAlias`: a version whose id changes with the code, and the alias that points at it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::super::intrinsics::{attribute, given, truthy};
use super::super::made::Made;
use super::super::problem::Fail;
use super::super::{Context, ids};
use super::Function;

/// Makes the version and the alias. What parameters say of the code is put into the function, as
/// the official transform does while it hashes it.
pub(super) fn with_alias(
    cx: &Context,
    function: &Function<'_>,
    main: &mut Made,
) -> Result<(Made, Made), Fail> {
    let Some(Value::String(name)) =
        function.given("AutoPublishAlias").map(|name| cx.parameters.resolve(name))
    else {
        return Err("'AutoPublishAlias' must be a string or a Ref to a template parameter".into());
    };
    let hash = match function.given("AutoPublishCodeSha256").map(|hash| cx.parameters.resolve(hash)) {
        None => None,
        Some(Value::String(hash)) => {
            describe_code(cx, main, &hash);
            Some(hash)
        }
        Some(_) => return Err("AutoPublishCodeSha256 must be a string".into()),
    };
    let code = cx.parameters.resolve(&main.properties["Code"]);
    main.set("Code", code);
    let prefix = format!("{}Version", function.id);
    let id = match hash.filter(|hash| !hash.is_empty()) {
        Some(hash) => ids::with_hash(&prefix, &hash),
        None => ids::hashed(&prefix, &Value::Object(changing(function, main))),
    };
    let version = version(id, function);
    let alias = alias(&name, function, &version)?;
    Ok((version, alias))
}

/// Lambda publishes no version of a function that is as it was; the description tells that the
/// code is another.
fn describe_code(cx: &Context, main: &mut Made, hash: &str) {
    let description =
        main.properties.get("Description").map(|description| cx.parameters.resolve(description));
    let described = match description.filter(truthy) {
        None => json!(hash),
        Some(Value::String(own)) => json!(format!("{own} {hash}")),
        Some(own) => json!({"Fn::Join": [" ", [own, hash]]}),
    };
    main.set("Description", described);
}

/// What makes a new version when it changes.
fn changing(function: &Function<'_>, main: &Made) -> Map<String, Value> {
    if function.given("AutoPublishAliasAllProperties").is_some() {
        return main.properties.clone();
    }
    let mut changing = main.properties["Code"].as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(environment)) = given(&main.properties, "Environment") {
        changing.extend(environment.clone());
    }
    if let Some(memory) = given(&main.properties, "MemorySize") {
        changing.insert("MemorySize".into(), memory.clone());
    }
    if let Some(snap) = given(&main.properties, "SnapStart")
        && snap.get("ApplyOn").is_some_and(|on| on != "None")
    {
        changing.insert("SnapStart".into(), snap.clone());
    }
    changing
}

fn version(id: String, function: &Function<'_>) -> Made {
    let mut version = Made::beside(id, "AWS::Lambda::Version", &function.attributes);
    if !version.attributes.contains_key("DeletionPolicy") {
        // Old versions stay: an alias may go back to them.
        let policy = function.given.get("VersionDeletionPolicy").cloned().unwrap_or_else(|| json!("Retain"));
        version.attributes.insert("DeletionPolicy".into(), policy);
    }
    version.set("FunctionName", json!({"Ref": function.id}));
    version.set_given("Description", function.given.get("VersionDescription"));
    version
}

fn alias(name: &str, function: &Function<'_>, version: &Made) -> Result<Made, Fail> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\A[a-zA-Z0-9_-]+\z").expect("the pattern is well-formed"));
    if name.is_empty() {
        return Err("Alias name is required to create an alias".into());
    }
    if !NAME.is_match(name) || name.chars().all(|c| c.is_ascii_digit()) {
        return Err(format!(
            "AutoPublishAlias name ('{name}') must contain only alphanumeric characters, hyphens, or underscores \
             matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern."
        )
        .into());
    }
    let id = format!("{}Alias{}", function.id, name.replace('-', "D").replace('_', "U"));
    let mut alias = Made::beside(id, "AWS::Lambda::Alias", &function.attributes);
    alias.set("Name", name);
    alias.set("FunctionName", json!({"Ref": function.id}));
    alias.set("FunctionVersion", attribute(&version.id, "Version"));
    alias.set_given("ProvisionedConcurrencyConfig", function.given("ProvisionedConcurrencyConfig"));
    Ok(alias)
}
