//! From what a caller names to what is stored.

use updraft_api::Refusal;
use updraft_kernel::{Access, Read, Result};
use updraft_types::logs::{LogGroupName, LogStreamName};
use updraft_types::{Arn, Resource as _, Scope};

use super::model::{GROUPS, Group, STREAMS, Stream};
use super::refusals;

/// A group's name, or the refusal of what is none.
pub(super) fn group_name(text: &str) -> std::result::Result<LogGroupName, Refusal> {
    let constraint = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
    text.parse().map_err(|_| refusals::unsatisfied(text, "logGroupName", constraint))
}

/// A stream's name, or the refusal of what is none.
pub(super) fn stream_name(text: &str) -> std::result::Result<LogStreamName, Refusal> {
    let constraint = "Member must satisfy regular expression pattern: [^:*]*";
    text.parse().map_err(|_| refusals::unsatisfied(text, "logStreamName", constraint))
}

/// The group that a call names by name or by identifier, which is a name or an ARN.
pub(super) fn named_group(
    name: Option<&str>,
    identifier: Option<&str>,
) -> std::result::Result<LogGroupName, Refusal> {
    match (name, identifier) {
        (Some(name), None) => group_name(name),
        (None, Some(identifier)) => identified_group(identifier),
        _ => Err(refusals::invalid("Exactly one of logGroupName or logGroupIdentifier must be specified.")),
    }
}

/// The group of an identifier, which is a name or an ARN.
pub(super) fn identified_group(identifier: &str) -> std::result::Result<LogGroupName, Refusal> {
    match identifier.parse::<Arn>() {
        Ok(arn) => LogGroupName::from_arn(&arn)
            .map_err(|_| refusals::invalid("The specified logGroupIdentifier is invalid.")),
        Err(_) => group_name(identifier),
    }
}

/// The group of a tagged resource's ARN.
pub(super) fn tagged_group(arn: &str) -> std::result::Result<LogGroupName, Refusal> {
    let name = arn.parse().ok().and_then(|arn: Arn| LogGroupName::from_arn(&arn).ok());
    name.ok_or_else(|| refusals::invalid("The specified resourceArn is invalid."))
}

/// The stored group.
pub(super) fn group(read: &(impl Read + ?Sized), scope: &Scope, name: &LogGroupName) -> Result<Group> {
    let group = GROUPS.get(read, &(scope.clone(), name.to_string()))?;
    Ok(group.ok_or_else(refusals::group_missing)?)
}

/// The stored stream.
pub(super) fn stream(read: &(impl Read + ?Sized), group: &Group, name: &LogStreamName) -> Result<Stream> {
    Ok(STREAMS.get(read, &(group.id, name.to_string()))?.ok_or_else(refusals::stream_missing)?)
}

/// An action on a group.
pub(super) fn group_access(action: &'static str, scope: &Scope, group: &LogGroupName) -> Vec<Access> {
    vec![Access::to(action, group.access_arn(scope))]
}

/// An action on a stream.
pub(super) fn stream_access(
    action: &'static str,
    scope: &Scope,
    group: &LogGroupName,
    stream: &LogStreamName,
) -> Vec<Access> {
    vec![Access::to(action, group.stream(stream).arn(scope))]
}
