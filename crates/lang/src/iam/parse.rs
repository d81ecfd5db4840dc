//! Policies read from their documents, with IAM's own words for what is wrong.
//!
//! The messages are those IAM gives; getmoto/moto keeps them in `tests/test_iam/test_iam_policies.py`,
//! where they were recorded against the service (read 2026-11).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::condition::Condition;
use super::pattern::Pattern;
use super::policy::{Effect, Match, Policy, PrincipalName, Principals, Statement, Version};

/// What is wrong with a document: the message of `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

const SYNTAX: &str = "Syntax errors in policy.";
const VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

fn refused<T>(message: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError(message.into()))
}

fn syntax() -> PolicyError {
    PolicyError(SYNTAX.to_owned())
}

impl Policy {
    /// Reads any policy: its form, not what its kind demands besides.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let Ok(Value::Object(top)) = serde_json::from_str(document) else { return Err(syntax()) };
        check_members(&top, &["Version", "Id", "Statement"])?;
        let version = match top.get("Version") {
            None => Version::V2008,
            Some(Value::String(text)) if text == "2008-10-17" => Version::V2008,
            Some(Value::String(text)) if text == "2012-10-17" => Version::V2012,
            Some(_) => return Err(syntax()),
        };
        if top.get("Id").is_some_and(|id| !id.is_string()) {
            return Err(syntax());
        }
        let statements = match top.get("Statement") {
            Some(Value::Array(list)) if !list.is_empty() => {
                list.iter().map(|s| statement(s, version)).collect::<Result<Vec<_>, _>>()?
            }
            Some(single @ Value::Object(_)) => vec![statement(single, version)?],
            _ => return Err(syntax()),
        };
        let policy = Self { version, statements };
        policy.check_ids()?;
        Ok(policy)
    }

    /// Reads a managed policy, a boundary or a session's policy, whose version must be the newer.
    pub fn parse_identity(document: &str) -> Result<Self, PolicyError> {
        let policy = Self::parse_inline(document)?;
        if policy.version != Version::V2012 {
            return refused("Policy document must be version 2012-10-17 or greater.");
        }
        Ok(policy)
    }

    /// Reads an inline policy. It may leave its version out, as those of SAM's policy templates do.
    pub fn parse_inline(document: &str) -> Result<Self, PolicyError> {
        let policy = Self::parse(document)?;
        for statement in &policy.statements {
            if statement.principals.is_some() {
                return refused("Policy document should not specify a principal.");
            }
            let Some(resources) = &statement.resources else {
                return refused("Policy statement must contain resources.");
            };
            for resource in &resources.patterns {
                check_resource(resource.source())?;
            }
            if let Some(sid) = &statement.sid
                && !sid.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return refused(
                    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
                );
            }
        }
        Ok(policy)
    }

    /// Reads the policy that says who may assume a role.
    pub fn parse_trust(document: &str) -> Result<Self, PolicyError> {
        if serde_json::from_str::<Value>(document).is_err() {
            return refused("This policy contains invalid Json");
        }
        let policy = Self::parse(document)?;
        for statement in &policy.statements {
            if statement.resources.is_some() {
                return refused("Has prohibited field Resource");
            }
            if statement.principals.is_none() {
                return refused("Missing required field Principal");
            }
            let trust = |action: &str| {
                ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext"]
                    .iter()
                    .any(|known| action.to_ascii_lowercase().starts_with(known))
                    || action.eq_ignore_ascii_case("sts:*")
            };
            if statement.actions.inverted || !statement.action_names().all(trust) {
                return refused("AssumeRole policy may only specify STS AssumeRole actions.");
            }
        }
        Ok(policy)
    }

    fn check_ids(&self) -> Result<(), PolicyError> {
        let mut seen = BTreeSet::new();
        for sid in self.statements.iter().filter_map(|s| s.sid.as_deref()).filter(|sid| !sid.is_empty()) {
            if !seen.insert(sid) {
                return refused("Statement IDs (SID) in a single policy must be unique.");
            }
        }
        Ok(())
    }
}

fn check_members(object: &Map<String, Value>, known: &[&str]) -> Result<(), PolicyError> {
    if object.keys().all(|key| known.contains(&key.as_str())) { Ok(()) } else { Err(syntax()) }
}

fn statement(value: &Value, version: Version) -> Result<Statement, PolicyError> {
    let Value::Object(object) = value else { return Err(syntax()) };
    check_members(
        object,
        &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    let sid = match object.get("Sid") {
        None => None,
        Some(Value::String(sid)) => Some(sid.clone()),
        Some(_) => return Err(syntax()),
    };
    let effect = match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(syntax()),
    };
    let Some(actions) = either(object, "Action", "NotAction", version)? else {
        return refused("Policy statement must contain actions.");
    };
    if actions.patterns.is_empty() {
        return refused("Policy statement must contain actions.");
    }
    actions.patterns.iter().try_for_each(|action| check_action(action.source()))?;
    let resources = either(object, "Resource", "NotResource", version)?;
    if resources.as_ref().is_some_and(|r| r.patterns.is_empty()) {
        return refused("Policy statement must contain resources.");
    }
    Ok(Statement {
        sid,
        effect,
        actions,
        resources,
        principals: principals(object)?,
        conditions: conditions(object.get("Condition"), version)?,
    })
}

/// Reads one of two members that exclude each other.
fn either(
    object: &Map<String, Value>,
    plain: &str,
    inverse: &str,
    version: Version,
) -> Result<Option<Match>, PolicyError> {
    let (value, inverted) = match (object.get(plain), object.get(inverse)) {
        (Some(_), Some(_)) => return Err(syntax()),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Ok(None),
    };
    let variables = version == Version::V2012;
    let patterns = texts(value)?.into_iter().map(|text| Pattern::new(text, variables)).collect();
    Ok(Some(Match { patterns, inverted }))
}

/// One text or a list of them.
fn texts(value: &Value) -> Result<Vec<&str>, PolicyError> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => list.iter().map(|v| v.as_str().ok_or_else(syntax)).collect(),
        _ => Err(syntax()),
    }
}

fn check_action(action: &str) -> Result<(), PolicyError> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else { return refused(VENDOR) };
    if name.contains(':') {
        return refused("Actions/Condition can contain only one colon.");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'*' | b'?');
    if vendor.is_empty() || !vendor.bytes().all(plain) {
        return refused(format!("Vendor {vendor} is not valid"));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), PolicyError> {
    if resource == "*" {
        return Ok(());
    }
    let arn = resource.splitn(6, ':').collect::<Vec<_>>();
    // A wildcard may stand for any number of parts, as in `arn:aws:s3*`.
    if arn.first() != Some(&"arn") || (arn.len() < 6 && !resource.contains('*')) {
        return refused(format!("Resource {resource} must be in ARN format or \"*\"."));
    }
    let partition = arn.get(1).copied().unwrap_or_default();
    if !partition.contains(['*', '?', '$']) && !partition.starts_with("aws") {
        return refused(format!("Partition \"{partition}\" is not valid for resource \"{resource}\"."));
    }
    Ok(())
}

fn principals(object: &Map<String, Value>) -> Result<Option<Principals>, PolicyError> {
    let (value, inverted) = match (object.get("Principal"), object.get("NotPrincipal")) {
        (Some(_), Some(_)) => return Err(syntax()),
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Ok(None),
    };
    let names = match value {
        Value::String(text) if text == "*" => vec![PrincipalName::Everyone],
        Value::Object(kinds) if !kinds.is_empty() => {
            let mut names = Vec::new();
            for (kind, value) in kinds {
                for text in texts(value)? {
                    names.push(principal(kind, text)?);
                }
            }
            names
        }
        _ => return Err(syntax()),
    };
    Ok(Some(Principals { names, inverted }))
}

fn principal(kind: &str, text: &str) -> Result<PrincipalName, PolicyError> {
    let invalid = || refused(format!("Invalid principal in policy: \"{}\":\"{text}\"", kind.to_uppercase()));
    match kind {
        "AWS" if text == "*" => Ok(PrincipalName::Everyone),
        "AWS" if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(PrincipalName::Account(text.to_owned()))
        }
        "AWS" => {
            let parts: Vec<_> = text.splitn(6, ':').collect();
            match parts[..] {
                ["arn", _, "iam", "", account, "root"] => Ok(PrincipalName::Account(account.to_owned())),
                ["arn", _, "iam" | "sts", "", _, name] if !name.contains('*') || name == "*" => {
                    Ok(PrincipalName::Arn(text.to_owned()))
                }
                // What a deleted principal's ARN turns into: its unique id.
                [id] if id.len() > 16 && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                    Ok(PrincipalName::Other)
                }
                _ => invalid(),
            }
        }
        "Service" if text.contains('.') || text == "*" => Ok(PrincipalName::Service(text.to_owned())),
        "Service" => invalid(),
        "Federated" | "CanonicalUser" => Ok(PrincipalName::Other),
        _ => Err(syntax()),
    }
}

fn conditions(value: Option<&Value>, version: Version) -> Result<Vec<Condition>, PolicyError> {
    let operators = match value {
        None => return Ok(Vec::new()),
        Some(Value::Object(operators)) => operators,
        Some(_) => return Err(syntax()),
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Value::Object(keys) = keys else { return Err(syntax()) };
        for (key, values) in keys {
            let values = match values {
                Value::Array(list) => list.iter().map(scalar).collect::<Result<Vec<_>, _>>()?,
                single => vec![scalar(single)?],
            };
            let condition = Condition::new(operator, key, &values, version == Version::V2012);
            conditions.push(condition.ok_or_else(syntax)?);
        }
    }
    Ok(conditions)
}

/// A condition's value: numbers and truth values may stand without quotes.
fn scalar(value: &Value) -> Result<String, PolicyError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        _ => Err(syntax()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(statement: &str) -> Result<Policy, String> {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        Policy::parse_identity(&document).map_err(|error| error.0)
    }

    #[test]
    fn refusals_of_identity_policies_speak_as_iam_does() {
        for (statement, message) in [
            ("[]", SYNTAX.to_owned()),
            (r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#, SYNTAX.into()),
            (r#"{"Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*"}"#, SYNTAX.into()),
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Other":1}"#, SYNTAX.into()),
            (r#"{"Effect":"Allow","Action":1,"Resource":"*"}"#, SYNTAX.into()),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"x":{"a":"b"}}}"#,
                SYNTAX.into(),
            ),
            (r#"{"Effect":"Allow","Resource":"*"}"#, "Policy statement must contain actions.".into()),
            (
                r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#,
                "Policy statement must contain actions.".into(),
            ),
            (r#"{"Effect":"Allow","Action":"s3:*"}"#, "Policy statement must contain resources.".into()),
            (r#"{"Effect":"Allow","Action":"get","Resource":"*"}"#, VENDOR.into()),
            (
                r#"{"Effect":"Allow","Action":"a:b:c","Resource":"*"}"#,
                "Actions/Condition can contain only one colon.".into(),
            ),
            (r#"{"Effect":"Allow","Action":"s 3:b","Resource":"*"}"#, "Vendor s 3 is not valid".into()),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}"#,
                r#"Resource bucket must be in ARN format or "*"."#.into(),
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:x:s3:::b"}"#,
                r#"Partition "x" is not valid for resource "arn:x:s3:::b"."#.into(),
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}"#,
                "Policy document should not specify a principal.".into(),
            ),
            (
                r#"[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]"#,
                "Statement IDs (SID) in a single policy must be unique.".into(),
            ),
        ] {
            assert_eq!(identity(statement), Err(message), "{statement}");
        }
        let old = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        assert_eq!(
            Policy::parse_identity(old).unwrap_err().0,
            "Policy document must be version 2012-10-17 or greater."
        );
        assert_eq!(Policy::parse_identity("{").unwrap_err().0, SYNTAX);
    }

    #[test]
    fn trust_policies_name_principals_and_nothing_else() {
        let trust = |statement: &str| {
            let document = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
            Policy::parse_trust(&document).map(drop).map_err(|error| error.0)
        };
        let lambda = r#"{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}"#;
        assert_eq!(trust(lambda), Ok(()));
        for (statement, message) in [
            (r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#, "Missing required field Principal"),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#,
                "Has prohibited field Resource",
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}"#,
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"ann"},"Action":"sts:AssumeRole"}"#,
                r#"Invalid principal in policy: "AWS":"ann""#,
            ),
            (
                r#"{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}"#,
                r#"Invalid principal in policy: "SERVICE":"lambda""#,
            ),
        ] {
            assert_eq!(trust(statement), Err(message.to_owned()), "{statement}");
        }
        assert_eq!(Policy::parse_trust("{").unwrap_err().0, "This policy contains invalid Json");
    }
}
