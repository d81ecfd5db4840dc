//! `DeleteFunction`: a function with all that belongs to it, or one published version.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::Scope;
use updraft_types::lambda::Qualifier;

use crate::lambda::retire::retire;
use crate::lambda::store::{ALIASES, EVENT_CONFIGS, FUNCTIONS, POLICIES, Target, VERSIONS, change_reserved};
use crate::lambda::{Lambda, qualified_access, refusals};

impl Handle<api::ops::DeleteFunction> for Lambda {
    fn access(&self, scope: &Scope, input: &api::DeleteFunctionRequest) -> Result<Vec<Access>> {
        qualified_access("lambda:DeleteFunction", scope, &input.function_name, input.qualifier.as_deref())
    }

    fn handle(
        &self,
        cx: &mut Cx<'_>,
        input: api::DeleteFunctionRequest,
    ) -> Result<api::DeleteFunctionResponse> {
        let target = Target::read(cx.scope(), &input.function_name, input.qualifier.as_deref())?;
        match &target.qualifier {
            None => delete_all(cx, &target)?,
            Some(Qualifier::Version(number)) => delete_version(cx, &target, *number)?,
            Some(Qualifier::Latest) => {
                return Err(refusals::invalid_parameter(
                    "$LATEST version cannot be deleted without deleting the function.",
                )
                .into());
            }
            Some(Qualifier::Alias(_)) => {
                return Err(
                    refusals::invalid_parameter("Deletion of aliases is not currently supported.").into()
                );
            }
        }
        // As of the current model a deletion that is done at once answers with 204.
        Ok(api::DeleteFunctionResponse { status_code: Some(204) })
    }
}

fn delete_all(cx: &mut Cx<'_>, target: &Target) -> Result<()> {
    let function = target.function(cx)?;
    let key = target.key();
    let mut instances = vec![function.latest.instance.clone()];
    cx.release_blob(function.latest.code.blob)?;
    for (version_key, version) in VERSIONS.all(cx, &key)? {
        cx.release_blob(version.code.blob)?;
        VERSIONS.delete(cx, &version_key);
        instances.push(version.instance);
    }
    for (alias, _) in ALIASES.all(cx, &key)? {
        ALIASES.delete(cx, &alias);
    }
    for (policy, _) in POLICIES.all(cx, &key)? {
        POLICIES.delete(cx, &policy);
    }
    for (config, _) in EVENT_CONFIGS.all(cx, &key)? {
        EVENT_CONFIGS.delete(cx, &config);
    }
    change_reserved(cx, &target.scope, function.reserved_concurrency, None)?;
    FUNCTIONS.delete(cx, &key);
    Ok(retire(cx, instances)?)
}

/// A version that an alias names stays. One that is not there is no error.
fn delete_version(cx: &mut Cx<'_>, target: &Target, number: u64) -> Result<()> {
    target.function(cx)?;
    let named_by = |alias: &crate::lambda::model::Alias| {
        alias.version == Qualifier::Version(number) || alias.weights.contains_key(&number)
    };
    let aliases = ALIASES.all(cx, &target.key())?;
    let names: Vec<_> =
        aliases.into_iter().filter(|(_, alias)| named_by(alias)).map(|((.., name), _)| name).collect();
    if !names.is_empty() {
        return Err(refusals::conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            names.join(", ")
        ))
        .into());
    }
    let key = target.version_key(number);
    let Some(version) = VERSIONS.get(cx, &key)? else { return Ok(()) };
    cx.release_blob(version.code.blob)?;
    VERSIONS.delete(cx, &key);
    POLICIES.delete(cx, &target.qualified_key(number.to_string()));
    EVENT_CONFIGS.delete(cx, &target.qualified_key(number.to_string()));
    Ok(retire(cx, [version.instance])?)
}
