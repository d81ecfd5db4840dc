//! Resource policies: the statements that `AddPermission` composes, and the document around them.

use serde_json::{Map, Value, json};
use updraft_api::Refusal;
use updraft_api::lambda::AddPermissionRequest;
use updraft_types::lambda::account_root;
use updraft_types::{Arn, Scope};

use super::model::Policy;
use super::refusals::invalid_parameter;

/// The largest policy ("Lambda quotas", Lambda developer guide, read 2026-11).
pub(crate) const POLICY_BYTES_MAX: usize = 20 * 1_024;

/// The document as `GetPolicy` answers it.
pub(crate) fn document(policy: &Policy) -> String {
    json!({"Version": "2012-10-17", "Id": "default", "Statement": policy.statements}).to_string()
}

/// Whether a statement has this id.
pub(crate) fn has_id(statement: &Value, id: &str) -> bool {
    statement.get("Sid").and_then(Value::as_str) == Some(id)
}

/// The statement that a request asks for, in AWS's order of members.
pub(crate) fn statement(
    scope: &Scope,
    resource: &Arn,
    request: &AddPermissionRequest,
) -> Result<Value, Refusal> {
    let mut statement = json!({
        "Sid": request.statement_id,
        "Effect": "Allow",
        "Principal": principal(scope, &request.principal)?,
        "Action": request.action,
        "Resource": resource.as_str(),
    });
    let conditions = conditions(request);
    if !conditions.is_empty() {
        statement["Condition"] = Value::Object(conditions);
    }
    Ok(statement)
}

/// A service, an account (by number), an ARN, or anybody.
fn principal(scope: &Scope, text: &str) -> Result<Value, Refusal> {
    let invalid =
        || invalid_parameter("The provided principal was invalid. Please check the principal and try again.");
    if text == "*" {
        return Ok(json!("*"));
    }
    if let Ok(account) = text.parse() {
        let root = account_root(&Scope::new(account, scope.region.clone()));
        return Ok(json!({"AWS": root.as_str()}));
    }
    if let Ok(arn) = text.parse::<Arn>() {
        let known = matches!(arn.service(), "iam" | "sts") && arn.account().is_some();
        return if known { Ok(json!({"AWS": text})) } else { Err(invalid()) };
    }
    let dns = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-');
    let service =
        text.bytes().all(dns) && (text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn"));
    if service { Ok(json!({"Service": text})) } else { Err(invalid()) }
}

fn conditions(request: &AddPermissionRequest) -> Map<String, Value> {
    let mut equals = Map::new();
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            equals.insert(key.to_owned(), json!(value));
        }
    };
    set("AWS:SourceAccount", request.source_account.as_deref());
    set("lambda:EventSourceToken", request.event_source_token.as_deref());
    set("aws:PrincipalOrgID", request.principal_org_id.as_deref());
    set("lambda:FunctionUrlAuthType", request.function_url_auth_type.as_ref().map(|auth| auth.as_str()));
    let mut conditions = Map::new();
    if !equals.is_empty() {
        conditions.insert("StringEquals".to_owned(), Value::Object(equals));
    }
    if let Some(via_url) = request.invoked_via_function_url {
        conditions.insert("Bool".to_owned(), json!({"lambda:InvokedViaFunctionUrl": via_url.to_string()}));
    }
    if let Some(source) = &request.source_arn {
        conditions.insert("ArnLike".to_owned(), json!({"AWS:SourceArn": source}));
    }
    conditions
}

#[cfg(test)]
mod tests {
    use updraft_types::{AccountId, Region};

    use super::*;

    fn compose(principal: &str, source: Option<&str>, account: Option<&str>) -> Result<String, Refusal> {
        let scope = Scope::new(AccountId::DEFAULT, Region::us_east_1());
        let resource = "arn:aws:lambda:us-east-1:000000000000:function:cart:live".parse().unwrap();
        let request = AddPermissionRequest {
            function_name: "cart".to_owned(),
            statement_id: "api".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: principal.to_owned(),
            source_arn: source.map(str::to_owned),
            source_account: account.map(str::to_owned),
            ..AddPermissionRequest::default()
        };
        statement(&scope, &resource, &request).map(|s| s.to_string())
    }

    #[test]
    fn a_statement_reads_as_awss() {
        let source = "arn:aws:execute-api:us-east-1:000000000000:a1/*/GET/carts";
        assert_eq!(
            compose("apigateway.amazonaws.com", Some(source), Some("000000000000")).unwrap(),
            format!(
                r#"{{"Sid":"api","Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:000000000000:function:cart:live","Condition":{{"StringEquals":{{"AWS:SourceAccount":"000000000000"}},"ArnLike":{{"AWS:SourceArn":"{source}"}}}}}}"#
            )
        );
    }

    #[test]
    fn principals_are_services_accounts_arns_or_anybody() {
        assert!(compose("*", None, None).unwrap().contains(r#""Principal":"*""#));
        assert!(compose("123456789012", None, None).unwrap().contains("arn:aws:iam::123456789012:root"));
        assert!(compose("arn:aws:iam::123456789012:role/x", None, None).is_ok());
        for wrong in ["", "nobody", "arn:aws:s3:::bucket", "x y.amazonaws.com"] {
            assert_eq!(
                compose(wrong, None, None).unwrap_err().code,
                "InvalidParameterValueException",
                "{wrong}"
            );
        }
    }
}
