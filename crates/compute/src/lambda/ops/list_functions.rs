//! `ListFunctions`: the functions of an account in a region, by name.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use super::{page_size, parse_name};
use crate::lambda::store::{FUNCTIONS, Target, VERSIONS};
use crate::lambda::{Lambda, show};

impl Query<api::ops::ListFunctions> for Lambda {
    fn access(&self, _scope: &Scope, _input: &api::ListFunctionsRequest) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("lambda:ListFunctions")])
    }

    fn query(&self, view: &View<'_>, input: api::ListFunctionsRequest) -> Result<api::ListFunctionsResponse> {
        let scope = view.scope().clone();
        let after = input.marker.map(|name| (scope.clone(), name));
        let limit = page_size(input.max_items);
        let page = FUNCTIONS.page(view, &scope, after.as_ref(), Direction::Forward, limit)?;
        let next_marker = page.more.then(|| page.entries.last().map(|((_, name), _)| name.clone())).flatten();
        let with_versions = input.function_version == Some(api::FunctionVersion::All);
        let mut functions = Vec::new();
        for ((_, name), function) in page.entries {
            let target = Target { scope: scope.clone(), name: parse_name(&name)?, qualifier: None };
            if with_versions {
                functions.push(show::qualified(&target, &function.latest));
                let versions = VERSIONS.all(view, &target.key())?;
                functions.extend(versions.iter().map(|(_, version)| show::qualified(&target, version)));
            } else {
                functions.push(show::unqualified(&target, &function.latest));
            }
        }
        Ok(api::ListFunctionsResponse { next_marker, functions: Some(functions) })
    }
}
