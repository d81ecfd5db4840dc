//! The sections of a template.

use serde_json::{Map, Value};

use super::CfnError;

/// The sections AWS allows ("Template sections", user guide).
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

/// The attributes a resource may have.
const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
];

/// A template whose sections have been checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// What it says of itself.
    pub description: Option<String>,
    /// The parameters' declarations.
    pub parameters: Ordered<Map<String, Value>>,
    /// The mappings.
    pub mappings: Map<String, Value>,
    /// The conditions' expressions.
    pub conditions: Map<String, Value>,
    /// The resources, in the template's order.
    pub resources: Ordered<Resource>,
    /// The outputs, in the template's order.
    pub outputs: Ordered<Output>,
    /// The transforms it names.
    pub transforms: Vec<String>,
    /// Its metadata.
    pub metadata: Option<Value>,
}

/// A resource as it is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `AWS::Lambda::Function`.
    pub kind: String,
    /// Its properties, unresolved.
    pub properties: Map<String, Value>,
    /// The resources it names to wait for.
    pub depends_on: Vec<String>,
    /// The condition it exists under.
    pub condition: Option<String>,
    /// What happens when it leaves the stack: `Delete`, `Retain`, …
    pub deletion_policy: Option<String>,
    /// What happens to the old one when it is replaced.
    pub update_replace_policy: Option<String>,
    /// Its update policy.
    pub update_policy: Option<Value>,
    /// Its metadata.
    pub metadata: Option<Value>,
}

/// An output as it is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its value, unresolved.
    pub value: Value,
    /// What it says of itself.
    pub description: Option<String>,
    /// The condition it exists under.
    pub condition: Option<String>,
    /// The name it is exported under, unresolved.
    pub export: Option<Value>,
}

/// Names to values in the template's order.
pub type Ordered<T> = Vec<(String, T)>;

fn format_error(message: impl std::fmt::Display) -> CfnError {
    CfnError::new(format!("Template format error: {message}"))
}

impl Template {
    /// Reads the sections of a template's value. SAM's resources must have been transformed before.
    pub fn read(value: &Value) -> Result<Self, CfnError> {
        let top = value.as_object().ok_or_else(|| format_error("unsupported structure."))?;
        let wrong: Vec<_> = top.keys().filter(|key| !SECTIONS.contains(&key.as_str())).cloned().collect();
        if !wrong.is_empty() {
            let list = wrong.join(", ");
            return Err(CfnError::new(format!("Invalid template property or properties [{list}]")));
        }
        if let Some(version) = top.get("AWSTemplateFormatVersion")
            && version != "2010-09-09"
        {
            return Err(format_error(format!("Template version '{}' is not supported", text(version))));
        }
        if top.get("Rules").is_some() {
            return Err(CfnError::new("the Rules section is not supported by this engine"));
        }
        let section = |name: &str| match top.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(_) => Err(format_error(format!("[/{name}] must be an object."))),
        };
        let resources = section("Resources")?;
        if resources.is_empty() {
            return Err(format_error("At least one Resources member must be defined."));
        }
        let declared = |(name, value): (String, Value)| match value {
            Value::Object(map) => Ok((name, map)),
            _ => Err(format_error(format!("Every Parameters member must be an object: {name}"))),
        };
        let transforms = match top.get("Transform") {
            None => Vec::new(),
            Some(Value::String(name)) => vec![name.clone()],
            Some(Value::Array(names)) => names.iter().map(text).collect(),
            Some(_) => return Err(format_error("Transform must be a name or a list of names.")),
        };
        Ok(Self {
            description: top.get("Description").and_then(Value::as_str).map(str::to_owned),
            parameters: section("Parameters")?.into_iter().map(declared).collect::<Result<_, _>>()?,
            mappings: section("Mappings")?,
            conditions: section("Conditions")?,
            resources: resources.into_iter().map(resource).collect::<Result<_, _>>()?,
            outputs: section("Outputs")?.into_iter().map(output).collect::<Result<_, _>>()?,
            transforms,
            metadata: top.get("Metadata").cloned(),
        })
    }

    /// The resource of that name.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|(id, _)| id == name).map(|(_, resource)| resource)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn resource((name, value): (String, Value)) -> Result<(String, Resource), CfnError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format_error(format!("Resource name {name} is non alphanumeric.")));
    }
    let Value::Object(map) = value else {
        return Err(format_error(format!("[/Resources/{name}] resource definition is malformed")));
    };
    let wrong: Vec<_> = map.keys().filter(|key| !ATTRIBUTES.contains(&key.as_str())).cloned().collect();
    if !wrong.is_empty() {
        let list = wrong.join(", ");
        return Err(CfnError::new(format!("Invalid template resource property '{list}'")));
    }
    let kind = match map.get("Type") {
        Some(Value::String(kind)) => kind.clone(),
        _ => {
            return Err(format_error(format!(
                "[/Resources/{name}] Every Resources object must contain a Type member."
            )));
        }
    };
    if map.contains_key("CreationPolicy") {
        return Err(CfnError::new(format!(
            "CreationPolicy is not supported by this engine: resource {name}"
        )));
    }
    let properties = match map.get("Properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(properties)) => properties.clone(),
        Some(_) => return Err(format_error(format!("[/Resources/{name}/Properties] must be an object."))),
    };
    let depends_on = match map.get("DependsOn") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(names)) => names.iter().map(text).collect(),
        Some(_) => return Err(format_error("DependsOn must be a string or list of strings.")),
    };
    let policy = |attribute: &str, allowed: &[&str]| match map.get(attribute) {
        None => Ok(None),
        Some(Value::String(policy)) if allowed.contains(&policy.as_str()) => Ok(Some(policy.clone())),
        Some(other) => {
            Err(format_error(format!("Unrecognized {attribute} {} for resource {name}", text(other))))
        }
    };
    let read = Resource {
        kind,
        properties,
        depends_on,
        condition: map.get("Condition").map(text),
        deletion_policy: policy("DeletionPolicy", &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"])?,
        update_replace_policy: policy("UpdateReplacePolicy", &["Delete", "Retain", "Snapshot"])?,
        update_policy: map.get("UpdatePolicy").cloned(),
        metadata: map.get("Metadata").cloned(),
    };
    Ok((name, read))
}

fn output((name, value): (String, Value)) -> Result<(String, Output), CfnError> {
    let Value::Object(map) = value else {
        return Err(format_error(format!("Output {name} is malformed.")));
    };
    let Some(value) = map.get("Value").filter(|value| !value.is_null()) else {
        return Err(format_error(format!(
            "Output {name} is malformed. The Value field of every Outputs member must be specified"
        )));
    };
    let read = Output {
        value: value.clone(),
        description: map.get("Description").and_then(Value::as_str).map(str::to_owned),
        condition: map.get("Condition").map(text),
        export: map.get("Export").and_then(|export| export.get("Name")).cloned(),
    };
    Ok((name, read))
}
