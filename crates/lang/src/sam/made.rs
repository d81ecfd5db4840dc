//! Resources in the making, and the attributes they take over from the resource they stand for.

use serde_json::{Map, Value, json};

/// The attributes of a serverless resource.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes {
    /// All of them, for the resource that takes its place.
    own: Map<String, Value>,
    /// Those that everything it generates takes over.
    passed: Map<String, Value>,
}

const OWN: [&str; 5] = ["DeletionPolicy", "UpdatePolicy", "Condition", "UpdateReplacePolicy", "Metadata"];
const PASSED: [&str; 3] = ["Condition", "DeletionPolicy", "UpdateReplacePolicy"];

impl Attributes {
    pub(crate) fn of(resource: &Value) -> Self {
        let take = |names: &[&str]| -> Map<String, Value> {
            let given =
                names.iter().filter_map(|name| Some(((*name).to_owned(), resource.get(name)?.clone())));
            given.collect()
        };
        let mut own = take(&OWN);
        if let Some(depends) = resource.get("DependsOn").filter(|depends| super::intrinsics::truthy(depends))
        {
            own.insert("DependsOn".into(), depends.clone());
        }
        Self { own, passed: take(&PASSED) }
    }

    /// The condition under which the resource exists.
    pub(crate) fn condition(&self) -> Option<&str> {
        self.passed.get("Condition").and_then(Value::as_str)
    }
}

/// A resource of CloudFormation that a serverless resource becomes.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) properties: Map<String, Value>,
}

impl Made {
    /// The resource that takes the place of the serverless one.
    pub(crate) fn main(id: &str, kind: &'static str, attributes: &Attributes) -> Self {
        Self { id: id.to_owned(), kind, attributes: attributes.own.clone(), properties: Map::new() }
    }

    /// A resource generated beside it.
    pub(crate) fn beside(id: impl Into<String>, kind: &'static str, attributes: &Attributes) -> Self {
        Self { id: id.into(), kind, attributes: attributes.passed.clone(), properties: Map::new() }
    }

    pub(crate) fn set(&mut self, property: &str, value: impl Into<Value>) {
        self.properties.insert(property.to_owned(), value.into());
    }

    /// Sets a property where there is a value.
    pub(crate) fn set_given(&mut self, property: &str, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.set(property, value.clone());
        }
    }

    /// The resource as a template has it.
    pub(crate) fn into_value(self) -> Value {
        let mut resource = Map::from_iter([("Type".to_owned(), json!(self.kind))]);
        resource.extend(self.attributes);
        resource.insert("Properties".into(), Value::Object(self.properties));
        Value::Object(resource)
    }
}

/// Tags as most resources have them; a tag without a value has an empty one.
pub(crate) fn tag_list(tags: Option<&Value>) -> Vec<Value> {
    let tags = tags.and_then(Value::as_object).into_iter().flatten();
    let written = |value: &Value| if value.is_null() { json!("") } else { value.clone() };
    tags.map(|(key, value)| json!({"Key": key, "Value": written(value)})).collect()
}
