//! The SAM transform: `AWS::Serverless::*` resources into those of CloudFormation, with the logical
//! ids the official transform gives them, since a stack's resources are known by those.
//!
//! Built: functions, HTTP APIs and simple tables, `Globals`, events of HTTP APIs, published aliases,
//! deployment preferences, policy templates. What is not built is refused by its name. The behaviour
//! is that of the "AWS Serverless Application Model" specification, version 2016-10-31, as the
//! transform of 2026-11 has it.

mod deployment;
mod function;
mod globals;
mod http_api;
mod ids;
mod implicit;
mod intrinsics;
mod made;
mod managed;
mod openapi;
mod policies;
mod problem;
mod properties;
mod python;
mod references;
mod simple_table;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use updraft_types::Region;

use deployment::Preference;
use intrinsics::Parameters;
use made::Made;
pub use problem::{SamError, SamProblem};

use problem::Fail;
use references::References;

/// The transform's name in a template.
pub const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// How the types of serverless resources begin.
const PREFIX: &str = "AWS::Serverless::";
const FUNCTION: &str = "AWS::Serverless::Function";
const HTTP_API: &str = "AWS::Serverless::HttpApi";
const SIMPLE_TABLE: &str = "AWS::Serverless::SimpleTable";

/// The types that may share an id with a resource of the template, because they take its place.
const IN_PLACE: [(&str, &str); 3] = [
    ("AWS::Lambda::Function", FUNCTION),
    ("AWS::ApiGatewayV2::Api", HTTP_API),
    ("AWS::DynamoDB::Table", SIMPLE_TABLE),
];

/// A template while its resources are transformed.
struct Context {
    /// The resources as they were written, `Globals` merged in.
    source: Map<String, Value>,
    /// The resources as they become.
    made: Map<String, Value>,
    conditions: Map<String, Value>,
    parameters: Parameters,
    mappings: Value,
    partition: String,
    /// The HTTP APIs whose documents the transform writes.
    managed_apis: BTreeSet<String>,
    references: References,
    deployments: Vec<Preference>,
    /// Record sets of domains, which APIs of one hosted zone share.
    record_sets: BTreeMap<String, Made>,
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

/// Transforms a template. `parameters` are the values given, to which the template's defaults are
/// added; the region is the one that the stack is for.
pub fn transform(
    template: &Value,
    parameters: &BTreeMap<String, String>,
    region: &Region,
) -> Result<Value, SamError> {
    let partition = region.partition();
    let mut top = template.as_object().cloned().unwrap_or_default();
    let mut source = resources(&mut top)?;
    let declares_conditions = top.contains_key("Conditions");
    let mut conditions = match top.remove("Conditions") {
        Some(Value::Object(conditions)) => conditions,
        _ => Map::new(),
    };
    let mut preparation = implicit::Preparation {
        resources: &mut source,
        conditions: &mut conditions,
        managed: BTreeSet::new(),
    };
    preparation.run()?;
    let managed_apis = preparation.managed;
    globals::apply(top.remove("Globals").as_ref(), &mut source)?;
    let mut cx = Context {
        made: source.clone(),
        source,
        conditions,
        parameters: values(&top, parameters, region),
        mappings: top.get("Mappings").cloned().unwrap_or_else(|| json!({})),
        partition: partition.to_owned(),
        managed_apis,
        references: References::default(),
        deployments: Vec::new(),
        record_sets: BTreeMap::new(),
    };
    cx.run()?;
    top.remove("Transform");
    top.insert("Resources".into(), Value::Object(cx.made));
    if declares_conditions || !cx.conditions.is_empty() {
        top.insert("Conditions".into(), Value::Object(cx.conditions));
    }
    let mut transformed = Value::Object(top);
    cx.references.rewrite(&mut transformed);
    Ok(transformed)
}

/// Takes the resources out of the template and checks their form.
fn resources(top: &mut Map<String, Value>) -> Result<Map<String, Value>, SamError> {
    let structure = |message: &str| Err(SamProblem::structure(message).into());
    let resources = match top.remove("Resources") {
        Some(Value::Object(resources)) if !resources.is_empty() => resources,
        _ => return structure("'Resources' section is required"),
    };
    if !resources.values().all(Value::is_object) {
        return structure(
            "All 'Resources' must be Objects. If you're using YAML, this may be an indentation issue.",
        );
    }
    for (id, resource) in &resources {
        if resource.get("Connectors").is_some() {
            let message =
                "Connectors are not supported by this engine yet; grant with a policy what they would.";
            return Err(SamProblem::resource(id, message).into());
        }
        if !serverless(resource) {
            continue;
        }
        if resource
            .get("Condition")
            .is_some_and(|condition| intrinsics::truthy(condition) && !condition.is_string())
        {
            return structure("Every Condition member must be a string.");
        }
        if resource.get("Properties").is_some_and(|properties| !properties.is_object()) {
            return Err(SamProblem::resource(id, "Attribute 'Properties' should be a map.").into());
        }
    }
    Ok(resources)
}

fn serverless(resource: &Value) -> bool {
    resource["Type"].as_str().is_some_and(|kind| kind.starts_with(PREFIX))
}

/// The parameters' values: given, else the default, and the pseudo parameters that are known.
fn values(top: &Map<String, Value>, given: &BTreeMap<String, String>, region: &Region) -> Parameters {
    let given = given.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
    let mut values: BTreeMap<String, Value> = given.collect();
    for (name, declaration) in top.get("Parameters").and_then(Value::as_object).into_iter().flatten() {
        if let Some(default) = declaration.get("Default") {
            values.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    values.insert("AWS::Partition".to_owned(), json!(region.partition()));
    values.insert("AWS::Region".to_owned(), json!(region.as_str()));
    Parameters(values)
}

impl Context {
    /// Transforms functions first, because their events write into the APIs, then the APIs, then the
    /// rest.
    fn run(&mut self) -> Result<(), SamError> {
        let rank = |kind: &str| match kind {
            FUNCTION => 0,
            HTTP_API => 1,
            _ => 2,
        };
        let serverless = self.source.iter().filter(|(_, resource)| serverless(resource));
        let mut order: Vec<(String, String)> = serverless
            .map(|(id, r)| (id.clone(), r["Type"].as_str().unwrap_or_default().to_owned()))
            .collect();
        order.sort_by_key(|(_, kind)| rank(kind));
        let mut problems = Vec::new();
        for (id, kind) in order {
            match self.one(&id, &kind) {
                Ok(made) => self.put(&id, &kind, made, &mut problems),
                Err(Fail::Here(message)) => problems.push(SamProblem::resource(id, message)),
                Err(Fail::Elsewhere(problem)) => problems.push(problem),
                Err(Fail::Document(problem)) => return Err(problem.into()),
            }
        }
        self.add_deployments(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(SamError::of(problems)) }
    }

    fn one(&mut self, id: &str, kind: &str) -> Result<Vec<Made>, Fail> {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err("Logical ids must be alphanumeric.".into());
        }
        let resource = self.source[id].clone();
        match kind {
            FUNCTION => function::transform(self, id, &resource),
            HTTP_API => http_api::transform(self, id, &resource),
            SIMPLE_TABLE => simple_table::transform(id, &resource),
            other => Err(format!(
                "{other} is not supported by this engine yet; declare the resources it stands for."
            )
            .into()),
        }
    }

    /// Puts what a resource has become in its place.
    fn put(&mut self, id: &str, kind: &str, made: Vec<Made>, problems: &mut Vec<SamProblem>) {
        self.references.note(id, kind, &made);
        let mut in_place = false;
        for made in made {
            let taken = self.source.get(&made.id).and_then(|resource| resource["Type"].as_str());
            if taken.is_some_and(|taken| !IN_PLACE.contains(&(made.kind, taken))) {
                let message = format!(
                    "Transforming resource with id [{id}] attempts to create a new resource with id [{}] and type \
                     \"{}\". A resource with that id already exists within this template. Please use a different \
                     id for that resource.",
                    made.id, made.kind
                );
                problems.push(SamProblem { resource: None, message });
                continue;
            }
            in_place |= made.id == id;
            self.made.insert(made.id.clone(), made.into_value());
        }
        if !in_place {
            self.made.shift_remove(id);
        }
    }

    fn add_deployments(&mut self, problems: &mut Vec<SamProblem>) {
        let (mut made, conditions) = deployment::shared(&self.deployments, &self.partition);
        for preference in &self.deployments {
            match preference.group() {
                Ok(group) => made.push(group),
                Err(Fail::Here(message)) => problems.push(SamProblem { resource: None, message }),
                Err(Fail::Elsewhere(problem) | Fail::Document(problem)) => problems.push(problem),
            }
        }
        self.conditions.extend(conditions);
        self.made.extend(made.into_iter().map(|made| (made.id.clone(), made.into_value())));
    }
}

#[cfg(test)]
mod tests;
