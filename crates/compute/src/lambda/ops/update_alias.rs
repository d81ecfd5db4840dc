//! `UpdateAlias`: an alias pointed elsewhere, by compare-and-swap where a revision is named.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;

use super::create_alias::{check_versions, emit_shift, version_named};
use crate::lambda::store::{ALIASES, Target};
use crate::lambda::{Lambda, access, refusals, routing, show};

impl Handle<api::ops::UpdateAlias> for Lambda {
    fn access(&self, scope: &Scope, input: &api::UpdateAliasRequest) -> Result<Vec<Access>> {
        access("lambda:UpdateAlias", scope, &input.function_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::UpdateAliasRequest) -> Result<api::AliasConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        target.function(cx)?;
        let before = target.alias(cx, &input.name)?;
        if input.revision_id.is_some_and(|seen| seen != before.revision_id) {
            return Err(refusals::revision_mismatch("GetFunction/GetAlias").into());
        }
        let mut alias = before.clone();
        if let Some(version) = &input.function_version {
            alias.version = version_named(version)?;
        }
        // Weights that are not named stay, and must still fit the version.
        let stay = before.weights.iter().map(|(version, weight)| (version.to_string(), *weight)).collect();
        let given = match &input.routing_config {
            Some(routing) => routing.additional_version_weights.as_ref(),
            None => Some(&stay),
        };
        alias.weights = routing::weights(&alias.version, given)?;
        if let Some(description) = input.description {
            alias.description = description;
        }
        check_versions(cx, &target, &alias)?;
        alias.revision_id = cx.ids().uuid();
        ALIASES.put(cx, &target.qualified_key(&*input.name), &alias)?;
        if (&alias.version, &alias.weights) != (&before.version, &before.weights) {
            emit_shift(cx, &target, &input.name, &alias);
        }
        Ok(show::alias(&target, &input.name, &alias))
    }
}
