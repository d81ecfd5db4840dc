//! What is kept of roles and policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Fault, Read, Result, Table, Tx, json_record};
use updraft_types::iam::{EntityName, EntityPath, is_aws_managed, policy_of, role_of};
use updraft_types::{AccountId, Arn, Timestamp};

use super::{managed, refusals};

/// Roles by account and folded name: IAM is not regional.
pub(super) const ROLES: Table<(AccountId, String), RoleRecord> = Table::new("iam.role");
/// Policies of accounts by account and folded name.
pub(super) const POLICIES: Table<(AccountId, String), PolicyRecord> = Table::new("iam.policy");

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RoleRecord {
    pub name: EntityName,
    pub path: EntityPath,
    pub id: String,
    pub arn: Arn,
    pub created: Timestamp,
    pub trust: String,
    pub description: Option<String>,
    pub session_secs_max: u32,
    pub boundary: Option<Arn>,
    pub tags: BTreeMap<String, String>,
    pub inline: BTreeMap<String, String>,
    pub attached: Vec<Arn>,
}

json_record!(RoleRecord, 1);

/// A policy of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PolicyRecord {
    pub name: EntityName,
    pub path: EntityPath,
    pub id: String,
    pub arn: Arn,
    pub description: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub tags: BTreeMap<String, String>,
    pub versions: Vec<VersionRecord>,
    pub default_version: u32,
    pub last_version: u32,
    pub attachments: u32,
    pub boundary_uses: u32,
}

json_record!(PolicyRecord, 1);

/// A version of a policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VersionRecord {
    pub number: u32,
    pub document: String,
    pub created: Timestamp,
}

impl PolicyRecord {
    pub(super) fn version(&self, number: u32) -> Option<&VersionRecord> {
        self.versions.iter().find(|version| version.number == number)
    }
}

/// Reads a version id, such as `v3`.
pub(super) fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok().filter(|number| *number > 0)
}

/// The role an ARN names, if it is there.
pub(crate) fn role(read: &(impl Read + ?Sized), arn: &Arn) -> std::result::Result<Option<RoleRecord>, Fault> {
    let Some((account, name)) = role_of(arn) else { return Ok(None) };
    let found = ROLES.get(read, &(account, name.folded()))?;
    Ok(found.filter(|role| role.arn == *arn))
}

/// The role of that name, or AWS's refusal.
pub(super) fn role_named(read: &(impl Read + ?Sized), account: AccountId, name: &str) -> Result<RoleRecord> {
    let found = ROLES.get(read, &(account, name.to_ascii_lowercase()))?;
    found.ok_or_else(|| refusals::no_such_role(name).into())
}

/// Changes the role of that name.
pub(super) fn change_role(
    tx: &mut (impl Tx + ?Sized),
    account: AccountId,
    name: &str,
    change: impl FnOnce(&mut RoleRecord) -> Result<()>,
) -> Result<()> {
    let mut role = role_named(tx, account, name)?;
    change(&mut role)?;
    Ok(ROLES.put(tx, &(account, role.name.folded()), &role)?)
}

/// The policy of an account that an ARN names, if it is there.
pub(super) fn policy(
    read: &(impl Read + ?Sized),
    arn: &Arn,
) -> std::result::Result<Option<PolicyRecord>, Fault> {
    let Some((account, name)) = policy_of(arn) else { return Ok(None) };
    let found = POLICIES.get(read, &(account, name.folded()))?;
    Ok(found.filter(|policy| policy.arn == *arn))
}

/// Changes the policy of the caller's account that an ARN names.
pub(super) fn change_policy(
    tx: &mut (impl Tx + ?Sized),
    account: AccountId,
    arn: &str,
    change: impl FnOnce(&mut PolicyRecord) -> Result<()>,
) -> Result<()> {
    let mut record = own_policy(tx, account, arn)?;
    change(&mut record)?;
    Ok(POLICIES.put(tx, &(account, record.name.folded()), &record)?)
}

/// The policy of the caller's account that an ARN names, or AWS's refusal.
pub(super) fn own_policy(read: &(impl Read + ?Sized), account: AccountId, arn: &str) -> Result<PolicyRecord> {
    let parsed = parse_policy_arn(arn)?;
    if is_aws_managed(&parsed) {
        return Err(refusals::aws_managed(arn).into());
    }
    let found = policy(read, &parsed)?.filter(|_| parsed.account() == Some(account));
    found.ok_or_else(|| refusals::no_such_policy(arn).into())
}

/// Reads a policy's ARN.
pub(super) fn parse_policy_arn(arn: &str) -> Result<Arn> {
    let parsed: Option<Arn> = arn.parse().ok();
    let named = parsed.filter(|arn| is_aws_managed(arn) || policy_of(arn).is_some());
    named.ok_or_else(|| refusals::invalid_input(format!("ARN {arn} is not valid.")).into())
}

/// The document of a managed policy's default version, AWS's own or an account's.
pub(crate) fn policy_document(
    read: &(impl Read + ?Sized),
    arn: &Arn,
) -> std::result::Result<Option<String>, Fault> {
    if let Some(found) = managed::find(arn) {
        return Ok(Some(found.document.clone()));
    }
    let found = policy(read, arn)?;
    Ok(found.and_then(|policy| Some(policy.version(policy.default_version)?.document.clone())))
}

/// Notes one use more or less of an account's policy; AWS's own are not counted.
pub(super) fn count_use(
    tx: &mut (impl Tx + ?Sized),
    arn: &Arn,
    count: impl FnOnce(&mut PolicyRecord),
) -> Result<()> {
    if let Some((mut record, account)) = policy(tx, arn)?.zip(arn.account()) {
        count(&mut record);
        POLICIES.put(tx, &(account, record.name.folded()), &record)?;
    }
    Ok(())
}

/// Whether a policy can be attached: it is one of AWS's that this engine knows, or the account's own.
pub(super) fn check_attachable(read: &(impl Read + ?Sized), account: AccountId, arn: &str) -> Result<Arn> {
    let parsed = parse_policy_arn(arn)?;
    let own = || Ok::<_, Fault>(policy(read, &parsed)?.is_some() && parsed.account() == Some(account));
    if managed::find(&parsed).is_some() || own()? {
        return Ok(parsed);
    }
    Err(refusals::not_attachable(arn).into())
}
