//! `AddPermission`: somebody may use the function, as its resource policy says from now on.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Read, Result};
use updraft_types::Scope;
use updraft_types::lambda::Qualifier;

use crate::lambda::model::Policy;
use crate::lambda::refusals::{self, constraint};
use crate::lambda::store::{POLICIES, Target};
use crate::lambda::{Lambda, policy};

impl Handle<api::ops::AddPermission> for Lambda {
    fn access(&self, scope: &Scope, input: &api::AddPermissionRequest) -> Result<Vec<Access>> {
        let target = Target::read(scope, &input.function_name, input.qualifier.as_deref())?;
        let access = Access::to("lambda:AddPermission", target.function_arn());
        Ok(vec![access.with("lambda:Principal", [input.principal.clone()])])
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::AddPermissionRequest,
    ) -> Result<api::AddPermissionResponse> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        check(&input)?;
        let key = policy_key(cx, &target)?;
        let mut policy = POLICIES
            .get(cx, &key)?
            .unwrap_or_else(|| Policy { statements: Vec::new(), revision_id: String::new() });
        expect_revision(&policy, input.revision_id.as_deref())?;
        if policy.statements.iter().any(|statement| policy::has_id(statement, &input.statement_id)) {
            return Err(refusals::conflict(format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove \
                 the existing statement.",
                input.statement_id
            ))
            .into());
        }
        let statement = policy::statement(&target.scope, &target.arn(), &input)?;
        let shown = statement.to_string();
        policy.statements.push(statement);
        policy.revision_id = cx.ids().uuid();
        let length = policy::document(&policy).len();
        if length > policy::POLICY_BYTES_MAX {
            let message = format!(
                "The final policy size ({length}) is bigger than the limit ({}).",
                policy::POLICY_BYTES_MAX
            );
            return Err(api::errors::POLICY_LENGTH_EXCEEDED_EXCEPTION
                .refuse(message)
                .with("Type", "User")
                .into());
        }
        POLICIES.put(cx, &key, &policy)?;
        Ok(api::AddPermissionResponse { statement: Some(shown) })
    }
}

/// What the wire checks for callers outside holds for those inside too.
fn check(input: &api::AddPermissionRequest) -> Result<()> {
    let letters = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphabetic());
    let action =
        input.action == "*" || input.action.strip_prefix("lambda:").is_some_and(|a| a == "*" || letters(a));
    if !action {
        let rule = "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])";
        return Err(constraint("action", &input.action, rule).into());
    }
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if input.statement_id.is_empty() || !input.statement_id.bytes().all(plain) {
        let rule = "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
        return Err(constraint("statementId", &input.statement_id, rule).into());
    }
    Ok(())
}

/// Where the policy of a function, a version or an alias is kept; what it is for must be there.
pub(super) fn policy_key(read: &impl Read, target: &Target) -> Result<(Scope, String, String)> {
    match &target.qualifier {
        None => {
            target.function(read)?;
        }
        Some(Qualifier::Latest) => {
            return Err(refusals::invalid_parameter(
                "We currently do not support adding policies for $LATEST.",
            )
            .into());
        }
        Some(_) => {
            target.shown_version(read)?;
        }
    }
    let qualifier = target.qualifier.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(target.qualified_key(qualifier))
}

/// Refuses who has not seen the policy's latest change.
pub(super) fn expect_revision(policy: &Policy, revision_id: Option<&str>) -> Result<()> {
    match revision_id {
        Some(seen) if seen != policy.revision_id => Err(refusals::revision_mismatch("GetPolicy").into()),
        _ => Ok(()),
    }
}
