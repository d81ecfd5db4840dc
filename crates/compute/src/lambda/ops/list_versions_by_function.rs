//! `ListVersionsByFunction`: `$LATEST` and the published versions, oldest first.

use updraft_api::lambda as api;
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use super::page_size;
use crate::lambda::store::{Target, VERSIONS};
use crate::lambda::{Lambda, access, show};

impl Query<api::ops::ListVersionsByFunction> for Lambda {
    fn access(&self, scope: &Scope, input: &api::ListVersionsByFunctionRequest) -> Result<Vec<Access>> {
        access("lambda:ListVersionsByFunction", scope, &input.function_name)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListVersionsByFunctionRequest,
    ) -> Result<api::ListVersionsByFunctionResponse> {
        let target = Target::unqualified(view.scope(), &input.function_name)?;
        let function = target.function(view)?;
        let after = input.marker.and_then(|marker| marker.parse().ok());
        let mut versions = Vec::new();
        if after.is_none() {
            versions.push(show::qualified(&target, &function.latest));
        }
        let limit = page_size(input.max_items).saturating_sub(versions.len());
        let after = after.map(|number| target.version_key(number));
        let page = VERSIONS.page(view, &target.key(), after.as_ref(), Direction::Forward, limit)?;
        let last = page.entries.last().map_or(0, |((.., number), _)| *number);
        versions.extend(page.entries.iter().map(|(_, version)| show::qualified(&target, version)));
        Ok(api::ListVersionsByFunctionResponse {
            next_marker: page.more.then(|| last.to_string()),
            versions: Some(versions),
        })
    }
}
