//! What happened to alarms: configurations, states, actions.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Cx, Direction, Fault, Table, json_record};
use updraft_types::{Scope, Timestamp};

/// How long the history is kept ("DescribeAlarmHistory", CloudWatch API reference).
pub(in crate::cloudwatch) const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many old items go as a new one comes.
const REMOVED_MAX: usize = 8;

/// The items in the order they happened.
pub(in crate::cloudwatch) const HISTORY: Table<(Scope, Timestamp, u64), Item> =
    Table::new("cloudwatch.alarm_history");
/// The number of the next item.
const NEXT: Table<(), u64> = Table::new("cloudwatch.alarm_history_next");

/// One thing that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::cloudwatch) struct Item {
    pub alarm: String,
    pub composite: bool,
    pub kind: ItemKind,
    pub summary: String,
    pub data: String,
}

json_record!(Item, 1);

/// The kinds of items, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cloudwatch) enum ItemKind {
    ConfigurationUpdate,
    StateUpdate,
    Action,
}

/// Writes an item, and removes some that are too old.
pub(in crate::cloudwatch) fn record(cx: &mut Cx<'_>, item: &Item) -> Result<(), Fault> {
    let number = NEXT.get(cx, &())?.unwrap_or(0);
    NEXT.put(cx, &(), &(number + 1))?;
    let (scope, now) = (cx.scope().clone(), cx.now());
    let mut old = Vec::new();
    let range = HISTORY.between(
        &(scope.clone(), Timestamp::from_millis(0)),
        &(scope.clone(), now.minus(KEPT)),
        Direction::Forward,
    );
    HISTORY.visit(cx, &range, |key, _| {
        old.push(key);
        if old.len() == REMOVED_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    for key in old {
        HISTORY.delete(cx, &key);
    }
    HISTORY.put(cx, &(scope, now, number), item)
}
