//! `FunctionUrlConfig`: the URL, and for a public one the permissions that open it.

use serde_json::{Value, json};

use super::super::intrinsics::is_intrinsic;
use super::super::made::Made;
use super::super::problem::Fail;
use super::Function;

/// The members of `Cors`, and how Python names what each must be.
const CORS: [(&str, &str, fn(&Value) -> bool); 6] = [
    ("AllowOrigins", "list", Value::is_array),
    ("AllowMethods", "list", Value::is_array),
    ("AllowCredentials", "bool", Value::is_boolean),
    ("AllowHeaders", "list", Value::is_array),
    ("ExposeHeaders", "list", Value::is_array),
    ("MaxAge", "int", Value::is_i64),
];

pub(super) fn construct(function: &Function<'_>, alias: Option<&Made>) -> Result<Vec<Made>, Fail> {
    let Some(config) = function.given("FunctionUrlConfig") else { return Ok(Vec::new()) };
    let whole = is_intrinsic(config);
    if !whole {
        check(config)?;
    }
    let target = json!({"Ref": alias.map_or(function.id, |alias| alias.id.as_str())});
    let mut url = Made::beside(format!("{}Url", function.id), "AWS::Lambda::Url", &function.attributes);
    url.set_given("Cors", config.get("Cors").filter(|cors| super::super::intrinsics::truthy(cors)));
    url.set_given("AuthType", config.get("AuthType"));
    url.set("TargetFunctionArn", target.clone());
    url.set_given("InvokeMode", config.get("InvokeMode"));
    let mut made = vec![url];
    if !whole && config.get("AuthType").is_some_and(|auth| auth == "NONE") {
        made.extend(open(function, &target));
    }
    Ok(made)
}

fn check(config: &Value) -> Result<(), Fail> {
    let auth = config.get("AuthType").filter(|auth| !is_intrinsic(auth));
    let named = config.get("AuthType").is_some_and(is_intrinsic);
    if !named && !auth.is_some_and(|auth| auth == "AWS_IAM" || auth == "NONE") {
        let hint = "Please provide either AWS_IAM or NONE.";
        return Err(format!(
            "AuthType is required to configure function property `FunctionUrlConfig`. {hint}"
        )
        .into());
    }
    let cors =
        config.get("Cors").filter(|cors| super::super::intrinsics::truthy(cors) && !is_intrinsic(cors));
    let Some(cors) = cors else { return Ok(()) };
    let cors = cors.as_object().ok_or("Property 'FunctionUrlConfig.Cors' should be a map.")?;
    for (name, value) in cors {
        let Some((_, told, is)) = CORS.iter().find(|(known, ..)| known == name) else {
            return Err(format!("{name} is not a valid property for configuring Cors.").into());
        };
        if !is_intrinsic(value) && !is(value) {
            return Err(format!("{name} must be of type {told}.").into());
        }
    }
    Ok(())
}

/// Lets everybody call the function, by its URL only.
fn open(function: &Function<'_>, target: &Value) -> [Made; 2] {
    let permission = |suffix: &str, action: &str| {
        let id = format!("{}{suffix}", function.id);
        let mut permission = Made::beside(id, "AWS::Lambda::Permission", &function.attributes);
        permission.set("Action", action);
        permission.set("FunctionName", target.clone());
        permission.set("Principal", "*");
        permission
    };
    let mut url = permission("UrlPublicPermissions", "lambda:InvokeFunctionUrl");
    url.set("FunctionUrlAuthType", "NONE");
    let mut invoke = permission("URLInvokeAllowPublicAccess", "lambda:InvokeFunction");
    invoke.set("InvokedViaFunctionUrl", true);
    [url, invoke]
}
