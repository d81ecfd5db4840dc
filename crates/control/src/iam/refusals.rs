//! IAM's refusals, in its words, and the limits behind them.
//!
//! The texts are IAM's; getmoto/moto (`moto/iam/models.py`) and the tests of hashicorp/aws quote them.

use updraft_api::Refusal;
use updraft_api::iam::errors;

/// Characters of a role's inline policies together, white space left out ("IAM and AWS STS quotas",
/// IAM User Guide, read 2026-11, as are the limits that follow).
pub(super) const INLINE_POLICIES_CHARS_MAX: usize = 10_240;
/// Characters of a managed policy.
pub(super) const POLICY_CHARS_MAX: usize = 6_144;
/// Characters of a role's trust policy.
pub(super) const TRUST_POLICY_CHARS_MAX: usize = 2_048;
/// Managed policies on a role.
pub(super) const ATTACHED_POLICIES_MAX: usize = 10;
/// Versions of a managed policy.
pub(super) const POLICY_VERSIONS_MAX: usize = 5;
/// Roles of an account.
pub(super) const ROLES_MAX: usize = 1_000;
/// Managed policies of an account.
pub(super) const POLICIES_MAX: usize = 1_500;
/// Tags of a role or a policy.
pub(super) const TAGS_MAX: usize = 50;

/// A document's length as quotas count it.
pub(super) fn counted(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn no_such_role(name: &str) -> Refusal {
    errors::NO_SUCH_ENTITY_EXCEPTION.refuse(format!("The role with name {name} cannot be found."))
}

pub(super) fn no_such_role_policy(name: &str) -> Refusal {
    errors::NO_SUCH_ENTITY_EXCEPTION.refuse(format!("The role policy with name {name} cannot be found."))
}

pub(super) fn no_such_policy(arn: &str) -> Refusal {
    errors::NO_SUCH_ENTITY_EXCEPTION.refuse(format!("Policy {arn} was not found."))
}

pub(super) fn no_such_version(arn: &str, version: &str) -> Refusal {
    errors::NO_SUCH_ENTITY_EXCEPTION
        .refuse(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

pub(super) fn not_attachable(arn: &str) -> Refusal {
    errors::NO_SUCH_ENTITY_EXCEPTION.refuse(format!("Policy {arn} does not exist or is not attachable."))
}

/// AWS's own policies can be read and attached by everyone and changed by nobody.
pub(super) fn aws_managed(arn: &str) -> Refusal {
    Refusal::new("AccessDenied", 403, format!("The policy {arn} is managed by AWS and cannot be changed."))
}

pub(super) fn invalid_input(message: String) -> Refusal {
    errors::INVALID_INPUT_EXCEPTION.refuse(message)
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", 400, message)
}

pub(super) fn malformed(error: &updraft_lang::iam::PolicyError) -> Refusal {
    errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION.refuse(error.to_string())
}

pub(super) fn quota(name: &str, limit: usize) -> Refusal {
    errors::LIMIT_EXCEEDED_EXCEPTION.refuse(format!("Cannot exceed quota for {name}: {limit}"))
}
