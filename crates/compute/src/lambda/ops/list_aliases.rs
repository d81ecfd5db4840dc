//! `ListAliases`: a function's aliases, by name; those of one version where it is named.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;
use updraft_types::lambda::Qualifier;

use super::create_alias::version_named;
use super::page_size;
use crate::lambda::model::Alias;
use crate::lambda::store::{ALIASES, Target};
use crate::lambda::{Lambda, access, show};

impl Query<api::ops::ListAliases> for Lambda {
    fn access(&self, scope: &Scope, input: &api::ListAliasesRequest) -> Result<Vec<Access>> {
        access("lambda:ListAliases", scope, &input.function_name)
    }

    fn query(&self, view: &View<'_>, input: api::ListAliasesRequest) -> Result<api::ListAliasesResponse> {
        let target = Target::unqualified(view.scope(), &input.function_name)?;
        target.function(view)?;
        let version = input.function_version.as_deref().map(version_named).transpose()?;
        let after = input.marker.unwrap_or_default();
        let mut named: Vec<_> = ALIASES
            .all(view, &target.key())?
            .into_iter()
            .map(|((.., name), alias)| (name, alias))
            .filter(|(name, alias)| *name > after && version.as_ref().is_none_or(|v| names(alias, v)))
            .collect();
        let limit = page_size(input.max_items);
        let more = named.len() > limit;
        named.truncate(limit);
        Ok(api::ListAliasesResponse {
            next_marker: more.then(|| named.last().map(|(name, _)| name.clone())).flatten(),
            aliases: Some(named.iter().map(|(name, alias)| show::alias(&target, name, alias)).collect()),
        })
    }
}

fn names(alias: &Alias, version: &Qualifier) -> bool {
    alias.version == *version
        || matches!(version, Qualifier::Version(number) if alias.weights.contains_key(number))
}
