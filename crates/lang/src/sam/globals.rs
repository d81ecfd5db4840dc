//! `Globals`: properties that every resource of a kind begins with.

use serde_json::{Map, Value};

use super::intrinsics::is_intrinsic;
use super::problem::{SamError, SamProblem};
use super::python;

/// The sections the official transform knows. Those of resources that this one refuses are read,
/// and have nothing to apply to.
const SECTIONS: [&str; 8] = [
    "Api",
    "CapacityProvider",
    "Function",
    "HttpApi",
    "LayerVersion",
    "SimpleTable",
    "StateMachine",
    "WebSocketApi",
];

/// What may stand in a section ("Globals section", SAM guide).
const ALLOWED: [(&str, &[&str]); 3] = [
    (
        "Function",
        &[
            "Handler",
            "Runtime",
            "CodeUri",
            "DeadLetterQueue",
            "Description",
            "MemorySize",
            "Timeout",
            "VpcConfig",
            "Environment",
            "Tags",
            "PropagateTags",
            "Tracing",
            "KmsKeyArn",
            "AutoPublishAlias",
            "AutoPublishAliasAllProperties",
            "Layers",
            "DeploymentPreference",
            "RolePath",
            "PermissionsBoundary",
            "ReservedConcurrentExecutions",
            "ProvisionedConcurrencyConfig",
            "AssumeRolePolicyDocument",
            "EventInvokeConfig",
            "FileSystemConfigs",
            "CodeSigningConfigArn",
            "Architectures",
            "SnapStart",
            "EphemeralStorage",
            "FunctionUrlConfig",
            "RuntimeManagementConfig",
            "LoggingConfig",
            "RecursiveLoop",
            "SourceKMSKeyArn",
            "TenancyConfig",
            "DurableConfig",
            "CapacityProviderConfig",
            "FunctionScalingConfig",
            "PublishToLatestPublished",
            "VersionDeletionPolicy",
        ],
    ),
    (
        "HttpApi",
        &[
            "Auth",
            "AccessLogSettings",
            "StageVariables",
            "Tags",
            "CorsConfiguration",
            "DefaultRouteSettings",
            "Domain",
            "RouteSettings",
            "FailOnWarnings",
            "PropagateTags",
        ],
    ),
    ("SimpleTable", &["SSESpecification"]),
];

/// Merges the globals into the resources.
pub(crate) fn apply(globals: Option<&Value>, resources: &mut Map<String, Value>) -> Result<(), SamError> {
    let Some(globals) = globals else { return Ok(()) };
    let sections = read(globals)?;
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let section = kind.strip_prefix(super::PREFIX).and_then(|name| sections.get(name));
        if let (Some(section), Value::Object(map)) = (section, resource) {
            let section = without_ignored(id, section, map.get("IgnoreGlobals"))?;
            let own = map.remove("Properties").unwrap_or_else(|| Value::Object(Map::new()));
            map.insert("Properties".into(), merge(section, own));
        }
    }
    Ok(())
}

fn read(globals: &Value) -> Result<&Map<String, Value>, SamError> {
    let wrong = |message: String| {
        SamError::from(SamProblem {
            resource: None,
            message: format!("'Globals' section is invalid. {message}"),
        })
    };
    let sections =
        globals.as_object().ok_or_else(|| wrong("It must be a non-empty dictionary".to_owned()))?;
    for (name, section) in sections {
        let must = "Must be one of the following values - ";
        if !SECTIONS.contains(&name.as_str()) {
            return Err(wrong(format!("'{name}' is not supported. {must}{}", python::list(&SECTIONS))));
        }
        // The official message has forgotten to put the section's name in.
        let map = section.as_object();
        let map = map.ok_or_else(|| wrong("Value of ${section} must be a dictionary".to_owned()))?;
        let Some((_, allowed)) = ALLOWED.iter().find(|(section, _)| section == name) else { continue };
        if let Some(key) = map.keys().find(|key| !allowed.contains(&key.as_str())) {
            let list = python::list(allowed);
            return Err(wrong(format!("'{key}' is not a supported property of '{name}'. {must}{list}")));
        }
    }
    Ok(sections)
}

/// A section without what the resource will not have from it.
fn without_ignored(id: &str, section: &Value, ignored: Option<&Value>) -> Result<Value, SamError> {
    let wrong = |what: String| {
        let message = format!("Resource {id} has invalid resource attribute 'IgnoreGlobals'{what}.");
        Err(SamError::from(SamProblem::resource(id, message)))
    };
    match ignored {
        None | Some(Value::Null) => Ok(section.clone()),
        Some(Value::String(all)) if all == "*" => Ok(Value::Object(Map::new())),
        Some(Value::Array(names)) => {
            let mut section = section.as_object().cloned().unwrap_or_default();
            for name in names {
                let name = name.as_str().unwrap_or_default();
                if section.remove(name).is_none() {
                    return wrong(format!(" on item '{name}'"));
                }
            }
            Ok(Value::Object(section))
        }
        Some(_) => wrong(String::new()),
    }
}

/// The resource's own value wins; mappings merge; lists are joined, the global's first.
fn merge(global: Value, own: Value) -> Value {
    match (global, own) {
        (global, own) if is_intrinsic(&global) || is_intrinsic(&own) => own,
        (Value::Object(mut merged), Value::Object(own)) => {
            for (key, value) in own {
                let both = match merged.get_mut(&key).map(Value::take) {
                    Some(global) => merge(global, value),
                    None => value,
                };
                merged.insert(key, both);
            }
            Value::Object(merged)
        }
        (Value::Array(mut global), Value::Array(own)) => {
            global.extend(own);
            Value::Array(global)
        }
        (_, own) => own,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(globals: Value, mut resource: Value) -> Result<Value, String> {
        resource["Type"] = json!("AWS::Serverless::Function");
        let mut resources = Map::from_iter([("F".to_owned(), resource)]);
        apply(Some(&globals), &mut resources).map_err(|error| error.0[0].message.clone())?;
        Ok(resources["F"]["Properties"].take())
    }

    #[test]
    fn a_resources_own_properties_win_and_mappings_merge() {
        let globals = json!({"Function": {"Timeout": 3, "Environment": {"Variables": {"A": 1}}, "Layers": ["g"],
            "Tracing": {"Ref": "T"}}});
        let own = json!({"Properties": {"Timeout": 5, "Environment": {"Variables": {"B": 2}}, "Layers": ["o"],
            "Tracing": {"Ref": "U"}}});
        let expected = json!({"Timeout": 5, "Environment": {"Variables": {"A": 1, "B": 2}}, "Layers": ["g", "o"],
            "Tracing": {"Ref": "U"}});
        assert_eq!(applied(globals, own), Ok(expected));
    }

    #[test]
    fn a_resource_may_ignore_globals() {
        let globals = json!({"Function": {"Timeout": 3, "MemorySize": 128}});
        let ignoring = |ignored: Value| applied(globals.clone(), json!({"IgnoreGlobals": ignored}));
        assert_eq!(ignoring(json!("*")), Ok(json!({})));
        assert_eq!(ignoring(json!(["Timeout"])), Ok(json!({"MemorySize": 128})));
        assert!(ignoring(json!(["Handler"])).unwrap_err().ends_with("on item 'Handler'."));
        assert!(ignoring(json!("Timeout")).is_err());
    }

    #[test]
    fn what_is_no_section_is_refused_with_those_there_are() {
        let told = applied(json!({"Thing": {}}), json!({})).unwrap_err();
        assert!(
            told.starts_with("'Globals' section is invalid. 'Thing' is not supported. Must be one of"),
            "{told}"
        );
        let told = applied(json!({"SimpleTable": {"TableName": "t"}}), json!({})).unwrap_err();
        assert!(told.ends_with("values - ['SSESpecification']"), "{told}");
        assert!(applied(json!({"Function": 1}), json!({})).is_err());
    }
}
