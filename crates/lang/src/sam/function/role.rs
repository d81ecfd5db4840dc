//! The role a function runs as.

use serde_json::{Value, json};

use super::super::intrinsics::{attribute, given, if_parts, is_no_value};
use super::super::made::Made;
use super::super::policies::Policies;
use super::super::problem::Fail;
use super::super::{Context, managed, python};
use super::{Function, names_conditional_role};

/// What a function does to each kind of dead letter queue.
const DEAD_LETTERS: [(&str, &str); 2] = [("SQS", "sqs:SendMessage"), ("SNS", "sns:Publish")];

/// The document that lets a service take on a role.
pub(crate) fn trust(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}},
    ]})
}

pub(super) fn check_dead_letter_queue(queue: &Value) -> Result<(), Fail> {
    let has = |name: &str| queue.as_object().and_then(|queue| given(queue, name));
    let (Some(kind), Some(_)) = (has("Type"), has("TargetArn")) else {
        return Err("'DeadLetterQueue' requires Type and TargetArn properties to be specified.".into());
    };
    let kind = kind.as_str().ok_or("Property 'DeadLetterQueue.Type' should be a string.")?;
    if DEAD_LETTERS.iter().any(|(known, _)| *known == kind) {
        return Ok(());
    }
    let known = python::list(&DEAD_LETTERS.map(|(known, _)| known));
    Err(format!("'DeadLetterQueue' requires Type of {known}").into())
}

/// The role that is generated for a function; `destinations` are what its events may be sent to.
pub(super) fn construct(
    cx: &Context,
    function: &Function<'_>,
    id: &str,
    destinations: Vec<Value>,
    policies: Policies,
) -> Result<Made, Fail> {
    let mut role = Made::beside(id, "AWS::IAM::Role", &function.attributes);
    let trusted = function.given.get("AssumeRolePolicyDocument").cloned();
    role.set("AssumeRolePolicyDocument", trusted.unwrap_or_else(|| trust("lambda.amazonaws.com")));
    let mut arns = basic(cx, function);
    for policy in policies.managed {
        if !arns.contains(&policy) {
            arns.push(policy);
        }
    }
    role.set("ManagedPolicyArns", arns);
    let mut inline = Vec::new();
    if let Some(queue) = function.given("DeadLetterQueue") {
        inline.push(dead_letter_policy(queue));
    }
    inline.extend(destinations);
    inline.extend(policies.inline);
    if !inline.is_empty() {
        role.set("Policies", inline);
    }
    role.set_given("Path", function.given.get("RolePath"));
    role.set_given("PermissionsBoundary", function.given.get("PermissionsBoundary"));
    role.set("Tags", function.tags()?);
    Ok(role)
}

/// The managed policies that every function's role has.
fn basic(cx: &Context, function: &Function<'_>) -> Vec<Value> {
    let durable = function.given("DurableConfig").is_some();
    let execution =
        if durable { "AWSLambdaBasicDurableExecutionRolePolicy" } else { "AWSLambdaBasicExecutionRole" };
    let mut names = vec![execution];
    if function.given("Tracing").is_some_and(|mode| cx.parameters.resolve(mode) != "Disabled") {
        names.push(if cx.partition == "aws" { "AWSXrayWriteOnlyAccess" } else { "AWSXRayDaemonWriteAccess" });
    }
    if function.given("VpcConfig").is_some() {
        names.push("AWSLambdaVPCAccessExecutionRole");
    }
    names.iter().filter_map(|name| managed::arn(name, &cx.partition)).map(Value::String).collect()
}

fn dead_letter_policy(queue: &Value) -> Value {
    let action = DEAD_LETTERS.iter().find(|(kind, _)| queue["Type"] == *kind).map(|(_, action)| *action);
    json!({"PolicyName": "DeadLetterQueuePolicy", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": action, "Resource": queue["TargetArn"], "Effect": "Allow"},
    ]}})
}

/// Gives the function its role: the one it names, else the generated one, which is made only then.
pub(super) fn assign(cx: &mut Context, main: &mut Made, mut role: Made) -> Result<Option<Made>, Fail> {
    let arn = attribute(&role.id, "Arn");
    let Some(own) = main.properties.get("Role").cloned() else {
        main.set("Role", arn);
        return Ok(Some(role));
    };
    if !names_conditional_role(main) {
        return Ok(None);
    }
    let resolved = cx.parameters.resolve(&own);
    let (condition, then, otherwise) =
        if_parts(&resolved).map_err(|message| format!("Malformed 'Role' property: {message}."))?;
    let name = condition.as_str().unwrap_or_default();
    match (is_no_value(then), is_no_value(otherwise)) {
        (false, false) => return Ok(None),
        (true, true) => main.set("Role", arn),
        (true, false) => {
            main.set("Role", json!({"Fn::If": [condition, arn, otherwise]}));
            role.attributes.insert("Condition".into(), json!(name));
        }
        (false, true) => {
            main.set("Role", json!({"Fn::If": [condition, then, arn]}));
            let negated = format!("NOT{name}");
            role.attributes.insert("Condition".into(), json!(negated));
            cx.conditions.insert(negated, json!({"Fn::Not": [{"Condition": name}]}));
        }
    }
    Ok(Some(role))
}
