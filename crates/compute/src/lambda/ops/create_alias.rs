//! `CreateAlias`: a name for a version, or for two that share the calls.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, FactKind, Handle, Result};
use updraft_types::Scope;
use updraft_types::lambda::Qualifier;

use crate::lambda::model::Alias;
use crate::lambda::refusals::{self, constraint, invalid_parameter};
use crate::lambda::store::{ALIASES, Target};
use crate::lambda::{Lambda, access, routing, show};

impl Handle<api::ops::CreateAlias> for Lambda {
    fn access(&self, scope: &Scope, input: &api::CreateAliasRequest) -> Result<Vec<Access>> {
        access("lambda:CreateAlias", scope, &input.function_name)
    }

    fn handle(&self, cx: &mut Cx<'_>, input: api::CreateAliasRequest) -> Result<api::AliasConfiguration> {
        let target = Target::unqualified(cx.scope(), &input.function_name)?;
        let name = alias_name(&input.name)?;
        target.function(cx)?;
        let version = version_named(&input.function_version)?;
        let given = input.routing_config.as_ref().and_then(|r| r.additional_version_weights.as_ref());
        let alias = Alias {
            weights: routing::weights(&version, given)?,
            version,
            description: input.description.unwrap_or_default(),
            revision_id: cx.ids().uuid(),
        };
        check_versions(cx, &target, &alias)?;
        let key = target.qualified_key(name);
        if ALIASES.contains(cx, &key)? {
            let arn = target.name.qualified_arn(&target.scope, &Qualifier::Alias(name.into()));
            return Err(refusals::conflict(format!("Alias already exists: {arn}")).into());
        }
        ALIASES.put(cx, &key, &alias)?;
        emit_shift(cx, &target, name, &alias);
        Ok(show::alias(&target, name, &alias))
    }
}

/// An alias's name: not a number, and no version's mark.
pub(super) fn alias_name(text: &str) -> Result<&str> {
    match text.parse() {
        Ok(Qualifier::Alias(_)) => Ok(text),
        _ => Err(constraint(
            "name",
            text,
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        )
        .into()),
    }
}

/// The version that an alias is for: `$LATEST` or a number.
pub(super) fn version_named(text: &str) -> Result<Qualifier> {
    match text.parse() {
        Ok(version @ (Qualifier::Latest | Qualifier::Version(_))) => Ok(version),
        _ => Err(constraint(
            "functionVersion",
            text,
            "Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)",
        )
        .into()),
    }
}

/// Every version an alias names must be there; those that share calls must have one role
/// ("Implement Lambda canary deployments using a weighted alias", Lambda developer guide, read
/// 2026-11).
pub(super) fn check_versions(cx: &Cx<'_>, target: &Target, alias: &Alias) -> Result<()> {
    let main = target.version(cx, &alias.version)?;
    for number in alias.weights.keys() {
        let other = target.version(cx, &Qualifier::Version(*number))?;
        if other.role != main.role {
            return Err(invalid_parameter(
                "Specified versions must be associated with the same execution role",
            )
            .into());
        }
    }
    Ok(())
}

/// Says in the event log where the alias's calls go from now on.
pub(super) fn emit_shift(cx: &mut Cx<'_>, target: &Target, name: &str, alias: &Alias) {
    cx.emit(FactKind::TrafficShift {
        function: target.name.to_string(),
        alias: name.to_owned(),
        version: alias.version.to_string(),
        weights: alias.weights.iter().map(|(version, weight)| (version.to_string(), *weight)).collect(),
    });
}
