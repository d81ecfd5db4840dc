//! The intrinsic functions ("Intrinsic function reference", user guide), evaluated.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Map, Value};

use super::CfnError;
use super::sections::Template;

/// What a template cannot know of itself: pseudo parameters, and what its resources have become.
pub trait Values {
    /// A pseudo parameter, such as `AWS::Region`.
    fn pseudo(&self, name: &str) -> Option<Value>;

    /// What `Ref` of a resource is, once it has been made.
    fn reference(&self, resource: &str) -> Option<Value>;

    /// An attribute of a resource, once it has been made.
    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, CfnError>;

    /// The value another stack exports under a name.
    fn import(&self, name: &str) -> Option<Value>;
}

/// Evaluates the intrinsics of one template.
pub struct Resolver<'a> {
    template: &'a Template,
    parameters: &'a BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
    values: &'a dyn Values,
}

/// A property set to this is as if it were not written.
const NO_VALUE: &str = "AWS::NoValue";

fn error<T>(message: impl std::fmt::Display) -> Result<T, CfnError> {
    Err(CfnError::new(format!("Template error: {message}")))
}

impl<'a> Resolver<'a> {
    /// A resolver with the template's conditions decided.
    pub fn new(
        template: &'a Template,
        parameters: &'a BTreeMap<String, Value>,
        values: &'a dyn Values,
    ) -> Result<Self, CfnError> {
        let mut resolver = Self { template, parameters, conditions: BTreeMap::new(), values };
        for name in template.conditions.keys() {
            resolver.decide(name, 0)?;
        }
        Ok(resolver)
    }

    /// Whether a condition holds; none always does.
    pub fn holds(&self, condition: Option<&str>) -> Result<bool, CfnError> {
        let Some(name) = condition else { return Ok(true) };
        self.conditions
            .get(name)
            .copied()
            .map_or_else(|| error(format!("Unresolved condition dependency {name}")), Ok)
    }

    /// Decides one condition, and those it names before it.
    fn decide(&mut self, name: &str, depth: usize) -> Result<bool, CfnError> {
        if let Some(decided) = self.conditions.get(name) {
            return Ok(*decided);
        }
        if depth > 100 {
            return error(format!("Circular dependency in condition {name}"));
        }
        let Some(expression) = self.template.conditions.get(name).cloned() else {
            return error(format!("Unresolved condition dependency {name}"));
        };
        let holds = self.condition(&expression, depth)?;
        self.conditions.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn condition(&mut self, expression: &Value, depth: usize) -> Result<bool, CfnError> {
        let Some((name, argument)) = single(expression) else {
            return match expression {
                Value::Bool(truth) => Ok(*truth),
                Value::String(text) if text == "true" || text == "false" => Ok(text == "true"),
                _ => error("Every Condition member must be an intrinsic function of conditions"),
            };
        };
        match (name, argument) {
            ("Condition", Value::String(other)) => self.decide(other, depth + 1),
            ("Fn::Not", Value::Array(one)) if one.len() == 1 => Ok(!self.condition(&one[0], depth + 1)?),
            ("Fn::And", Value::Array(all)) if (2..=10).contains(&all.len()) => {
                let decided: Vec<_> =
                    all.iter().map(|e| self.condition(e, depth + 1)).collect::<Result<_, _>>()?;
                Ok(decided.iter().all(|holds| *holds))
            }
            ("Fn::Or", Value::Array(any)) if (2..=10).contains(&any.len()) => {
                let decided: Vec<_> =
                    any.iter().map(|e| self.condition(e, depth + 1)).collect::<Result<_, _>>()?;
                Ok(decided.iter().any(|holds| *holds))
            }
            ("Fn::Equals", Value::Array(pair)) if pair.len() == 2 => {
                Ok(text(&self.resolve(&pair[0])?) == text(&self.resolve(&pair[1])?))
            }
            (name, _) => error(format!("{name} is not a condition function, or its arguments are wrong")),
        }
    }

    /// Resolves a value; `None` where it is `AWS::NoValue`.
    pub fn resolve_optional(&self, value: &Value) -> Result<Option<Value>, CfnError> {
        match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(|item| self.resolve_optional(item).transpose());
                Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
            }
            Value::Object(map) => {
                if let Some((name, argument)) = single(value).filter(|(name, _)| is_intrinsic(name)) {
                    return self.call(name, argument);
                }
                let mut resolved = Map::new();
                for (key, value) in map {
                    if let Some(value) = self.resolve_optional(value)? {
                        resolved.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(resolved)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    /// Resolves a value that must be one.
    pub fn resolve(&self, value: &Value) -> Result<Value, CfnError> {
        Ok(self.resolve_optional(value)?.unwrap_or(Value::Null))
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, CfnError> {
        let wrong = |form: &str| error::<Option<Value>>(format!("every {name} object must have {form}"));
        if let ("Ref", Value::String(target)) = (name, argument) {
            return if target == NO_VALUE { Ok(None) } else { self.reference(target).map(Some) };
        }
        if name == "Fn::If" {
            let Value::Array(parts) = argument else { return wrong("three parameters") };
            let [Value::String(condition), then, otherwise] = &parts[..] else {
                return error("Fn::If requires a list argument with the first element being a condition");
            };
            return self.resolve_optional(if self.holds(Some(condition))? { then } else { otherwise });
        }
        let resolved = match name {
            // These read names, not values.
            "Fn::GetAtt" | "Fn::Sub" => argument.clone(),
            _ => self.resolve(argument)?,
        };
        let value = match (name, &resolved) {
            ("Fn::GetAtt", Value::String(dotted)) => match dotted.split_once('.') {
                Some((resource, attribute)) => self.attribute(resource, attribute)?,
                None => {
                    return wrong("two non-empty parameters, the resource name and the resource attribute");
                }
            },
            ("Fn::GetAtt", Value::Array(parts)) if parts.len() == 2 => {
                let Value::String(resource) = &parts[0] else {
                    return wrong("two non-empty parameters, the resource name and the resource attribute");
                };
                self.attribute(resource, &text(&self.resolve(&parts[1])?))?
            }
            ("Fn::Sub", Value::String(template)) => self.substitute(template, &Map::new())?,
            ("Fn::Sub", Value::Array(parts)) => match &parts[..] {
                [Value::String(template), Value::Object(names)] => self.substitute(template, names)?,
                _ => {
                    return error(
                        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string",
                    );
                }
            },
            ("Fn::Join", Value::Array(parts)) => match &parts[..] {
                [Value::String(delimiter), Value::Array(items)] => {
                    Value::String(items.iter().map(text).collect::<Vec<_>>().join(delimiter))
                }
                _ => {
                    return wrong(
                        "two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
                    );
                }
            },
            ("Fn::Select", Value::Array(parts)) => match &parts[..] {
                [index, Value::Array(items)] => {
                    let index: Option<usize> = text(index).parse().ok();
                    match index.and_then(|index| items.get(index)) {
                        Some(item) => item.clone(),
                        None => {
                            return error(format!(
                                "Fn::Select cannot select nonexistent value at index {}",
                                text(&parts[0])
                            ));
                        }
                    }
                }
                _ => {
                    return error(
                        "Fn::Select requires a list argument with two elements: an integer index and a list",
                    );
                }
            },
            ("Fn::Split", Value::Array(parts)) => match &parts[..] {
                [Value::String(delimiter), Value::String(source)] if !delimiter.is_empty() => {
                    Value::from(source.split(delimiter.as_str()).collect::<Vec<_>>())
                }
                _ => {
                    return wrong(
                        "two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.",
                    );
                }
            },
            ("Fn::FindInMap", Value::Array(parts)) if parts.len() == 3 => {
                let [map, first, second] = [text(&parts[0]), text(&parts[1]), text(&parts[2])];
                let found =
                    self.template.mappings.get(&map).and_then(|m| m.get(&first)).and_then(|m| m.get(&second));
                match found {
                    Some(value) => value.clone(),
                    None => return error(format!("Unable to get mapping for {map}::{first}::{second}")),
                }
            }
            ("Fn::Base64", Value::String(plain)) => {
                Value::String(base64::engine::general_purpose::STANDARD.encode(plain))
            }
            ("Fn::ImportValue", name) => match self.values.import(&text(name)) {
                Some(value) => value,
                None => return Err(CfnError::new(format!("No export named {} found.", text(name)))),
            },
            ("Fn::GetAZs", region) => {
                let named = text(region);
                let region = if named.is_empty() {
                    self.values.pseudo("AWS::Region").map(|r| text(&r)).unwrap_or_default()
                } else {
                    named
                };
                Value::from(["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec())
            }
            ("Fn::Cidr", Value::Array(parts)) => cidr(parts)?,
            _ => return error(format!("{name} is not supported by this engine, or its arguments are wrong")),
        };
        Ok(Some(value))
    }

    fn reference(&self, name: &str) -> Result<Value, CfnError> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let known =
            if name.starts_with("AWS::") { self.values.pseudo(name) } else { self.values.reference(name) };
        known.map_or_else(
            || Err(CfnError::new(format!("Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"))),
            Ok,
        )
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, CfnError> {
        self.values.attribute(resource, attribute)
    }

    /// `${Name}`, `${Resource.Attribute}`, `${!Literal}`.
    fn substitute(&self, template: &str, names: &Map<String, Value>) -> Result<Value, CfnError> {
        let mut out = String::new();
        for part in sub_parts(template) {
            match part {
                SubPart::Text(text) => out.push_str(text),
                SubPart::Name(name) => {
                    let value = match (names.get(name), name.split_once('.')) {
                        (Some(value), _) => self.resolve(value)?,
                        (None, Some((resource, attribute))) => self.attribute(resource, attribute)?,
                        (None, None) => self.reference(name)?,
                    };
                    out.push_str(&text(&value));
                }
            }
        }
        Ok(Value::String(out))
    }
}

/// Parts of a `Fn::Sub` text.
pub(super) enum SubPart<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// A name to put a value for.
    Name(&'a str),
}

pub(super) fn sub_parts(template: &str) -> Vec<SubPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else { break };
        parts.push(SubPart::Text(&rest[..at]));
        let name = &rest[at + 2..at + end];
        match name.strip_prefix('!') {
            Some(literal) => {
                parts.push(SubPart::Text("${"));
                parts.push(SubPart::Text(literal));
                parts.push(SubPart::Text("}"));
            }
            None => parts.push(SubPart::Name(name.trim())),
        }
        rest = &rest[at + end + 1..];
    }
    parts.push(SubPart::Text(rest));
    parts
}

/// `Fn::Cidr`: so many blocks of a size out of a block, IPv4.
fn cidr(parts: &[Value]) -> Result<Value, CfnError> {
    let wrong = || {
        CfnError::new(
            "Template error: Fn::Cidr requires an IPv4 block, a count from 1 to 256 and a number of bits",
        )
    };
    let (block, count, bits) = match parts {
        [block, count] => (text(block), text(count), "8".to_owned()),
        [block, count, bits] => (text(block), text(count), text(bits)),
        _ => return Err(wrong()),
    };
    let (base, prefix) = block.split_once('/').ok_or_else(wrong)?;
    let base: std::net::Ipv4Addr = base.parse().map_err(|_| wrong())?;
    let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
    let (count, bits): (u32, u32) = (count.parse().map_err(|_| wrong())?, bits.parse().map_err(|_| wrong())?);
    let enough =
        prefix <= 32 && (1..=32).contains(&bits) && bits <= 32 - prefix.min(32) && (1..=256).contains(&count);
    if !enough || u64::from(count) << bits > 1 << (32 - prefix) {
        return Err(wrong());
    }
    let first = u32::from(base) & u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    let blocks =
        (0..count).map(|n| format!("{}/{}", std::net::Ipv4Addr::from(first + (n << bits)), 32 - bits));
    Ok(Value::from(blocks.collect::<Vec<_>>()))
}

/// The one member of an object that has one.
pub(super) fn single(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.iter().next().map(|(name, argument)| (name.as_str(), argument))
}

/// Whether an object's only member makes it a function.
pub(super) fn is_intrinsic(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// A scalar's text, as CloudFormation joins it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct World;

    impl Values for World {
        fn pseudo(&self, name: &str) -> Option<Value> {
            (name == "AWS::Region").then(|| json!("eu-west-1"))
        }

        fn reference(&self, resource: &str) -> Option<Value> {
            (resource == "Table").then(|| json!("table-1"))
        }

        fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, CfnError> {
            Ok(json!(format!("{resource}/{attribute}")))
        }

        fn import(&self, name: &str) -> Option<Value> {
            (name == "shared").then(|| json!("imported"))
        }
    }

    fn resolve(value: Value) -> Result<Option<Value>, CfnError> {
        let template = Template::read(&json!({
            "Mappings": {"M": {"a": {"b": "mapped"}}},
            "Conditions": {
                "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
                "Not": {"Fn::Not": [{"Condition": "IsProd"}]},
                "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "Not"}]},
            },
            "Resources": {"Table": {"Type": "T"}},
        }))
        .unwrap();
        let parameters = BTreeMap::from([("Stage".to_owned(), json!("prod"))]);
        Resolver::new(&template, &parameters, &World)?.resolve_optional(&value)
    }

    #[test]
    fn every_function_gives_what_it_says() {
        let cases = [
            (json!({"Ref": "Stage"}), json!("prod")),
            (json!({"Ref": "Table"}), json!("table-1")),
            (json!({"Fn::GetAtt": ["Table", "Arn"]}), json!("Table/Arn")),
            (
                json!({"Fn::Sub": "${AWS::Region}-${Table}-${Table.Arn}-${!Kept}"}),
                json!("eu-west-1-table-1-Table/Arn-${Kept}"),
            ),
            (json!({"Fn::Sub": ["${x}", {"x": {"Ref": "Stage"}}]}), json!("prod")),
            (json!({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 1]]}), json!("a-prod-1")),
            (json!({"Fn::Select": ["1", {"Fn::Split": [",", "x,y"]}]}), json!("y")),
            (json!({"Fn::FindInMap": ["M", "a", "b"]}), json!("mapped")),
            (json!({"Fn::If": ["IsProd", 1, 2]}), json!(1)),
            (json!({"Fn::If": ["Both", 1, 2]}), json!(2)),
            (json!({"Fn::Base64": "hi"}), json!("aGk=")),
            (json!({"Fn::ImportValue": "shared"}), json!("imported")),
            (json!({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}), json!({"b": [1]})),
            (json!({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}), json!(["10.0.0.0/24", "10.0.1.0/24"])),
        ];
        for (value, expected) in cases {
            assert_eq!(resolve(value.clone()).unwrap(), Some(expected), "{value}");
        }
        assert_eq!(resolve(json!({"Ref": "AWS::NoValue"})).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_resolved_is_told() {
        for (value, words) in [
            (json!({"Ref": "Nowhere"}), "Unresolved resource dependencies [Nowhere]"),
            (json!({"Fn::FindInMap": ["M", "a", "c"]}), "Unable to get mapping for M::a::c"),
            (json!({"Fn::Select": ["9", ["a"]]}), "nonexistent value at index 9"),
            (json!({"Fn::ImportValue": "other"}), "No export named other found."),
            (json!({"Fn::If": ["Nope", 1, 2]}), "Unresolved condition dependency Nope"),
            (json!({"Fn::Nonsense": 1}), "Fn::Nonsense is not supported"),
        ] {
            let told = resolve(value).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
