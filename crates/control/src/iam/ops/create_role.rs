//! `CreateRole`: makes a role.

use crate::iam::Iam;
use crate::iam::model::{self, ROLES, RoleRecord};
use crate::iam::refusals::{self, ROLES_MAX};
use crate::iam::wire;
use std::collections::BTreeMap;
use updraft_api::iam::{self as api, ops};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Resource;
use updraft_types::Scope;
use updraft_types::iam::RoleAt;

impl Handle<ops::CreateRole> for Iam {
    fn access(&self, scope: &Scope, input: &api::CreateRoleRequest) -> Result<Vec<Access>> {
        let path = super::path(input.path.as_deref())?;
        let name = wire::name("roleName", &input.role_name)?;
        Ok(vec![Access::to("iam:CreateRole", RoleAt { path: &path, name: &name }.arn(scope))])
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateRoleRequest) -> Result<api::CreateRoleResponse> {
        let account = cx.scope().account;
        let path = super::path(input.path.as_deref())?;
        let name = wire::name("roleName", &input.role_name)?;
        super::check_trust(&input.assume_role_policy_document)?;
        let key = (account, name.folded());
        if ROLES.contains(cx, &key)? {
            let message = format!("Role with name {name} already exists.");
            return Err(api::errors::ENTITY_ALREADY_EXISTS_EXCEPTION.refuse(message).into());
        }
        if ROLES.all(cx, &account)?.len() >= ROLES_MAX {
            return Err(refusals::quota("RolesPerAccount", ROLES_MAX).into());
        }
        let boundary = input.permissions_boundary.as_deref();
        let boundary = boundary.map(|arn| model::check_attachable(cx, account, arn)).transpose()?;
        if let Some(arn) = &boundary {
            model::count_use(cx, arn, |policy| policy.boundary_uses += 1)?;
        }
        let mut tags = BTreeMap::new();
        wire::add_tags(&mut tags, input.tags.unwrap_or_default())?;
        let record = RoleRecord {
            arn: RoleAt { path: &path, name: &name }.arn(cx.scope()),
            id: super::unique_id(cx, "AROA"),
            created: cx.now(),
            trust: input.assume_role_policy_document,
            description: input.description,
            session_secs_max: super::session_secs_max(input.max_session_duration)?,
            name,
            path,
            boundary,
            tags,
            inline: BTreeMap::new(),
            attached: Vec::new(),
        };
        ROLES.put(cx, &key, &record)?;
        Ok(api::CreateRoleResponse { role: wire::role(record) })
    }
}
