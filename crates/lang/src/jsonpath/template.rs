//! Payload templates: JSON in which a key ending in `.$` holds a path or a call.

use serde_json::{Map, Value};

use super::intrinsic::{self, Call};
use super::{Path, PathError, SyntaxError};
use crate::Entropy;

/// A payload template, read.
///
/// ```
/// use serde_json::{Map, json};
/// use updraft_lang::{Seeded, jsonpath::Template};
/// let template = Template::parse(&json!({"id.$": "$.order.id", "kind": "order"})).unwrap();
/// let (input, context, variables) = (json!({"order": {"id": 7}}), json!({}), Map::new());
/// let rendered = template.render(&input, &context, &variables, &mut Seeded::new(0, 0)).unwrap();
/// assert_eq!(rendered, json!({"id": 7, "kind": "order"}));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    Path { field: String, path: Path },
    Call { call: Box<Call> },
}

/// Why a payload template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call")]
pub struct TemplateError {
    /// The key, with its `.$`.
    pub field: String,
    /// Where the object with that key is, below the template, as a JSON pointer.
    pub at: String,
    /// What is wrong with the text; none where the value is no text.
    #[source]
    pub source: Option<SyntaxError>,
}

impl Template {
    /// Reads a template.
    pub fn parse(template: &Value) -> Result<Self, TemplateError> {
        read(template, "").map(Self)
    }

    /// The template with its paths and calls replaced by their values.
    pub fn render(
        &self,
        input: &Value,
        context: &Value,
        variables: &Map<String, Value>,
        entropy: &mut dyn Entropy,
    ) -> Result<Value, PathError> {
        Scope { input, context, variables, entropy }.render(&self.0)
    }

    /// The paths in it, those of calls too: whoever checks variables looks at them.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        collect(&self.0, &mut paths);
        paths
    }
}

fn collect<'a>(node: &'a Node, paths: &mut Vec<&'a Path>) {
    match node {
        Node::Literal(_) => {}
        Node::Object(members) => members.iter().for_each(|(_, member)| collect(member, paths)),
        Node::Array(items) => items.iter().for_each(|item| collect(item, paths)),
        Node::Path { path, .. } => paths.push(path),
        Node::Call { call } => call.collect_paths(paths),
    }
}

fn read(template: &Value, at: &str) -> Result<Node, TemplateError> {
    match template {
        Value::Object(members) => {
            let read = members.iter().map(|(key, member)| read_member(key, member, at));
            read.collect::<Result<_, _>>().map(Node::Object)
        }
        Value::Array(items) => {
            let read = items.iter().enumerate().map(|(index, item)| read(item, &format!("{at}/{index}")));
            read.collect::<Result<_, _>>().map(Node::Array)
        }
        scalar => Ok(Node::Literal(scalar.clone())),
    }
}

fn read_member(key: &str, member: &Value, at: &str) -> Result<(String, Node), TemplateError> {
    let Some(name) = key.strip_suffix(".$") else {
        return Ok((key.to_owned(), read(member, &format!("{at}/{key}"))?));
    };
    let refuse = |source| TemplateError { field: key.to_owned(), at: at.to_owned(), source };
    let text = member.as_str().ok_or_else(|| refuse(None))?;
    let node = read_dynamic(key, text).map_err(|error| refuse(Some(error)))?;
    Ok((name.to_owned(), node))
}

fn read_dynamic(field: &str, text: &str) -> Result<Node, SyntaxError> {
    if text.starts_with('$') {
        return Ok(Node::Path { field: field.to_owned(), path: Path::parse(text)? });
    }
    Ok(Node::Call { call: Box::new(Call::parse(text)?) })
}

struct Scope<'a> {
    input: &'a Value,
    context: &'a Value,
    variables: &'a Map<String, Value>,
    entropy: &'a mut dyn Entropy,
}

impl Scope<'_> {
    fn render(&mut self, node: &Node) -> Result<Value, PathError> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Object(members) => {
                let rendered = members.iter().map(|(key, member)| Ok((key.clone(), self.render(member)?)));
                rendered.collect::<Result<_, _>>().map(Value::Object)
            }
            Node::Array(items) => items.iter().map(|item| self.render(item)).collect(),
            Node::Path { field, path } => path.select_for(field, self.input, self.context, self.variables),
            Node::Call { call } => {
                let data =
                    intrinsic::Data { input: self.input, context: self.context, variables: self.variables };
                call.evaluate_in(&data, self.entropy)
            }
        }
    }
}
