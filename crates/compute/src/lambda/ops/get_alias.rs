//! `GetAlias`.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::lambda::store::Target;
use crate::lambda::{Lambda, access, show};

impl Query<api::ops::GetAlias> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetAliasRequest) -> Result<Vec<Access>> {
        access("lambda:GetAlias", scope, &input.function_name)
    }

    fn query(&self, view: &View<'_>, input: api::GetAliasRequest) -> Result<api::AliasConfiguration> {
        let target = Target::unqualified(view.scope(), &input.function_name)?;
        let alias = target.alias(view, &input.name)?;
        Ok(show::alias(&target, &input.name, &alias))
    }
}
