//! `EventInvokeConfig`: how asynchronous events are retried, and where they go in the end. A queue
//! or topic that is not named is generated.

use serde_json::{Map, Value, json};

use super::super::intrinsics::{attribute, if_parts, is_if, is_no_value};
use super::super::made::Made;
use super::super::problem::Fail;
use super::super::{Context, ids, python};
use super::Function;

const TYPES: [&str; 5] = ["SQS", "SNS", "EventBridge", "Lambda", "S3Bucket"];
const GENERATED: [&str; 2] = ["SQS", "SNS"];

/// The longest name of a condition ("CloudFormation quotas", user guide).
const CONDITION_LENGTH_MAX: usize = 255;

/// What is made, and the statements that the function's role needs for it.
pub(super) fn construct(
    cx: &mut Context,
    function: &Function<'_>,
    alias: Option<&Made>,
) -> Result<(Vec<Made>, Vec<Value>), Fail> {
    let Some(config) = function.given("EventInvokeConfig") else { return Ok(Default::default()) };
    let config = cx.parameters.resolve(config);
    let id = format!("{}EventInvokeConfig", function.id);
    let mut own = Made::main(&id, "AWS::Lambda::EventInvokeConfig", &function.attributes);
    own.attributes.shift_remove("DependsOn");
    if let Some(alias) = alias {
        own.attributes.insert("DependsOn".into(), json!([alias.id]));
    }
    let (mut made, mut policies, mut destinations) = (Vec::new(), Vec::new(), Map::new());
    if let Some(destination) = config.get("DestinationConfig").filter(|d| super::super::intrinsics::truthy(d))
    {
        let given = destination
            .as_object()
            .ok_or("Property 'EventInvokeConfig.DestinationConfig' should be a map.")?;
        for end in ["OnSuccess", "OnFailure"] {
            let Some(given) = given.get(end).filter(|given| !given.is_null()) else { continue };
            if !given.is_object() {
                let path = format!("EventInvokeConfig.DestinationConfig.{end}");
                return Err(format!("Property '{path}' should be a map.").into());
            }
            let sent = send(cx, function, &format!("{id}{end}"), given, &id)?;
            destinations.insert(end.to_owned(), json!({"Destination": sent.destination}));
            made.extend(sent.generated);
            policies.extend(sent.policy);
        }
    }
    own.set("FunctionName", json!({"Ref": function.id}));
    own.set("Qualifier", alias.map_or_else(|| json!("$LATEST"), |alias| alias.properties["Name"].clone()));
    own.set("DestinationConfig", destinations);
    own.set_given("MaximumEventAgeInSeconds", config.get("MaximumEventAgeInSeconds"));
    own.set_given("MaximumRetryAttempts", config.get("MaximumRetryAttempts"));
    made.push(own);
    Ok((made, policies))
}

struct Sent {
    destination: Value,
    generated: Option<Made>,
    policy: Option<Value>,
}

/// Where the events of one end go.
fn send(
    cx: &mut Context,
    function: &Function<'_>,
    id: &str,
    given: &Value,
    config: &str,
) -> Result<Sent, Fail> {
    let kind = given["Type"].as_str().unwrap_or("None");
    if !TYPES.contains(&kind) {
        return Err(format!("'Type: {kind}' must be one of {}", python::list(&TYPES)).into());
    }
    let named = given.get("Destination").filter(|named| !named.is_null());
    let (condition, arn) = unnamed_under(cx, named, config)?;
    if let (Some(named), None) = (named, &condition) {
        let policy = Some(policy(kind, named, id));
        return Ok(Sent { destination: named.clone(), generated: None, policy });
    }
    if !GENERATED.contains(&kind) {
        return Err(format!("Destination is required if Type is not {}", python::list(&GENERATED)).into());
    }
    let (suffix, resource) =
        if kind == "SQS" { ("Queue", "AWS::SQS::Queue") } else { ("Topic", "AWS::SNS::Topic") };
    let mut generated = Made::beside(format!("{id}{suffix}"), resource, &function.attributes);
    if let Some(joined) = both(cx, function, condition.as_deref()) {
        generated.attributes.insert("Condition".into(), json!(joined));
    }
    let own = if kind == "SQS" { attribute(&generated.id, "Arn") } else { json!({"Ref": generated.id}) };
    let destination = match (&condition, arn) {
        (Some(condition), Some(arn)) => json!({"Fn::If": [condition, own, arn]}),
        _ => own,
    };
    let policy = Some(policy(kind, &destination, id));
    Ok(Sent { destination, generated: Some(generated), policy })
}

/// The condition under which a destination is not named, and its name otherwise.
fn unnamed_under(
    cx: &mut Context,
    named: Option<&Value>,
    config: &str,
) -> Result<(Option<String>, Option<Value>), Fail> {
    let Some(named) = named.filter(|named| is_if(named)) else { return Ok((None, None)) };
    let (condition, then, otherwise) =
        if_parts(named).map_err(|message| format!("Malformed 'Destination' property: {message}."))?;
    let name = condition.as_str().unwrap_or_default().to_owned();
    Ok(match (is_no_value(then), is_no_value(otherwise)) {
        (true, false) => (Some(name), Some(otherwise.clone())),
        (false, true) => {
            let negated = generated_name(&format!("NOT{name}"), config);
            cx.conditions.insert(negated.clone(), json!({"Fn::Not": [{"Condition": name}]}));
            (Some(negated), Some(then.clone()))
        }
        _ => (None, None),
    })
}

/// The condition that holds when the function's does and the property's.
fn both(cx: &mut Context, function: &Function<'_>, property: Option<&str>) -> Option<String> {
    match (function.attributes.condition(), property) {
        (Some(own), Some(property)) => {
            let name = generated_name(&format!("{own}AND{property}"), function.id);
            let all = json!({"Fn::And": [{"Condition": own}, {"Condition": property}]});
            cx.conditions.insert(name.clone(), all);
            Some(name)
        }
        (own, property) => own.or(property).map(str::to_owned),
    }
}

fn generated_name(name: &str, hashed: &str) -> String {
    let mut name = ids::hashed(name, &json!(hashed));
    name.truncate(CONDITION_LENGTH_MAX);
    name
}

fn policy(kind: &str, arn: &Value, id: &str) -> Value {
    let allow =
        |action: &str, resource: Value| json!({"Action": action, "Effect": "Allow", "Resource": resource});
    let (suffix, statements) = match kind {
        "SQS" => ("SQSPolicy", vec![allow("sqs:SendMessage", arn.clone())]),
        "SNS" => ("SNSPolicy", vec![allow("sns:publish", arn.clone())]),
        "EventBridge" => ("EventBridgePolicy", vec![allow("events:PutEvents", arn.clone())]),
        "Lambda" => ("LambdaPolicy", vec![allow("lambda:InvokeFunction", arn.clone())]),
        _ => {
            let objects = json!({"Fn::Join": ["/", [arn, "*"]]});
            ("S3Policy", vec![allow("s3:PutObject", objects), allow("s3:ListBucket", arn.clone())])
        }
    };
    json!({"PolicyName": format!("{id}{suffix}"), "PolicyDocument": {"Statement": statements}})
}
