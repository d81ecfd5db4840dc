//! `GetFunction`: a function's configuration, its tags, and a link to its code.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::lambda::store::Target;
use crate::lambda::{Lambda, links, qualified_access, show};

impl Query<api::ops::GetFunction> for Lambda {
    fn access(&self, scope: &Scope, input: &api::GetFunctionRequest) -> Result<Vec<Access>> {
        qualified_access("lambda:GetFunction", scope, &input.function_name, input.qualifier.as_deref())
    }

    fn query(&self, view: &View<'_>, input: api::GetFunctionRequest) -> Result<api::GetFunctionResponse> {
        let target = Target::read(view.scope(), &input.function_name, input.qualifier.as_deref())?;
        let version = target.shown_version(view)?;
        let function = target.function(view)?;
        let location = links::link(&self.shared.origin, &target, &function, &version.qualifier, view.now());
        Ok(api::GetFunctionResponse {
            configuration: Some(show::configuration(&target, &target.arn(), &version)),
            code: Some(api::FunctionCodeLocation {
                repository_type: Some("S3".to_owned()),
                location: Some(location),
                ..api::FunctionCodeLocation::default()
            }),
            tags: (!function.tags.is_empty()).then_some(function.tags),
            tags_error: None,
            concurrency: function.reserved_concurrency.map(|reserved| api::Concurrency {
                reserved_concurrent_executions: Some(reserved.cast_signed()),
            }),
        })
    }
}
