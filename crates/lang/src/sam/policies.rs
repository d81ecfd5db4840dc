//! What a function may do: managed policies, statements and SAM's policy templates.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::intrinsics::{if_parts, is_if, is_intrinsic, is_no_value, truthy};
use super::problem::{Fail, SamProblem};
use super::{managed, python};

/// The policy templates: their parameters and statements ("SAM policy templates", SAM guide).
static TEMPLATES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("policies.json")).expect("the policy templates are well-formed")
});

/// What an entry of `Policies` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Managed,
    Statement,
    Template,
    Unknown,
}

/// A function's policies, as its role carries them.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) managed: Vec<Value>,
    pub(crate) inline: Vec<Value>,
}

/// Reads `Policies`. Documents are named after the role and their place in the list.
pub(crate) fn read(given: Option<&Value>, role: &str, partition: &str) -> Result<Policies, Fail> {
    let mut policies = Policies::default();
    let entries = match given {
        Some(Value::Array(entries)) => entries.clone(),
        Some(one) if truthy(one) => vec![one.clone()],
        _ => Vec::new(),
    };
    let expanded: Vec<Value> = entries.iter().map(expand).collect::<Result<_, _>>()?;
    for (index, entry) in expanded.iter().enumerate() {
        match sort(entry)? {
            Sort::Managed => policies.managed.push(in_branches(entry, &|value| match value.as_str() {
                Some(name) => managed::arn(name, partition).map_or_else(|| value.clone(), Value::String),
                None => value.clone(),
            })),
            Sort::Statement => policies.inline.push(in_branches(
                entry,
                &|document| json!({"PolicyName": format!("{role}Policy{index}"), "PolicyDocument": document}),
            )),
            Sort::Template | Sort::Unknown => {
                return Err(format!("Policy at index {index} in the 'Policies' property is not valid").into());
            }
        }
    }
    Ok(policies)
}

/// Converts the entry, or both branches of an `Fn::If` but for those that are no value.
fn in_branches(entry: &Value, convert: &dyn Fn(&Value) -> Value) -> Value {
    let Some((condition, then, otherwise)) = is_if(entry).then(|| if_parts(entry).ok()).flatten() else {
        return convert(entry);
    };
    let branch = |value: &Value| if is_no_value(value) { value.clone() } else { convert(value) };
    json!({"Fn::If": [condition, branch(then), branch(otherwise)]})
}

fn sort(entry: &Value) -> Result<Sort, Fail> {
    Ok(match entry {
        Value::String(_) => Sort::Managed,
        entry if is_if(entry) => return sort_of_branches(entry),
        entry if is_intrinsic(entry) => Sort::Managed,
        Value::Object(map) if map.contains_key("Statement") => Sort::Statement,
        Value::Object(map) if map.len() == 1 && map.keys().all(|name| TEMPLATES.contains_key(name)) => {
            Sort::Template
        }
        _ => Sort::Unknown,
    })
}

fn sort_of_branches(entry: &Value) -> Result<Sort, Fail> {
    let wrong = |message: &str| Fail::Elsewhere(SamProblem::structure(message));
    let (_, then, otherwise) = if_parts(entry).map_err(wrong)?;
    let (then_sort, otherwise_sort) = (sort(then)?, sort(otherwise)?);
    if then_sort == otherwise_sort || is_no_value(otherwise) {
        return Ok(then_sort);
    }
    if is_no_value(then) {
        return Ok(otherwise_sort);
    }
    Err(wrong(
        "Different policy types within the same Fn::If statement is unsupported. \
         Separate different policy types into different Fn::If statements",
    ))
}

/// An entry with its policy template written out.
fn expand(entry: &Value) -> Result<Value, Fail> {
    if sort(entry)? != Sort::Template {
        return Ok(entry.clone());
    }
    if is_if(entry) {
        let (condition, then, otherwise) = if_parts(entry)?;
        let branch = |value: &Value| if is_no_value(value) { Ok(value.clone()) } else { fill(value) };
        return Ok(json!({"Fn::If": [condition, branch(then)?, branch(otherwise)?]}));
    }
    fill(entry)
}

/// A policy template with its parameters put in.
fn fill(entry: &Value) -> Result<Value, Fail> {
    let Some((name, given)) = entry.as_object().and_then(|map| map.iter().next()) else {
        return Err("a policy template is named by the only key of its entry".into());
    };
    let Some(template) = TEMPLATES.get(name) else {
        return Err(format!("there is no policy template '{name}'").into());
    };
    let Value::Object(given) = given else {
        return Err(format!("Must specify valid parameter values for policy template '{name}'").into());
    };
    let declared = template["parameters"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = declared.filter(|parameter| !given.contains_key(*parameter)).collect();
    if !missing.is_empty() {
        let missing = python::list(&missing);
        return Err(format!(
            "Following required parameters of template '{name}' don't have values: {missing}"
        )
        .into());
    }
    Ok(json!({"Statement": put_in(&template["statement"], given)}))
}

fn put_in(value: &Value, given: &Map<String, Value>) -> Value {
    match value {
        Value::Object(map) => {
            let parameter = map.get("Ref").filter(|_| map.len() == 1).and_then(Value::as_str);
            match parameter.and_then(|name| given.get(name)) {
                Some(value) => value.clone(),
                None => Value::Object(
                    map.iter().map(|(key, value)| (key.clone(), put_in(value, given))).collect(),
                ),
            }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| put_in(item, given)).collect()),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(given: Value) -> Result<Policies, String> {
        read(Some(&given), "FRole", "aws").map_err(|fail| match fail {
            Fail::Here(message) => message,
            Fail::Elsewhere(problem) | Fail::Document(problem) => problem.message,
        })
    }

    #[test]
    fn templates_are_filled_and_what_they_lack_is_told() {
        let policies =
            reading(json!([{"DynamoDBReadPolicy": {"TableName": {"Ref": "T"}}}, "AWSLambdaRole", "Own"]))
                .unwrap();
        assert_eq!(policies.inline[0]["PolicyName"], "FRolePolicy0");
        let text = policies.inline[0].to_string();
        assert!(text.contains(r#""tableName":{"Ref":"T"}"#), "{text}");
        assert_eq!(
            policies.managed,
            [json!("arn:aws:iam::aws:policy/service-role/AWSLambdaRole"), json!("Own")]
        );
        let lacking = reading(json!({"DynamoDBReadPolicy": {}})).unwrap_err();
        assert!(
            lacking.ends_with("template 'DynamoDBReadPolicy' don't have values: ['TableName']"),
            "{lacking}"
        );
        assert!(reading(json!({"DynamoDBReadPolicy": null})).unwrap_err().starts_with("Must specify valid"));
        assert!(reading(json!(["Own", {"NoSuchPolicy": {}}])).unwrap_err().contains("index 1"));
    }

    #[test]
    fn branches_are_of_one_sort() {
        let no_value = json!({"Ref": "AWS::NoValue"});
        let policies = reading(json!({"Fn::If": ["C", "AWSLambdaRole", no_value]})).unwrap();
        assert!(policies.managed[0]["Fn::If"][1].as_str().unwrap().ends_with("service-role/AWSLambdaRole"));
        let policies =
            reading(json!({"Fn::If": ["C", no_value, {"S3ReadPolicy": {"BucketName": "b"}}]})).unwrap();
        assert_eq!(policies.inline[0]["Fn::If"][2]["PolicyName"], "FRolePolicy0");
        assert!(
            reading(json!({"Fn::If": ["C", "A", {"Statement": []}]}))
                .unwrap_err()
                .contains("Different policy types")
        );
        assert!(reading(json!({"Fn::If": ["C", "A"]})).unwrap_err().contains("requires 3 arguments"));
    }
}
