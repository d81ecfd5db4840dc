//! The operations of IAM, one to a file, and what they share.

mod attach_role_policy;
mod create_policy;
mod create_policy_version;
mod create_role;
mod delete_policy;
mod delete_policy_version;
mod delete_role;
mod delete_role_policy;
mod detach_role_policy;
mod get_policy;
mod get_policy_version;
mod get_role;
mod get_role_policy;
mod list_attached_role_policies;
mod list_policies;
mod list_policy_versions;
mod list_role_policies;
mod list_role_tags;
mod list_roles;
mod put_role_policy;
mod set_default_policy_version;
mod tag_role;
mod untag_role;
mod update_assume_role_policy;
mod update_role;

use updraft_kernel::{Access, Cx, Result};
use updraft_lang::iam::Policy;
use updraft_types::iam::{EntityPath, RoleAt};
use updraft_types::{Resource, Scope};

use super::refusals::{POLICY_CHARS_MAX, TRUST_POLICY_CHARS_MAX, counted, malformed, quota, validation};
use super::{model, wire};

/// The letters of unique ids ("Unique identifiers", IAM User Guide, read 2026-11: base 32).
const ID_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// How many of them follow an id's prefix.
const ID_LETTERS_COUNT: usize = 17;
/// The longest session of a role, unless it says ("CreateRole", IAM API reference, read 2026-11).
const SESSION_SECS_DEFAULT: u32 = 3_600;

/// An action on a role. Its path is not known here, so policies see it without.
fn on_role(scope: &Scope, action: &'static str, name: &str) -> Result<Vec<Access>> {
    let name = wire::name("roleName", name)?;
    let role = RoleAt { path: &EntityPath::default(), name: &name }.arn(scope);
    Ok(vec![Access::to(action, role)])
}

/// An action on a managed policy.
fn on_policy(action: &'static str, arn: &str) -> Result<Vec<Access>> {
    Ok(vec![Access::to(action, model::parse_policy_arn(arn)?)])
}

/// Reads a path.
fn path(text: Option<&str>) -> Result<EntityPath> {
    let Some(text) = text else { return Ok(EntityPath::default()) };
    text.parse().map_err(|_| {
        validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        )
        .into()
    })
}

/// A unique id.
fn unique_id(cx: &Cx<'_>, prefix: &str) -> String {
    format!("{prefix}{}", cx.ids().text(ID_LETTERS, ID_LETTERS_COUNT))
}

/// Reads a role's longest session.
fn session_secs_max(given: Option<i32>) -> Result<u32> {
    let Some(given) = given else { return Ok(SESSION_SECS_DEFAULT) };
    u32::try_from(given).map_err(|_| validation("maxSessionDuration must be positive").into())
}

/// Checks a role's trust policy.
fn check_trust(document: &str) -> Result<()> {
    Policy::parse_trust(document).map_err(|error| malformed(&error))?;
    if counted(document) > TRUST_POLICY_CHARS_MAX {
        return Err(quota("ACLSizePerRole", TRUST_POLICY_CHARS_MAX).into());
    }
    Ok(())
}

/// Checks an inline policy.
fn check_identity_policy(document: &str) -> Result<()> {
    Ok(Policy::parse_inline(document).map(drop).map_err(|error| malformed(&error))?)
}

/// Checks a managed policy.
fn check_managed_policy(document: &str) -> Result<()> {
    Policy::parse_identity(document).map_err(|error| malformed(&error))?;
    if counted(document) > POLICY_CHARS_MAX {
        return Err(quota("PolicySize", POLICY_CHARS_MAX).into());
    }
    Ok(())
}

/// Reads a version's id.
fn version_number(id: &str) -> Result<u32> {
    model::version_number(id).ok_or_else(|| {
        validation(format!(
            "Value '{id}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"
        ))
        .into()
    })
}
