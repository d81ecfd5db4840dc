//! `GetFunctionConfiguration`: the settings of `$LATEST`, a version, or an alias's main version.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::lambda::store::Target;
use crate::lambda::{Lambda, qualified_access, show};

impl Query<api::ops::GetFunctionConfiguration> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetFunctionConfigurationRequest) -> Result<Vec<Access>> {
        let qualifier = input.qualifier.as_deref();
        qualified_access("lambda:GetFunctionConfiguration", scope, &input.function_name, qualifier)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetFunctionConfigurationRequest,
    ) -> Result<api::FunctionConfiguration> {
        let target = Target::read(view.scope(), &input.function_name, input.qualifier.as_deref())?;
        let version = target.shown_version(view)?;
        Ok(show::configuration(&target, &target.arn(), &version))
    }
}
