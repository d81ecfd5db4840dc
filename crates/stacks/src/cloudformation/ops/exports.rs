//! `ListExports`.

use updraft_api::cloudformation::ops::ListExports;
use updraft_api::cloudformation::{Export, ListExportsInput, ListExportsOutput};
use updraft_kernel::{Access, Query, Result, View};
use updraft_types::Scope;

use crate::cloudformation::{CloudFormation, model};

/// A page of exports.
const EXPORTS_MAX: usize = 100;

impl Query<ListExports> for CloudFormation {
    fn access(&self, _scope: &Scope, _input: &ListExportsInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudformation:ListExports")])
    }

    fn query(&self, view: &View<'_>, input: ListExportsInput) -> Result<ListExportsOutput> {
        let after = input.next_token.unwrap_or_default();
        let mut left = model::exports(view, view.scope())?.into_iter().filter(|(name, _, _)| *name > after);
        let page: Vec<_> = left.by_ref().take(EXPORTS_MAX).collect();
        let next_token = page.last().filter(|_| left.next().is_some()).map(|(name, _, _)| name.clone());
        let exports = page.into_iter().map(|(name, value, stack_id)| Export {
            exporting_stack_id: Some(stack_id),
            name: Some(name),
            value: Some(value),
        });
        Ok(ListExportsOutput { exports: Some(exports.collect()), next_token })
    }
}
