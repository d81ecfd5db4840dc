//! The SAM transform: `AWS::Serverless::*` resources into those of CloudFormation, with the logical
//! ids the official transform gives them, since a stack's resources are known by those.
//!
//! Built: functions, HTTP APIs and simple tables, `Globals`, events of HTTP APIs, published aliases,
//! policy templates. What is not built is refused by its name.

mod function;
mod globals;
mod http_api;
mod ids;
mod policies;
mod simple_table;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The transform's name in a template.
pub const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Why a template cannot be transformed; one message for each resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid Serverless Application Specification document. Number of errors found: {}. {}",
    .0.len(),
    .0.iter().map(SamProblem::told).collect::<Vec<_>>().join(" ")
)]
pub struct SamError(pub Vec<SamProblem>);

/// What is wrong with one resource, or with the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamProblem {
    /// The resource's logical id, where it is one resource's.
    pub resource: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl SamProblem {
    fn told(&self) -> String {
        match &self.resource {
            Some(id) => format!("Resource with id [{id}] is invalid. {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// A template in the making.
pub(crate) struct Output {
    /// The resources so far.
    resources: Map<String, Value>,
    /// The HTTP APIs' routes, by the API's logical id, in order: path, method, operation.
    routes: BTreeMap<String, Vec<http_api::Route>>,
    /// The parameters' values, for the ids that depend on them.
    parameters: BTreeMap<String, Value>,
    /// The partition of managed policies.
    partition: String,
}

impl Output {
    pub(crate) fn add(
        &mut self,
        id: impl Into<String>,
        kind: &str,
        properties: Map<String, Value>,
        source: &Map<String, Value>,
    ) {
        let mut resource = Map::new();
        resource.insert("Type".into(), kind.into());
        resource.insert("Properties".into(), Value::Object(properties));
        if let Some(condition) = source.get("Condition") {
            resource.insert("Condition".into(), condition.clone());
        }
        self.resources.insert(id.into(), Value::Object(resource));
    }

    pub(crate) fn set(&mut self, id: &str, attribute: &str, value: Value) {
        if let Some(Value::Object(resource)) = self.resources.get_mut(id) {
            resource.insert(attribute.into(), value);
        }
    }
}

/// Whether a template's value asks for the transform.
#[must_use]
pub fn is_sam(template: &Value) -> bool {
    match template.get("Transform") {
        Some(Value::String(name)) => name == TRANSFORM,
        Some(Value::Array(names)) => names.iter().any(|name| name == TRANSFORM),
        _ => false,
    }
}

/// Transforms a template. `parameters` are the values given; defaults are the template's.
pub fn transform(
    template: &Value,
    parameters: &BTreeMap<String, String>,
    partition: &str,
) -> Result<Value, SamError> {
    let one = |message: &str| SamError(vec![SamProblem { resource: None, message: message.to_owned() }]);
    let mut top = template.as_object().cloned().ok_or_else(|| one("The template is not an object."))?;
    let resources = match top.remove("Resources") {
        Some(Value::Object(resources)) => resources,
        _ => return Err(one("'Resources' section is required")),
    };
    let globals = top.remove("Globals");
    let resources = globals::apply(globals.as_ref(), resources).map_err(|message| one(&message))?;
    let mut output = Output {
        resources: Map::new(),
        routes: BTreeMap::new(),
        parameters: values(&top, parameters),
        partition: partition.to_owned(),
    };
    let mut problems = Vec::new();
    let mut apis = Vec::new();
    for (id, resource) in &resources {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let map = resource.as_object().cloned().unwrap_or_default();
        let done = match kind {
            "AWS::Serverless::Function" => function::transform(&mut output, id, &map),
            "AWS::Serverless::HttpApi" => {
                apis.push((id.clone(), map));
                // Its place in the template; what it becomes is written when all routes are known.
                output.resources.insert(id.clone(), Value::Null);
                Ok(())
            }
            "AWS::Serverless::SimpleTable" => simple_table::transform(&mut output, id, &map),
            other if other.starts_with("AWS::Serverless::") => Err(format!(
                "{other} is not supported by this engine yet; declare the resources it stands for"
            )),
            _ => {
                output.resources.insert(id.clone(), resource.clone());
                Ok(())
            }
        };
        if let Err(message) = done {
            problems.push(SamProblem { resource: Some(id.clone()), message });
        }
    }
    if output.routes.contains_key(http_api::IMPLICIT) && !resources.contains_key(http_api::IMPLICIT) {
        let properties = globals::of_implicit(globals.as_ref());
        apis.push((http_api::IMPLICIT.to_owned(), Map::from_iter([("Properties".to_owned(), properties)])));
    }
    for (id, map) in apis {
        if let Err(message) = http_api::transform(&mut output, &id, &map) {
            problems.push(SamProblem { resource: Some(id), message });
        }
    }
    if !problems.is_empty() {
        return Err(SamError(problems));
    }
    ids::rename_references(&mut output.resources, &resources);
    top.remove("Transform");
    let mut transformed = Value::Object(top);
    if let Value::Object(outputs) = &mut transformed {
        for section in ["Outputs", "Conditions"] {
            if let Some(Value::Object(section)) = outputs.get_mut(section) {
                ids::rename_references(section, &resources);
            }
        }
        outputs.insert("Resources".into(), Value::Object(output.resources));
    }
    Ok(transformed)
}

/// The parameters' values: given, else the default.
fn values(top: &Map<String, Value>, given: &BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let declared = top.get("Parameters").and_then(Value::as_object);
    let mut values = BTreeMap::new();
    for (name, declaration) in declared.into_iter().flatten() {
        let value = given.get(name).map(|value| Value::String(value.clone()));
        if let Some(value) = value.or_else(|| declaration.get("Default").cloned()) {
            values.insert(name.clone(), value);
        }
    }
    values
}

/// The properties of a resource.
pub(crate) fn properties(resource: &Map<String, Value>) -> Map<String, Value> {
    resource.get("Properties").and_then(Value::as_object).cloned().unwrap_or_default()
}
