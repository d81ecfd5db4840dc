//! Parameters: what a caller gives, checked against what the template declares.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

use super::sections::Template;

/// Why the parameters given do not fit; the texts are CloudFormation's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// Some have no value.
    #[error("Parameters: [{0}] must have values")]
    Missing(String),
    /// Some are not in the template.
    #[error("Parameters: [{0}] do not exist in the template")]
    Unknown(String),
    /// A value breaks a constraint.
    #[error("{0}")]
    Constraint(String),
}

/// The parameters' values: those given, else the defaults.
pub fn parameter_values(
    template: &Template,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, ParameterError> {
    let declared = |name: &str| template.parameters.iter().any(|(declared, _)| declared == name);
    let unknown: Vec<_> = given.keys().filter(|name| !declared(name)).cloned().collect();
    if !unknown.is_empty() {
        return Err(ParameterError::Unknown(unknown.join(", ")));
    }
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, declaration) in &template.parameters {
        let default = declaration.get("Default").filter(|default| !default.is_null()).map(text);
        match given.get(name).cloned().or(default) {
            Some(value) => drop(values.insert(name.clone(), check(name, declaration, value)?)),
            None => missing.push(name.clone()),
        }
    }
    if missing.is_empty() { Ok(values) } else { Err(ParameterError::Missing(missing.join(", "))) }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn check(name: &str, declaration: &Map<String, Value>, value: String) -> Result<Value, ParameterError> {
    let kind = declaration.get("Type").and_then(Value::as_str).unwrap_or("String");
    let refuse = |own: String| {
        let told = declaration.get("ConstraintDescription").and_then(Value::as_str);
        let message =
            told.map_or(own, |told| format!("Parameter {name} failed to satisfy constraint: {told}"));
        Err(ParameterError::Constraint(message))
    };
    if kind.starts_with("AWS::SSM::") {
        return Err(ParameterError::Constraint(format!(
            "Parameter {name} has the type {kind}, which this engine does not have; pass the value itself"
        )));
    }
    let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let elements: Vec<String> = if list {
        value.split(',').map(|item| item.trim().to_owned()).collect()
    } else {
        vec![value.clone()]
    };
    if let Some(Value::Array(allowed)) = declaration.get("AllowedValues") {
        let allowed: Vec<_> = allowed.iter().map(text).collect();
        if elements.iter().any(|element| !allowed.contains(element)) {
            return refuse(format!("Parameter '{name}' must be one of AllowedValues"));
        }
    }
    if let Some(pattern) = declaration.get("AllowedPattern").and_then(Value::as_str) {
        let regex = Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|_| {
            ParameterError::Constraint(format!(
                "Parameter '{name}' has an AllowedPattern that cannot be read: {pattern}"
            ))
        })?;
        if elements.iter().any(|element| !regex.is_match(element)) {
            return refuse(format!("Parameter '{name}' must match pattern {pattern}"));
        }
    }
    let bound = |key: &str| declaration.get(key).and_then(|bound| text(bound).parse::<f64>().ok());
    let length = value.chars().count() as f64;
    if bound("MinLength").is_some_and(|min| length < min) {
        return refuse(format!(
            "Parameter '{name}' must contain at least {} characters",
            text(&declaration["MinLength"])
        ));
    }
    if bound("MaxLength").is_some_and(|max| length > max) {
        return refuse(format!(
            "Parameter '{name}' must contain at most {} characters",
            text(&declaration["MaxLength"])
        ));
    }
    if kind == "Number" || kind == "List<Number>" {
        for element in &elements {
            let Ok(number) = element.parse::<f64>() else {
                return refuse(format!("Parameter '{name}' must be a number."));
            };
            if bound("MinValue").is_some_and(|min| number < min) {
                return refuse(format!(
                    "Parameter '{name}' must be a number not less than {}",
                    text(&declaration["MinValue"])
                ));
            }
            if bound("MaxValue").is_some_and(|max| number > max) {
                return refuse(format!(
                    "Parameter '{name}' must be a number not greater than {}",
                    text(&declaration["MaxValue"])
                ));
            }
        }
    }
    Ok(if list { Value::from(elements) } else { Value::String(value) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(given: &[(&str, &str)]) -> Result<BTreeMap<String, Value>, ParameterError> {
        let template = Template::read(&json!({
            "Parameters": {
                "Stage": {"Type": "String", "AllowedValues": ["test", "prod"]},
                "Count": {"Type": "Number", "Default": 3, "MinValue": 1},
                "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
            },
            "Resources": {"R": {"Type": "T"}},
        }))
        .unwrap();
        let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parameter_values(&template, &given)
    }

    #[test]
    fn values_are_checked_and_defaults_taken() {
        let sound = values(&[("Stage", "test")]).unwrap();
        assert_eq!((&sound["Count"], &sound["Zones"]), (&json!("3"), &json!(["a", "b"])));
        let told = |given: &[(&str, &str)]| values(given).unwrap_err().to_string();
        assert_eq!(told(&[]), "Parameters: [Stage] must have values");
        assert_eq!(told(&[("Stage", "x")]), "Parameter 'Stage' must be one of AllowedValues");
        assert_eq!(told(&[("Stage", "test"), ("X", "")]), "Parameters: [X] do not exist in the template");
        assert_eq!(
            told(&[("Stage", "test"), ("Count", "0")]),
            "Parameter 'Count' must be a number not less than 1"
        );
    }
}
