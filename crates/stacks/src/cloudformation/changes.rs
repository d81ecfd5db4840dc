//! What an operation would change: a stack's resources against a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use updraft_api::Refusal;
use updraft_lang::cfn::{self, CfnError, Resolver, Template, Values};
use updraft_types::Scope;

use super::model::{Resource, Stack, Wanted};
use super::refusals::validation;
use super::{prepare, resources};

/// One resource's change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    /// Whether a modified resource is made anew.
    pub(crate) replaced: bool,
    /// The properties that change, and whether each alone would make it anew.
    pub(crate) properties: Vec<(String, bool)>,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Action {
    Add,
    Modify,
    Remove,
}

/// The properties of a resource that differ, and whether they make it anew.
pub(crate) fn differences(
    kind: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Vec<(String, bool)> {
    let replacing = resources::provider(kind).map_or(&[][..], |provider| provider.replaced_by());
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    changed.map(|name| (name.clone(), replacing.contains(&name.as_str()) || replacing == ["*"])).collect()
}

/// Every change that carrying out `wanted` would make, in the template's order, removals last.
pub(crate) fn compute(
    stack: Option<&Stack>,
    template: &Template,
    wanted: &Wanted,
    scope: &Scope,
    exports: &BTreeMap<String, String>,
) -> Result<Vec<Change>, Refusal> {
    let told = |error: CfnError| validation(error.to_string());
    let values =
        cfn::parameter_values(template, &wanted.parameters).map_err(|error| validation(error.to_string()))?;
    let none = BTreeMap::new();
    let had = stack.map_or(&none, |stack| &stack.resources);
    let mut changes: BTreeMap<String, Option<Change>> = BTreeMap::new();
    let conditions = Foreseen { scope, stack, had, changes: &changes, exports };
    let existing =
        prepare::existing(template, &Resolver::new(template, &values, &conditions).map_err(told)?)?;
    let waits = cfn::order(template, &existing).map_err(told)?;
    while changes.len() < existing.len() {
        let ready: Vec<String> = waits
            .iter()
            .filter(|(name, waits)| {
                !changes.contains_key(*name) && waits.iter().all(|w| changes.contains_key(w))
            })
            .map(|(name, _)| name.clone())
            .collect();
        for name in ready {
            let Some(resource) = template.resource(&name) else { continue };
            let world = Foreseen { scope, stack, had, changes: &changes, exports };
            let resolver = Resolver::new(template, &values, &world).map_err(told)?;
            let properties = resolver.resolve(&Value::Object(resource.properties.clone())).map_err(told)?;
            let properties = properties.as_object().cloned().unwrap_or_default();
            let change = change_of(&name, &resource.kind, had.get(&name), &properties);
            changes.insert(name, change);
        }
    }
    let in_order = template.resources.iter().filter_map(|(name, _)| changes.get(name).cloned().flatten());
    let removed =
        had.values().filter(|resource| !existing.contains(&resource.logical_id)).map(|resource| Change {
            action: Action::Remove,
            logical_id: resource.logical_id.clone(),
            physical_id: Some(resource.physical_id.clone()),
            kind: resource.kind.clone(),
            replaced: false,
            properties: Vec::new(),
        });
    Ok(in_order.chain(removed).collect())
}

fn change_of(
    name: &str,
    kind: &str,
    had: Option<&Resource>,
    properties: &Map<String, Value>,
) -> Option<Change> {
    let base = Change {
        action: Action::Add,
        logical_id: name.to_owned(),
        physical_id: None,
        kind: kind.to_owned(),
        replaced: false,
        properties: Vec::new(),
    };
    let Some(had) = had else { return Some(base) };
    let differences = differences(kind, &had.properties, properties);
    if had.kind == kind && differences.is_empty() {
        return None;
    }
    Some(Change {
        action: Action::Modify,
        physical_id: Some(had.physical_id.clone()),
        replaced: had.kind != kind || differences.iter().any(|(_, anew)| *anew),
        properties: differences,
        ..base
    })
}

/// The world as it will be, as far as it can be foreseen: what is not there yet has a stand-in that
/// equals nothing there is.
struct Foreseen<'a> {
    scope: &'a Scope,
    stack: Option<&'a Stack>,
    had: &'a BTreeMap<String, Resource>,
    changes: &'a BTreeMap<String, Option<Change>>,
    exports: &'a BTreeMap<String, String>,
}

impl Foreseen<'_> {
    fn kept(&self, resource: &str) -> Option<&Resource> {
        let anew = match self.changes.get(resource) {
            Some(Some(change)) => change.replaced || change.action == Action::Add,
            Some(None) => false,
            None => true,
        };
        self.had.get(resource).filter(|_| !anew)
    }
}

impl Values for Foreseen<'_> {
    fn pseudo(&self, name: &str) -> Option<Value> {
        let (stack_name, id) = self.stack.map_or(("", ""), |stack| (&stack.name, &stack.id));
        prepare::pseudo(self.scope, name, stack_name, id)
    }

    fn reference(&self, resource: &str) -> Option<Value> {
        let known = self.kept(resource).map(|kept| Value::from(kept.reference.as_str()));
        Some(known.unwrap_or_else(|| Value::from(format!("{{{{known after apply: {resource}}}}}"))))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, CfnError> {
        let known = self.kept(resource).and_then(|kept| kept.attributes.get(attribute).cloned());
        Ok(known.unwrap_or_else(|| Value::from(format!("{{{{known after apply: {resource}.{attribute}}}}}"))))
    }

    fn import(&self, name: &str) -> Option<Value> {
        self.exports.get(name).map(|value| Value::from(value.as_str()))
    }
}
