//! What a function may do: managed policies, inline statements and SAM's policy templates.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The policy templates: their parameters and statements ("SAM policy templates", SAM guide).
static TEMPLATES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("policies.json")).expect("the policy templates are well-formed")
});

/// Managed policies that stand under `service-role/`.
const SERVICE_ROLES: [&str; 10] = [
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaENIManagementAccess",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaMSKExecutionRole",
    "AWSLambdaRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSCodeDeployRoleForLambda",
    "AmazonAPIGatewayPushToCloudWatchLogs",
];

/// What the policies of a function come to: ARNs of managed ones, documents of inline ones.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    pub(crate) managed: Vec<Value>,
    /// With the index of each in the list of all, which its name carries.
    pub(crate) inline: Vec<(usize, Value)>,
}

/// Reads a function's `Policies`.
pub(crate) fn read(given: Option<&Value>, partition: &str) -> Result<Policies, String> {
    let list = match given {
        None => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
    };
    let mut policies = Policies::default();
    for (index, policy) in list.into_iter().enumerate() {
        match policy {
            Value::String(name) => policies.managed.push(Value::String(managed_arn(&name, partition))),
            Value::Object(document) if document.contains_key("Statement") => {
                policies.inline.push((index, Value::Object(document)));
            }
            Value::Object(one) if is_function(&one) => policies.managed.push(Value::Object(one)),
            Value::Object(one) => {
                for (name, parameters) in one {
                    policies.inline.push((index, fill(&name, &parameters)?));
                }
            }
            other => {
                return Err(format!(
                    "Policy at index {index} in the 'Policies' property is not valid: {other}"
                ));
            }
        }
    }
    Ok(policies)
}

fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().next().is_some_and(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// The ARN of a managed policy that is named without its path.
pub(crate) fn managed_arn(name: &str, partition: &str) -> String {
    if name.contains(':') {
        return name.to_owned();
    }
    let path = if SERVICE_ROLES.contains(&name) { "service-role/" } else { "" };
    updraft_types::iam::aws_managed_policy(partition, &format!("{path}{name}")).to_string()
}

/// A policy template with its parameters put in.
fn fill(name: &str, given: &Value) -> Result<Value, String> {
    let Some(template) = TEMPLATES.get(name) else {
        return Err(format!(
            "Must specify valid parameter values for policy template '{name}', or a policy that exists: there is no such template"
        ));
    };
    let empty = Map::new();
    let given = given.as_object().unwrap_or(&empty);
    let declared: Vec<&str> =
        template["parameters"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let missing: Vec<_> =
        declared.iter().filter(|parameter| !given.contains_key(**parameter)).copied().collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Err(format!(
            "Following required parameters of policy template '{name}' don't have values: [{missing}]"
        ));
    }
    Ok(json!({"Statement": put_in(&template["statement"], given)}))
}

fn put_in(value: &Value, given: &Map<String, Value>) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(value) = map
                .get("Ref")
                .filter(|_| map.len() == 1)
                .and_then(Value::as_str)
                .and_then(|name| given.get(name))
            {
                return value.clone();
            }
            Value::Object(map.iter().map(|(key, value)| (key.clone(), put_in(value, given))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| put_in(item, given)).collect()),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_and_what_they_lack_is_told() {
        let policies =
            read(Some(&json!([{"DynamoDBReadPolicy": {"TableName": {"Ref": "T"}}}, "AWSLambdaRole"])), "aws")
                .unwrap();
        let text = policies.inline[0].1.to_string();
        assert!(text.contains(r#""tableName":{"Ref":"T"}"#), "{text}");
        assert_eq!(policies.managed, [json!("arn:aws:iam::aws:policy/service-role/AWSLambdaRole")]);
        let lacking = read(Some(&json!({"DynamoDBReadPolicy": {}})), "aws").unwrap_err();
        assert!(lacking.contains("TableName"), "{lacking}");
        assert!(read(Some(&json!({"NoSuchPolicy": {}})), "aws").is_err());
    }
}
