//! `AssumeRole`: opens a session of a role.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use updraft_api::Refusal;
use updraft_api::sts::{self as api, errors, ops};
use updraft_kernel::{Access, Caller, Cx, Handle, Principal, Read, Result, Sessions};
use updraft_lang::iam::Policy;
use updraft_types::sts::SessionName;
use updraft_types::{Arn, Scope};

use crate::iam::{self, identity_context, policy_document, principal_of, trust_allows};
use crate::sts::{RoleSessions, Sts};

/// The length of a session unless the caller says ("AssumeRole", AWS STS API reference, read 2026-11).
const SESSION_SECS_DEFAULT: u32 = 3_600;
/// The longest session a session may open: role chaining (same source).
const CHAINED_SESSION_SECS_MAX: u32 = 3_600;
/// The most characters of a session's policies (same source).
const SESSION_POLICY_CHARS_MAX: usize = 2_048;
/// The most tags of a session (same source).
const SESSION_TAGS_MAX: usize = 50;
/// The most managed policies of a session (same source).
const SESSION_POLICY_ARNS_MAX: usize = 10;

impl Handle<ops::AssumeRole> for Sts {
    fn access(&self, _scope: &Scope, input: &api::AssumeRoleRequest) -> Result<Vec<Access>> {
        let role = role_arn(&input.role_arn)?;
        let mut access = Access::to("sts:AssumeRole", role.clone())
            .with("sts:RoleSessionName", [input.role_session_name.clone()]);
        if let Some(id) = &input.external_id {
            access = access.with("sts:ExternalId", [id.clone()]);
        }
        let mut accesses = vec![access];
        if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            accesses.push(Access::to("sts:TagSession", role));
        }
        Ok(accesses)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::AssumeRoleRequest) -> Result<api::AssumeRoleResponse> {
        let caller = cx.info().caller.clone();
        let arn = role_arn(&input.role_arn)?;
        let session = session_name(&input.role_session_name)?;
        check_tags(&input)?;
        let policy = session_policy(cx, &input)?;
        let Some(role) = iam::role(cx, &arn)? else { return Err(denied(&caller, cx.scope(), &arn).into()) };
        let mut context = identity_context(&caller, &cx.scope().region);
        context.set("sts:RoleSessionName", session.as_str());
        if let Some(id) = &input.external_id {
            context.set("sts:ExternalId", id.as_str());
        }
        // A caller's own policies never suffice: the role itself must trust the caller.
        if !trust_allows(&role, &caller, &context)? {
            return Err(denied(&caller, cx.scope(), &arn).into());
        }
        let seconds = duration(input.duration_seconds, role.session_secs_max, &caller)?;
        let expires = cx.now().plus(Duration::from_secs(u64::from(seconds)));
        let packed = policy.as_ref().map(|text| packed_percent(text));
        let opened = RoleSessions::session(&role, &session, policy)?;
        let credentials = self.sessions.issue(cx, &opened, expires)?;
        let arn = principal_of(&opened, &cx.scope().region);
        Ok(api::AssumeRoleResponse {
            credentials: Some(api::Credentials {
                access_key_id: credentials.access_key_id,
                secret_access_key: credentials.secret_access_key,
                session_token: credentials.session_token,
                expiration: credentials.expires,
            }),
            assumed_role_user: Some(api::AssumedRoleUser {
                assumed_role_id: format!("{}:{session}", role.id),
                arn,
            }),
            packed_policy_size: packed,
            source_identity: input.source_identity,
        })
    }
}

fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", 400, message)
}

fn role_arn(text: &str) -> Result<Arn> {
    let arn = text.parse::<Arn>().ok().filter(|arn| updraft_types::iam::role_of(arn).is_some());
    arn.ok_or_else(|| validation(format!("{text} is invalid")).into())
}

fn session_name(text: &str) -> Result<SessionName> {
    text.parse().map_err(|_| {
        validation(format!(
            "1 validation error detected: Value '{text}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        ))
        .into()
    })
}

fn denied(caller: &Caller, scope: &Scope, role: &Arn) -> Refusal {
    let who = principal_of(caller, &scope.region);
    let message = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}");
    Refusal::new("AccessDenied", 403, message)
}

fn duration(asked: Option<i32>, allowed: u32, caller: &Caller) -> Result<u32> {
    let Some(asked) = asked else { return Ok(SESSION_SECS_DEFAULT.min(allowed)) };
    let seconds = u32::try_from(asked).unwrap_or(0);
    let chained = matches!(caller.principal, Principal::Role { .. });
    if chained && seconds > CHAINED_SESSION_SECS_MAX {
        return Err(validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
        .into());
    }
    if seconds > allowed {
        return Err(validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
        .into());
    }
    Ok(seconds)
}

fn check_tags(input: &api::AssumeRoleRequest) -> Result<()> {
    let tags = input.tags.as_deref().unwrap_or_default();
    let mut seen = BTreeSet::new();
    if !tags.iter().all(|tag| seen.insert(tag.key.to_lowercase())) {
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        return Err(Refusal::new("InvalidParameterValue", 400, message).into());
    }
    if tags.len() > SESSION_TAGS_MAX {
        return Err(validation(format!("A session takes at most {SESSION_TAGS_MAX} tags")).into());
    }
    let transitive = input.transitive_tag_keys.as_deref().unwrap_or_default();
    if let Some(unknown) = transitive.iter().find(|key| !seen.contains(&key.to_lowercase())) {
        let message =
            format!("The specified transitive tag key {unknown} must be included in the requested tags.");
        return Err(Refusal::new("InvalidParameterValue", 400, message).into());
    }
    Ok(())
}

/// The session's own policies as one: what any of them allows, and none of them denies.
fn session_policy(read: &impl Read, input: &api::AssumeRoleRequest) -> Result<Option<String>> {
    let arns = input.policy_arns.as_deref().unwrap_or_default();
    if arns.len() > SESSION_POLICY_ARNS_MAX {
        let message = format!("A session takes at most {SESSION_POLICY_ARNS_MAX} managed policies");
        return Err(validation(message).into());
    }
    let malformed = |message: String| errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION.refuse(message);
    if let Some(text) = &input.policy {
        Policy::parse_identity(text).map_err(|error| malformed(error.0))?;
        if text.chars().count() > SESSION_POLICY_CHARS_MAX {
            let message = format!("Packed size of session policy exceeds quota: {}%", packed_percent(text));
            return Err(errors::PACKED_POLICY_TOO_LARGE_EXCEPTION.refuse(message).into());
        }
        if arns.is_empty() {
            return Ok(Some(text.clone()));
        }
    } else if arns.is_empty() {
        return Ok(None);
    }
    let mut documents: Vec<String> = input.policy.iter().cloned().collect();
    for descriptor in arns {
        let text = descriptor.arn.as_deref().unwrap_or_default();
        let arn: Option<Arn> = text.parse().ok();
        let document = arn.map(|arn| policy_document(read, &arn)).transpose()?.flatten();
        documents.push(document.ok_or_else(|| malformed(format!("Policy {text} does not exist")))?);
    }
    let mut statements = Vec::new();
    for document in &documents {
        let parsed: Value = serde_json::from_str(document).map_err(|error| malformed(error.to_string()))?;
        match parsed.get("Statement") {
            Some(Value::Array(list)) => statements.extend(list.iter().cloned()),
            Some(single) => statements.push(single.clone()),
            None => {}
        }
    }
    // Statements of different policies may share an id, which one document does not allow.
    for statement in &mut statements {
        if let Value::Object(members) = statement {
            members.remove("Sid");
        }
    }
    let merged = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    Ok(Some(merged.to_string()))
}

/// How much of the quota a session's policy takes, in per cent.
fn packed_percent(text: &str) -> i32 {
    i32::try_from(text.chars().count() * 100 / SESSION_POLICY_CHARS_MAX).unwrap_or(i32::MAX)
}
