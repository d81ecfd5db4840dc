//! `GetExecutionHistory`: the events of a Standard execution, in order or in reverse.

use std::ops::ControlFlow;

use updraft_api::states as api;
use updraft_api::states::ops::GetExecutionHistory;
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::Scope;

use crate::states::model::{EXECUTIONS, ExecutionKey, HISTORY};
use crate::states::{States, history, names, refusals};

impl Query<GetExecutionHistory> for States {
    fn access(&self, _scope: &Scope, input: &api::GetExecutionHistoryInput) -> Result<Vec<Access>> {
        names::access("states:GetExecutionHistory", &input.execution_arn)
    }

    fn query(
        &self,
        view: &View<'_>,
        input: api::GetExecutionHistoryInput,
    ) -> Result<api::GetExecutionHistoryOutput> {
        let key = names::execution(&input.execution_arn)?;
        if !EXECUTIONS.contains(view, &key)? {
            return Err(refusals::execution_missing(&input.execution_arn).into());
        }
        let reverse = input.reverse_order.unwrap_or(false);
        let after: Option<u64> = names::read_page_token(input.next_token.as_deref())?;
        let limit = names::page_size(input.max_results);
        let (mut events, more) = page(view, &key, reverse, after, limit)?;
        let last = events.last().map(|event| names::page_token(&event.id));
        let with_data = input.include_execution_data.unwrap_or(true);
        let shown = events.drain(..).map(|event| history::show(&event, with_data));
        Ok(api::GetExecutionHistoryOutput {
            events: shown.collect::<Result<_>>()?,
            next_token: last.filter(|_| more),
        })
    }
}

type Events = (Vec<updraft_lang::asl::HistoryEvent>, bool);

/// Events past one of them, and whether there are more.
fn page(
    view: &View<'_>,
    key: &ExecutionKey,
    reverse: bool,
    after: Option<u64>,
    limit: usize,
) -> Result<Events> {
    let place = |event: u64| (key.0.clone(), key.1.clone(), key.2.clone(), event);
    let (direction, scan) = if reverse {
        let scan = match after {
            // The chapter that holds the event itself may hold earlier ones.
            Some(after) => HISTORY.range(key, Some(&place(after)), Direction::Reverse),
            None => HISTORY.range(key, None, Direction::Reverse),
        };
        (Direction::Reverse, scan)
    } else {
        let scan = match after {
            Some(after) => HISTORY.starting_at(key, &place(first_chapter(view, key, after)?)),
            None => HISTORY.range(key, None, Direction::Forward),
        };
        (Direction::Forward, scan)
    };
    let mut events = Vec::new();
    let mut more = false;
    HISTORY.visit(view, &scan, |_, mut chapter| {
        if direction == Direction::Reverse {
            chapter.0.reverse();
        }
        for event in chapter.0 {
            let past = after.is_none_or(|after| if reverse { event.id < after } else { event.id > after });
            if !past {
                continue;
            }
            if events.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            events.push(event);
        }
        ControlFlow::Continue(())
    })?;
    Ok((events, more))
}

/// The first event of the chapter that holds an event.
fn first_chapter(view: &View<'_>, key: &ExecutionKey, event: u64) -> Result<u64> {
    let past = (key.0.clone(), key.1.clone(), key.2.clone(), event + 1);
    let page = HISTORY.page(view, key, Some(&past), Direction::Reverse, 1)?;
    Ok(page.entries.first().map_or(event, |(key, _)| key.3))
}
