//! `CreatePolicy`: makes a managed policy.

use crate::iam::Iam;
use crate::iam::model::{POLICIES, PolicyRecord, VersionRecord};
use crate::iam::refusals::{self, POLICIES_MAX};
use crate::iam::wire;
use std::collections::BTreeMap;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Resource;
use updraft_types::Scope;
use updraft_types::iam::PolicyAt;

impl Handle<ops::CreatePolicy> for Iam {
    fn access(&self, scope: &Scope, input: &api::CreatePolicyRequest) -> Result<Vec<Access>> {
        let path = super::path(input.path.as_deref())?;
        let name = wire::name("policyName", &input.policy_name)?;
        Ok(vec![Access::to("iam:CreatePolicy", PolicyAt { path: &path, name: &name }.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreatePolicyRequest) -> Result<api::CreatePolicyResponse> {
        let account = cx.scope().account;
        let path = super::path(input.path.as_deref())?;
        let name = wire::name("policyName", &input.policy_name)?;
        super::check_managed_policy(&input.policy_document)?;
        let key = (account, name.folded());
        if POLICIES.contains(cx, &key)? {
            let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
            return Err(api::errors::ENTITY_ALREADY_EXISTS_EXCEPTION.refuse(message).into());
        }
        if POLICIES.all(cx, &account)?.len() >= POLICIES_MAX {
            return Err(refusals::quota("PoliciesPerAccount", POLICIES_MAX).into());
        }
        let mut tags = BTreeMap::new();
        wire::add_tags(&mut tags, input.tags.unwrap_or_default())?;
        let now = cx.now();
        let record = PolicyRecord {
            arn: PolicyAt { path: &path, name: &name }.arn(cx.scope()),
            id: super::unique_id(cx, "ANPA"),
            name,
            path,
            description: input.description,
            created: now,
            updated: now,
            tags,
            versions: vec![VersionRecord { number: 1, document: input.policy_document, created: now }],
            default_version: 1,
            last_version: 1,
            attachments: 0,
            boundary_uses: 0,
        };
        POLICIES.put(cx, &key, &record)?;
        Ok(api::CreatePolicyResponse { policy: Some(wire::policy(&record)) })
    }
}
