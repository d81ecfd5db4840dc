//! The names of CloudFormation: stacks and change sets.

use crate::arn::Regional;
use crate::{Arn, Resource, Scope};

/// A stack by its name and the UUID that tells it from others of that name.
#[derive(Debug, Clone, Copy)]
pub struct StackAt<'a> {
    /// The stack's name.
    pub name: &'a str,
    /// The UUID, or `*` for any.
    pub uuid: &'a str,
}

impl Resource for StackAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("cloudformation", &format!("stack/{}/{}", self.name, self.uuid)).arn(scope)
    }
}

/// A change set by its name and UUID.
#[derive(Debug, Clone, Copy)]
pub struct ChangeSetAt<'a> {
    /// The change set's name.
    pub name: &'a str,
    /// The UUID.
    pub uuid: &'a str,
}

impl Resource for ChangeSetAt<'_> {
    fn arn(&self, scope: &Scope) -> Arn {
        Regional("cloudformation", &format!("changeSet/{}/{}", self.name, self.uuid)).arn(scope)
    }
}

/// Whether a text can name a stack or a change set: a letter, then letters, digits and hyphens,
/// 128 at most ("CreateStack", CloudFormation API reference).
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The name in a stack's ARN.
#[must_use]
pub fn stack_name(arn: &Arn) -> Option<&str> {
    arn.resource().strip_prefix("stack/")?.split('/').next()
}
