//! Records as the wire shows them, and lists in pages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use updraft_api::iam as api;
use updraft_kernel::Result;
use updraft_types::Region;
use updraft_types::iam::{EntityName, aws_managed_policy_arn};

use super::managed::Managed;
use super::model::{PolicyRecord, RoleRecord, VersionRecord};
use super::refusals::{self, TAGS_MAX};

/// How many entries a page has unless the caller says ("ListRoles", IAM API reference, read 2026-11).
const PAGE_ENTRIES: i32 = 100;

/// Policy documents leave percent-encoded ("GetRolePolicy", IAM API reference, read 2026-11).
pub(super) fn percent_encoded(document: &str) -> String {
    let mut out = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    out
}

/// A role as `GetRole` shows it.
pub(super) fn role(record: RoleRecord) -> api::Role {
    let boundary = record.boundary.map(|arn| api::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(api::PermissionsBoundaryAttachmentType::from("Policy")),
        permissions_boundary_arn: Some(arn.to_string()),
    });
    api::Role {
        path: record.path.to_string(),
        role_name: record.name.to_string(),
        role_id: record.id,
        arn: record.arn.to_string(),
        create_date: record.created,
        assume_role_policy_document: Some(percent_encoded(&record.trust)),
        description: record.description,
        max_session_duration: i32::try_from(record.session_secs_max).ok(),
        permissions_boundary: boundary,
        tags: tags(&record.tags),
        role_last_used: None,
    }
}

/// A policy of an account.
pub(super) fn policy(record: &PolicyRecord) -> api::Policy {
    api::Policy {
        policy_name: Some(record.name.to_string()),
        policy_id: Some(record.id.clone()),
        arn: Some(record.arn.to_string()),
        path: Some(record.path.to_string()),
        default_version_id: Some(version_id(record.default_version)),
        attachment_count: i32::try_from(record.attachments).ok(),
        permissions_boundary_usage_count: i32::try_from(record.boundary_uses).ok(),
        is_attachable: Some(true),
        description: record.description.clone(),
        create_date: Some(record.created),
        update_date: Some(record.updated),
        tags: tags(&record.tags),
    }
}

/// One of AWS's policies. Its uses are not counted, and AWS's ids are not published.
pub(super) fn aws_policy(managed: &Managed, region: &Region) -> api::Policy {
    api::Policy {
        policy_name: Some(managed.name.clone()),
        arn: Some(aws_managed_policy_arn(region, &managed.path, &managed.name).to_string()),
        path: Some(managed.path.clone()),
        default_version_id: Some(managed.version.clone()),
        is_attachable: Some(true),
        create_date: Some(managed.created),
        update_date: Some(managed.updated),
        ..Default::default()
    }
}

/// A version's id.
pub(super) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// A version of a policy; lists leave its document out.
pub(super) fn version(record: &VersionRecord, policy: &PolicyRecord, document: bool) -> api::PolicyVersion {
    api::PolicyVersion {
        document: document.then(|| percent_encoded(&record.document)),
        version_id: Some(version_id(record.number)),
        is_default_version: Some(record.number == policy.default_version),
        create_date: Some(record.created),
    }
}

/// Tags as a list; none is no member at all.
pub(super) fn tags(tags: &BTreeMap<String, String>) -> Option<Vec<api::Tag>> {
    let list: Vec<_> =
        tags.iter().map(|(key, value)| api::Tag { key: key.clone(), value: value.clone() }).collect();
    (!list.is_empty()).then_some(list)
}

/// Puts tags among those already there. Their keys differ by more than case.
pub(super) fn add_tags(tags: &mut BTreeMap<String, String>, added: Vec<api::Tag>) -> Result<()> {
    let folded = |key: &str| key.to_lowercase();
    for (at, tag) in added.iter().enumerate() {
        if added[..at].iter().any(|other| folded(&other.key) == folded(&tag.key)) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(refusals::invalid_input(message.to_owned()).into());
        }
    }
    for tag in added {
        tags.retain(|key, _| folded(key) != folded(&tag.key));
        tags.insert(tag.key, tag.value);
    }
    if tags.len() > TAGS_MAX {
        let error = updraft_api::iam::errors::LIMIT_EXCEEDED_EXCEPTION;
        let message = "The number of tags has reached the maximum limit.";
        return Err(error.refuse(message).into());
    }
    Ok(())
}

/// Reads a name.
pub(super) fn name(member: &str, text: &str) -> Result<EntityName> {
    text.parse().map_err(|_| {
        refusals::validation(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        ))
        .into()
    })
}

/// A page of a list, with the marker of the next one.
pub(super) struct Paged<T> {
    pub entries: Vec<T>,
    pub is_truncated: Option<bool>,
    pub marker: Option<String>,
}

/// Cuts a page out of a list in the order of its keys: the marker is the last key shown.
pub(super) fn paged<T>(
    entries: impl IntoIterator<Item = (String, T)>,
    marker: Option<&str>,
    max_items: Option<i32>,
) -> Paged<T> {
    let limit = usize::try_from(max_items.unwrap_or(PAGE_ENTRIES)).unwrap_or(1).max(1);
    let mut rest = entries.into_iter().skip_while(|(key, _)| marker.is_some_and(|m| key.as_str() <= m));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let last = page.last().map(|(key, _)| key.clone());
    Paged {
        entries: page.into_iter().map(|(_, entry)| entry).collect(),
        is_truncated: Some(more),
        marker: last.filter(|_| more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_pages() {
        let entries = || ["a", "b", "c"].map(|key| (key.to_owned(), key));
        let first = paged(entries(), None, Some(2));
        assert_eq!((first.entries, first.is_truncated), (vec!["a", "b"], Some(true)));
        let second = paged(entries(), first.marker.as_deref(), Some(2));
        assert_eq!((second.entries, second.is_truncated, second.marker), (vec!["c"], Some(false), None));
    }

    #[test]
    fn documents_are_percent_encoded() {
        assert_eq!(percent_encoded("{\"a\": *}"), "%7B%22a%22%3A%20%2A%7D");
    }
}
