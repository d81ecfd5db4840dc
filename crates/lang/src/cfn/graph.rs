//! Which resource waits for which, and the order that follows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::CfnError;
use super::intrinsics::{SubPart, is_intrinsic, single, sub_parts};
use super::sections::{Resource, Template};

/// The resources and parameters that a value refers to.
#[must_use]
pub fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    if let Some((name, argument)) = single(value).filter(|(name, _)| is_intrinsic(name)) {
        match (name, argument) {
            ("Ref", Value::String(target)) => drop(found.insert(target.clone())),
            ("Fn::GetAtt", Value::Array(parts)) => {
                found.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
                parts.iter().skip(1).for_each(|part| collect(part, found));
            }
            ("Fn::GetAtt", Value::String(dotted)) => {
                found.extend(dotted.split('.').next().map(str::to_owned));
            }
            ("Fn::Sub", Value::String(text)) => collect_sub(text, &BTreeSet::new(), found),
            ("Fn::Sub", Value::Array(parts)) => {
                let own = parts.get(1).and_then(Value::as_object);
                let own_names = own.into_iter().flat_map(|map| map.keys().cloned()).collect();
                if let Some(text) = parts.first().and_then(Value::as_str) {
                    collect_sub(text, &own_names, found);
                }
                own.into_iter().flat_map(|map| map.values()).for_each(|value| collect(value, found));
            }
            (_, argument) => collect(argument, found),
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn collect_sub(text: &str, own: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    for part in sub_parts(text) {
        if let SubPart::Name(name) = part
            && !own.contains(name)
        {
            found.extend(name.split('.').next().map(str::to_owned));
        }
    }
}

/// Refuses references to names that are nowhere in the template, in CloudFormation's words.
pub fn check_references(template: &Template) -> Result<(), CfnError> {
    let resources = template.resources.iter().flat_map(|(_, resource)| targets(resource));
    refuse_unresolved(template, resources, "Resources")?;
    let outputs = template.outputs.iter().flat_map(|(_, output)| references(&output.value));
    refuse_unresolved(template, outputs, "Outputs")
}

fn refuse_unresolved(
    template: &Template,
    targets: impl Iterator<Item = String>,
    block: &str,
) -> Result<(), CfnError> {
    let is_there = |target: &str| {
        target.starts_with("AWS::")
            || template.resource(target).is_some()
            || template.parameters.iter().any(|(declared, _)| declared == target)
    };
    let unresolved: BTreeSet<String> = targets.filter(|target| !is_there(target)).collect();
    if unresolved.is_empty() {
        return Ok(());
    }
    let list = unresolved.into_iter().collect::<Vec<_>>().join(", ");
    Err(CfnError::new(format!(
        "Template format error: Unresolved resource dependencies [{list}] in the {block} block of the template"
    )))
}

/// What a resource refers to, and what it names to wait for.
fn targets(resource: &Resource) -> BTreeSet<String> {
    let mut targets = references(&Value::Object(resource.properties.clone()));
    targets.extend(resource.depends_on.iter().cloned());
    targets
}

/// What each of the `wanted` resources waits for among the wanted. Refuses names that are nowhere
/// and circles, in CloudFormation's words.
pub fn order(
    template: &Template,
    wanted: &BTreeSet<String>,
) -> Result<BTreeMap<String, BTreeSet<String>>, CfnError> {
    check_references(template)?;
    let mut waits = BTreeMap::new();
    for (name, resource) in template.resources.iter().filter(|(name, _)| wanted.contains(name)) {
        let mut targets = targets(resource);
        targets.retain(|target| wanted.contains(target));
        waits.insert(name.clone(), targets);
    }
    check_circles(&waits)?;
    Ok(waits)
}

/// Takes away what waits for nothing until nothing is left; what stays is in a circle, or waits for one.
fn check_circles(waits: &BTreeMap<String, BTreeSet<String>>) -> Result<(), CfnError> {
    let mut left = waits.clone();
    loop {
        let free: BTreeSet<String> =
            left.iter().filter(|(_, targets)| targets.is_empty()).map(|(name, _)| name.clone()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|name, _| !free.contains(name));
        left.values_mut().for_each(|targets| targets.retain(|target| !free.contains(target)));
    }
    if left.is_empty() {
        return Ok(());
    }
    let list = left.into_keys().collect::<Vec<_>>().join(", ");
    Err(CfnError::new(format!("Circular dependency between resources: [{list}]")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn waits(resources: Value) -> Result<BTreeMap<String, BTreeSet<String>>, CfnError> {
        let template = Template::read(&json!({"Resources": resources})).unwrap();
        let all = template.resources.iter().map(|(name, _)| name.clone()).collect();
        order(&template, &all)
    }

    #[test]
    fn references_and_depends_on_make_the_order() {
        let order = waits(json!({
            "A": {"Type": "T", "Properties": {"x": {"Fn::Sub": "${B.Arn}-${AWS::Region}"}}, "DependsOn": "C"},
            "B": {"Type": "T", "Properties": {"x": {"Fn::If": ["c", {"Ref": "C"}, 1]}}},
            "C": {"Type": "T"},
        }))
        .unwrap();
        assert_eq!(order["A"], BTreeSet::from(["B".to_owned(), "C".to_owned()]));
        assert_eq!(order["B"], BTreeSet::from(["C".to_owned()]));
    }

    #[test]
    fn circles_and_names_that_are_nowhere_are_refused() {
        let circle = waits(json!({
            "A": {"Type": "T", "Properties": {"x": {"Ref": "B"}}},
            "B": {"Type": "T", "Properties": {"x": {"Fn::GetAtt": ["A", "Arn"]}}},
        }));
        assert_eq!(circle.unwrap_err().to_string(), "Circular dependency between resources: [A, B]");
        let nowhere = waits(json!({"A": {"Type": "T", "Properties": {"x": {"Ref": "Z"}}}}));
        assert!(nowhere.unwrap_err().to_string().contains("Unresolved resource dependencies [Z]"));
    }
}
