//! The policies that AWS keeps for everyone, as far as serverless templates use them.
//!
//! `managed.json` has them as the AWS Managed Policy Reference Guide lists them (read 2026-11).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use updraft_types::iam::is_aws_managed;
use updraft_types::{Arn, Timestamp};

/// One of AWS's policies.
#[derive(Debug)]
pub(super) struct Managed {
    pub name: String,
    pub path: String,
    pub version: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    name: String,
    path: String,
    version: String,
    created: Timestamp,
    updated: Timestamp,
    document: serde_json::Value,
}

/// By what follows `policy` in their ARNs.
static POLICIES: LazyLock<BTreeMap<String, Managed>> = LazyLock::new(|| {
    let entries: Vec<Entry> =
        serde_json::from_str(include_str!("managed.json")).expect("the bundled policies are sound");
    let keyed = |entry: Entry| {
        let document = entry.document.to_string();
        let Entry { name, path, version, created, updated, .. } = entry;
        (format!("{path}{name}"), Managed { name, path, version, created, updated, document })
    };
    entries.into_iter().map(keyed).collect()
});

/// The policy an ARN names, if it is one of these.
pub(super) fn find(arn: &Arn) -> Option<&'static Managed> {
    if is_aws_managed(arn) { POLICIES.get(arn.resource().strip_prefix("policy")?) } else { None }
}

/// All of them, in the order of their paths and names.
pub(super) fn all() -> impl Iterator<Item = &'static Managed> {
    POLICIES.values()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_policy_is_a_valid_identity_policy() {
        for policy in all() {
            let parsed = updraft_lang::iam::Policy::parse(&policy.document);
            assert!(parsed.is_ok(), "{}: {parsed:?}", policy.name);
        }
        let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole".parse().unwrap();
        assert!(find(&arn).unwrap().document.contains("logs:PutLogEvents"));
        assert!(find(&"arn:aws:iam::123456789012:policy/AdministratorAccess".parse().unwrap()).is_none());
    }
}
