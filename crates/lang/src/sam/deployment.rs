//! `DeploymentPreference`: what CodeDeploy needs to shift an alias's traffic.

use serde_json::{Map, Value, json};

use super::intrinsics::{
    attribute, combined, find_in_map, given, if_parts, is_if, is_intrinsic, is_no_value,
};
use super::made::{Attributes, Made, tag_list};
use super::problem::Fail;
use super::{Context, managed};

const APPLICATION: &str = "ServerlessDeploymentApplication";
const SERVICE_ROLE: &str = "CodeDeployServiceRole";
const CONDITION: &str = "ServerlessCodeDeployCondition";

/// The configurations that CodeDeploy has for Lambda under its own prefix.
const PREDEFINED: [&str; 9] = [
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "AllAtOnce",
];

/// The preference of one function, where it is enabled.
#[derive(Debug, Clone)]
pub(crate) struct Preference {
    function: String,
    kind: Value,
    hooks: Map<String, Value>,
    alarms: Option<Value>,
    role: Option<Value>,
    triggers: Option<Value>,
    condition: Option<String>,
    tags: Map<String, Value>,
}

/// Reads a function's preference; `None` where it is disabled.
pub(crate) fn read(
    cx: &Context,
    function: &str,
    properties: &Map<String, Value>,
    attributes: &Attributes,
) -> Result<Option<Preference>, Fail> {
    let Some(preference) = given(properties, "DeploymentPreference").and_then(Value::as_object) else {
        return Ok(None);
    };
    let resolved = |name: &str| match preference.get(name) {
        Some(value) => find_in_map(&cx.parameters.resolve(value), &cx.mappings).map(Some),
        None => Ok(None),
    };
    let enabled = resolved("Enabled")?.unwrap_or(json!(true));
    let pass_condition = match resolved("PassthroughCondition")? {
        None => false,
        Some(value) => truth("PassthroughCondition", &value)?,
    };
    if enabled == "false" || enabled == "False" || !super::intrinsics::truthy(&enabled) {
        return Ok(None);
    }
    let kind = resolved("Type")?.ok_or("'DeploymentPreference' is missing required Property 'Type'")?;
    let hooks = match preference.get("Hooks") {
        None => Map::new(),
        Some(Value::Object(hooks)) => hooks.clone(),
        Some(_) => return Err("'Hooks' property of 'DeploymentPreference' must be a dictionary".into()),
    };
    let propagated =
        given(properties, "PropagateTags").and(properties.get("Tags")).and_then(Value::as_object);
    Ok(Some(Preference {
        function: function.to_owned(),
        kind,
        hooks,
        alarms: given(preference, "Alarms").cloned(),
        role: given(preference, "Role").cloned(),
        triggers: given(preference, "TriggerConfigurations").cloned(),
        condition: attributes.condition().filter(|_| pass_condition).map(str::to_owned),
        tags: propagated.cloned().unwrap_or_default(),
    }))
}

fn truth(property: &str, value: &Value) -> Result<bool, Fail> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::String(text) if text == "true" || text == "True" => Ok(true),
        Value::String(text) if text == "false" || text == "False" => Ok(false),
        value if is_intrinsic(value) => Err(format!(
            "Unsupported intrinsic: the only intrinsic functions supported for property {property} are FindInMap and parameter Refs."
        )
        .into()),
        _ => Err(format!("Invalid value for property {property}.").into()),
    }
}

impl Preference {
    /// The update policy of the function's alias.
    pub(crate) fn update_policy(&self) -> Value {
        let mut update = Map::new();
        update.insert("ApplicationName".into(), json!({"Ref": APPLICATION}));
        update.insert("DeploymentGroupName".into(), json!({"Ref": self.group_id()}));
        for (hook, property) in
            [("PreTraffic", "BeforeAllowTrafficHook"), ("PostTraffic", "AfterAllowTrafficHook")]
        {
            let value =
                self.hooks.get(hook).filter(|value| !value.is_null() && **value != json!({"Ref": null}));
            if let Some(value) = value {
                update.insert(property.into(), value.clone());
            }
        }
        json!({"CodeDeployLambdaAliasUpdate": update})
    }

    fn group_id(&self) -> String {
        format!("{}DeploymentGroup", self.function)
    }

    /// The function's deployment group.
    pub(crate) fn group(&self) -> Result<Made, Fail> {
        let mut group =
            Made::beside(self.group_id(), "AWS::CodeDeploy::DeploymentGroup", &Attributes::default());
        if let Some(alarms) = &self.alarms
            && let Some(alarms) = alarm_configuration(alarms)?
        {
            group.set("AlarmConfiguration", alarms);
        }
        group.set("ApplicationName", json!({"Ref": APPLICATION}));
        group.set(
            "AutoRollbackConfiguration",
            json!({"Enabled": true,
                "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]}),
        );
        group.set("DeploymentConfigName", configuration(&self.kind, None));
        let style = json!({"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"});
        group.set("DeploymentStyle", style);
        group.set("ServiceRoleArn", self.role.clone().unwrap_or_else(|| attribute(SERVICE_ROLE, "Arn")));
        group.set_given("TriggerConfigurations", self.triggers.as_ref());
        set_tags(&mut group, self.tags.clone());
        if let Some(condition) = &self.condition {
            group.attributes.insert("Condition".into(), json!(condition));
        }
        Ok(group)
    }
}

/// The application and role that all deployment groups of a template share, the groups, and the
/// conditions they exist under.
pub(crate) fn shared(preferences: &[Preference], partition: &str) -> (Vec<Made>, Vec<(String, Value)>) {
    if preferences.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut made = Vec::new();
    let mut application = Made::beside(APPLICATION, "AWS::CodeDeploy::Application", &Attributes::default());
    application.set("ComputePlatform", "Lambda");
    made.push(application);
    if preferences.iter().any(|preference| preference.role.is_none()) {
        made.push(service_role(partition));
    }
    let mut tags = Map::new();
    preferences.iter().for_each(|preference| tags.extend(preference.tags.clone()));
    let mut conditions: Vec<String> = preferences.iter().filter_map(|p| p.condition.clone()).collect();
    let all_conditional = conditions.len() == preferences.len();
    conditions.sort();
    conditions.dedup();
    let name = if conditions.len() == 1 { conditions[0].clone() } else { CONDITION.to_owned() };
    for resource in &mut made {
        set_tags(resource, tags.clone());
        if all_conditional {
            resource.attributes.insert("Condition".into(), json!(name));
        }
    }
    (made, if all_conditional { combined(conditions, CONDITION) } else { Vec::new() })
}

fn set_tags(made: &mut Made, tags: Map<String, Value>) {
    if !tags.is_empty() {
        made.set("Tags", tag_list(Some(&Value::Object(tags))));
    }
}

fn service_role(partition: &str) -> Made {
    let mut role = Made::beside(SERVICE_ROLE, "AWS::IAM::Role", &Attributes::default());
    role.set("AssumeRolePolicyDocument", super::function::trust("codedeploy.amazonaws.com"));
    let policy = managed::arn("AWSCodeDeployRoleForLambda", partition);
    role.set("ManagedPolicyArns", policy.into_iter().collect::<Vec<_>>());
    role
}

fn alarm_configuration(alarms: &Value) -> Result<Option<Value>, Fail> {
    if is_no_value(alarms) {
        return Ok(None);
    }
    if is_if(alarms) {
        let (condition, then, otherwise) = if_parts(alarms)?;
        return Ok(Some(json!({"Fn::If": [condition, alarm_list(then)?, alarm_list(otherwise)?]})));
    }
    alarm_list(alarms).map(Some)
}

fn alarm_list(alarms: &Value) -> Result<Value, Fail> {
    let alarms = alarms.as_array().ok_or("Alarms must be a list")?;
    if alarms.first().is_none_or(is_no_value) {
        return Ok(json!({}));
    }
    let names: Vec<Value> = alarms.iter().map(|alarm| json!({"Name": alarm})).collect();
    Ok(json!({"Enabled": true, "Alarms": names}))
}

/// The name of a deployment configuration, CodeDeploy's own under their prefix, wherever it stands.
fn configuration(value: &Value, function: Option<&str>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| configuration(item, None)).collect(),
        Value::Object(map) if is_intrinsic(value) => {
            map.iter().map(|(key, value)| (key.clone(), configuration(value, Some(key)))).collect()
        }
        Value::String(name) if PREDEFINED.contains(&name.as_str()) => {
            let sub = json!(["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": name}]);
            // An `Fn::Sub` cannot stand in another.
            if function == Some("Fn::Sub") { sub } else { json!({"Fn::Sub": sub}) }
        }
        other => other.clone(),
    }
}
