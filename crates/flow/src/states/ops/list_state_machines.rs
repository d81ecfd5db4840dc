//! `ListStateMachines`: the machines of an account and region, by name.

use updraft_api::states as api;
use updraft_api::states::ops::ListStateMachines;
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::states::StateMachineAt;
use updraft_types::{Resource as _, Scope};

use crate::states::model::MACHINES;
use crate::states::{States, names};

impl Query<ListStateMachines> for States {
    fn access(&self, _scope: &Scope, _input: &api::ListStateMachinesInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("states:ListStateMachines")])
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::ListStateMachinesInput,
    ) -> Result<api::ListStateMachinesOutput> {
        let scope = view.scope();
        let after: Option<String> = names::read_page_token(input.next_token.as_deref())?;
        let after = after.map(|name| (scope.clone(), name));
        let limit = names::page_size(input.max_results);
        let page = MACHINES.page(view, scope, after.as_ref(), Direction::Forward, limit)?;
        let last = page.entries.last().map(|((_, name), _)| names::page_token(name));
        let state_machines =
            page.entries.into_iter().map(|((scope, name), machine)| api::StateMachineListItem {
                state_machine_arn: StateMachineAt(&name).arn(&scope).to_string(),
                r#type: machine.kind.as_str().into(),
                creation_date: machine.created,
                name,
            });
        Ok(api::ListStateMachinesOutput {
            state_machines: state_machines.collect(),
            next_token: last.filter(|_| page.more),
        })
    }
}
