//! HTTP API events before anything is transformed: their defaults, the API that those without an
//! `ApiId` share, and the conditions that the paths of APIs take over from functions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::intrinsics::{combined, conditional};
use super::problem::{Fail, SamError, SamProblem};
use super::{FUNCTION, HTTP_API, openapi};

/// The API that events without an `ApiId` share.
pub(crate) const IMPLICIT: &str = "ServerlessHttpApi";
const IMPLICIT_CONDITION: &str = "ServerlessHttpApiCondition";

/// What the functions whose events an API serves say of it.
#[derive(Debug, Default)]
struct Served {
    /// The functions' conditions, by path and method.
    conditions: BTreeMap<String, BTreeMap<String, Option<String>>>,
    deletion_policies: Vec<Value>,
    replace_policies: Vec<Value>,
}

impl Served {
    /// The conditions of a path's functions, if all of them have one.
    fn of_path(&self, path: &str) -> Option<BTreeSet<String>> {
        self.conditions.get(path)?.values().cloned().collect()
    }

    /// The conditions of all functions, if all of them have one.
    fn of_all(&self) -> Option<BTreeSet<String>> {
        self.conditions.values().flat_map(BTreeMap::values).cloned().collect()
    }
}

/// The resources and conditions of a template while its events are prepared.
pub(crate) struct Preparation<'a> {
    pub(crate) resources: &'a mut Map<String, Value>,
    pub(crate) conditions: &'a mut Map<String, Value>,
    /// The APIs whose documents the transform writes.
    pub(crate) managed: BTreeSet<String>,
}

impl Preparation<'_> {
    /// Gives every HTTP API a document, and every HTTP event its API.
    pub(crate) fn run(&mut self) -> Result<(), SamError> {
        self.default_documents();
        let own = self.resources.get(IMPLICIT).cloned();
        let was_managed = self.managed.contains(IMPLICIT);
        let implicit = json!({"Type": HTTP_API, "Properties": {"DefinitionBody": openapi::skeleton()}});
        self.resources.insert(IMPLICIT.to_owned(), implicit);
        self.managed.insert(IMPLICIT.to_owned());
        let served = self.events()?;
        if let Some(served) = served.get(IMPLICIT) {
            self.take_over(served);
        }
        self.condition_paths(&served).map_err(document_only)?;
        let unused = self.resources[IMPLICIT]["Properties"]["DefinitionBody"]["paths"] == json!({});
        if unused {
            match own {
                Some(own) => drop(self.resources.insert(IMPLICIT.to_owned(), own)),
                None => drop(self.resources.shift_remove(IMPLICIT)),
            }
            if !was_managed {
                self.managed.remove(IMPLICIT);
            }
        }
        Ok(())
    }

    fn default_documents(&mut self) {
        for (id, resource) in self.resources.iter_mut() {
            if resource["Type"] != HTTP_API {
                continue;
            }
            let Some(resource) = resource.as_object_mut() else { continue };
            let properties = resource.entry("Properties").or_insert_with(|| json!({}));
            let brought = |name: &str| properties.get(name).is_some_and(super::intrinsics::truthy);
            if !brought("DefinitionBody") && !brought("DefinitionUri") {
                properties["DefinitionBody"] = openapi::skeleton();
                self.managed.insert(id.clone());
            }
        }
    }

    fn events(&mut self) -> Result<BTreeMap<String, Served>, SamError> {
        let mut served = BTreeMap::new();
        let mut problems = Vec::new();
        let functions: Vec<String> =
            self.resources.iter().filter(|(_, r)| r["Type"] == FUNCTION).map(|(id, _)| id.clone()).collect();
        for id in functions {
            match self.events_of(&id, &mut served) {
                Ok(()) => {}
                Err(Fail::Here(message)) => problems.push(SamProblem::resource(id, message)),
                Err(Fail::Elsewhere(problem) | Fail::Document(problem)) => return Err(problem.into()),
            }
        }
        if problems.is_empty() { Ok(served) } else { Err(SamError::of(problems)) }
    }

    fn events_of(&mut self, function: &str, served: &mut BTreeMap<String, Served>) -> Result<(), Fail> {
        let resource = self.resources[function].clone();
        let events = resource["Properties"]["Events"].as_object();
        for (name, event) in events.into_iter().flatten().filter(|(_, event)| event["Type"] == "HttpApi") {
            let mut properties = match event.get("Properties") {
                None => Map::new(),
                Some(Value::Object(properties)) => properties.clone(),
                Some(_) => return Err(Fail::event(name, "Properties should be a map.")),
            };
            let propagated = resource["Properties"].get("PropagateTags") == Some(&json!(true));
            if propagated && !properties.contains_key("ApiId") {
                self.tag_implicit(&resource["Properties"]["Tags"]);
            }
            let (api, path, method) = complete(name, &mut properties)?;
            let of_api = served.entry(api.clone()).or_default();
            let condition = resource["Condition"].as_str().map(str::to_owned);
            of_api.conditions.entry(path.clone()).or_default().insert(method.clone(), condition.clone());
            of_api.deletion_policies.push(resource["DeletionPolicy"].clone());
            of_api.replace_policies.push(resource["UpdateReplacePolicy"].clone());
            self.add_path(name, &api, &path, &method)?;
            if let Some(settings) = properties.get("RouteSettings") {
                self.add_route_settings(name, &api, &path, &method, settings, condition.as_deref())?;
            }
            self.resources[function]["Properties"]["Events"][name]["Properties"] = Value::Object(properties);
        }
        Ok(())
    }

    fn tag_implicit(&mut self, tags: &Value) {
        let Some(tags) = tags.as_object().filter(|tags| !tags.is_empty()) else { return };
        let properties = &mut self.resources[IMPLICIT]["Properties"];
        for (key, value) in tags {
            properties["Tags"][key] = value.clone();
        }
        properties["PropagateTags"] = json!(true);
    }

    fn add_path(&mut self, event: &str, api: &str, path: &str, method: &str) -> Result<(), Fail> {
        let resource = self.resources.get_mut(api).filter(|resource| resource["Type"] == HTTP_API);
        let Some(resource) = resource else {
            let message =
                "ApiId must be a valid reference to an 'AWS::Serverless::HttpApi' resource in same template.";
            return Err(Fail::event(event, message));
        };
        let document = &mut resource["Properties"]["DefinitionBody"];
        if self.managed.contains(api) && openapi::is_valid(Some(document)) {
            openapi::add_path(document, path, method)?;
        }
        Ok(())
    }

    fn add_route_settings(
        &mut self,
        event: &str,
        api: &str,
        path: &str,
        method: &str,
        settings: &Value,
        condition: Option<&str>,
    ) -> Result<(), Fail> {
        // A route is named by its path alone when it takes every method.
        let route = if method == openapi::ANY_METHOD {
            path.to_owned()
        } else {
            format!("{} {path}", method.to_uppercase())
        };
        let should_be_a_map = "Property 'RouteSettings' should be a map.";
        let properties = &mut self.resources[api]["Properties"];
        let all = match properties.as_object_mut() {
            Some(properties) => properties.entry("RouteSettings").or_insert_with(|| json!({})),
            None => return Ok(()),
        };
        let all = all.as_object_mut();
        let all = all.ok_or_else(|| Fail::Document(SamProblem::resource(api, should_be_a_map)))?;
        let settings = match condition {
            Some(condition) => conditional(condition, settings.clone()),
            None => settings.clone(),
        };
        let Value::Object(settings) = settings else { return Err(Fail::event(event, should_be_a_map)) };
        if let Some(own) = all.entry(route).or_insert_with(|| json!({})).as_object_mut() {
            own.extend(settings);
        }
        Ok(())
    }

    /// The shared API exists when one of its functions does, and stays when one of them stays.
    fn take_over(&mut self, served: &Served) {
        let strongest = |policies: &[Value], ranked: &[&str]| -> Option<Value> {
            ranked
                .iter()
                .find(|policy| policies.iter().any(|own| own == **policy))
                .map(|policy| json!(policy))
        };
        let deletion = strongest(&served.deletion_policies, &["Retain", "Delete"]);
        let replace = strongest(&served.replace_policies, &["Retain", "Snapshot", "Delete"]);
        let condition = served.of_all().map(|all| match all.first() {
            Some(only) if all.len() == 1 => only.clone(),
            _ => {
                self.conditions.extend(combined(all.into_iter().collect(), IMPLICIT_CONDITION));
                IMPLICIT_CONDITION.to_owned()
            }
        });
        let taken = [("Condition", condition.map(Value::from)), ("DeletionPolicy", deletion)];
        for (attribute, value) in taken.into_iter().chain([("UpdateReplacePolicy", replace)]) {
            if let Some(value) = value {
                self.resources[IMPLICIT][attribute] = value;
            }
        }
    }

    /// A path that only functions with conditions serve is there under their conditions.
    fn condition_paths(&mut self, served: &BTreeMap<String, Served>) -> Result<(), Fail> {
        for api in self.managed.clone() {
            let document = &mut self.resources[&api]["Properties"]["DefinitionBody"];
            openapi::expect_valid(Some(document)).map_err(Fail::document)?;
            let Some(paths) = document["paths"].as_object_mut() else { continue };
            for (path, item) in paths {
                let conditions = served.get(&api).and_then(|served| served.of_path(path)).unwrap_or_default();
                let condition = match conditions.first() {
                    None => continue,
                    Some(only) if conditions.len() == 1 => only.clone(),
                    Some(_) => {
                        let name = path_condition(&api, path);
                        self.conditions.extend(combined(conditions.into_iter().collect(), &name));
                        name
                    }
                };
                *item = conditional(&condition, item.take());
            }
        }
        Ok(())
    }
}

fn document_only(fail: Fail) -> SamError {
    match fail {
        Fail::Here(message) => SamProblem { resource: None, message }.into(),
        Fail::Elsewhere(problem) | Fail::Document(problem) => problem.into(),
    }
}

/// Fills in what an event leaves out; gives its API, path and method.
fn complete(name: &str, properties: &mut Map<String, Value>) -> Result<(String, String, String), Fail> {
    properties.entry("ApiId").or_insert_with(|| json!({"Ref": IMPLICIT}));
    let written =
        |properties: &Map<String, Value>, key| properties.get(key).is_some_and(super::intrinsics::truthy);
    if !written(properties, "Path") && !written(properties, "Method") {
        properties.insert("Path".into(), json!(openapi::DEFAULT_PATH));
        properties.insert("Method".into(), json!(openapi::ANY_METHOD));
    }
    for key in ["Path", "Method"] {
        if properties.get(key).is_none_or(Value::is_null) {
            return Err(Fail::event(name, &format!("Property '{key}' is required.")));
        }
    }
    let text = |key: &str, value: Option<&Value>| match value.and_then(Value::as_str) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Fail::event(name, &format!("Property '{key}' should be a string."))),
    };
    let api = properties.get("ApiId").map(|api| api.get("Ref").unwrap_or(api));
    Ok((
        text("ApiId", api)?,
        text("Path", properties.get("Path"))?,
        text("Method", properties.get("Method"))?,
    ))
}

/// The name of the condition that several functions of one path make together.
fn path_condition(api: &str, path: &str) -> String {
    let path = path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB");
    format!("{api}{path}PathCondition")
}
