//! `Globals`: properties that every resource of a kind begins with.

use serde_json::{Map, Value, json};

const SECTIONS: [(&str, &str); 3] = [
    ("Function", "AWS::Serverless::Function"),
    ("HttpApi", "AWS::Serverless::HttpApi"),
    ("SimpleTable", "AWS::Serverless::SimpleTable"),
];

/// Merges the globals into the resources.
pub(crate) fn apply(
    globals: Option<&Value>,
    resources: Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let Some(globals) = globals else { return Ok(resources) };
    let Value::Object(sections) = globals else {
        return Err("'Globals' section is invalid. It must be a non-empty dictionary".to_owned());
    };
    for name in sections.keys() {
        if !SECTIONS.iter().any(|(section, _)| section == name) {
            let known = SECTIONS.map(|(section, _)| section).join(", ");
            return Err(format!(
                "'Globals' section is invalid. '{name}' is not supported. Must be one of the following values - [{known}]"
            ));
        }
    }
    let merged = resources.into_iter().map(|(id, mut resource)| {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let section =
            SECTIONS.iter().find(|(_, of)| *of == kind).and_then(|(name, _)| sections.get(*name)).cloned();
        if let (Some(global), Value::Object(map)) = (section, &mut resource) {
            let own = map.remove("Properties").unwrap_or_else(|| json!({}));
            map.insert("Properties".into(), merge(global, own));
        }
        (id, resource)
    });
    Ok(merged.collect())
}

/// The properties of an API that only events ask for.
pub(crate) fn of_implicit(globals: Option<&Value>) -> Value {
    globals.and_then(|globals| globals.get("HttpApi")).cloned().unwrap_or_else(|| json!({}))
}

/// The resource's own value wins; mappings merge; lists are joined, the global's first.
fn merge(global: Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global), Value::Object(own)) if !is_function(&global) && !is_function(&own) => {
            let mut merged = global;
            for (key, value) in own {
                let both = match merged.remove(&key) {
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

/// Whether a mapping is an intrinsic function, which is a value and no mapping.
fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1
        && map.keys().next().is_some_and(|key| key == "Ref" || key == "Condition" || key.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resources_own_properties_win_and_mappings_merge() {
        let globals =
            json!({"Function": {"Timeout": 3, "Environment": {"Variables": {"A": 1}}, "Layers": ["g"]}});
        let resources = json!({"F": {"Type": "AWS::Serverless::Function", "Properties": {
            "Timeout": 5, "Environment": {"Variables": {"B": 2}}, "Layers": ["o"]}}});
        let merged = apply(Some(&globals), resources.as_object().unwrap().clone()).unwrap();
        let expected =
            json!({"Timeout": 5, "Environment": {"Variables": {"A": 1, "B": 2}}, "Layers": ["g", "o"]});
        assert_eq!(merged["F"]["Properties"], expected);
        assert!(apply(Some(&json!({"Api": {}})), Map::new()).is_err());
    }
}
