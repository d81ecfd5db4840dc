//! `DescribeAlarmHistory`: what happened to alarms, page by page.

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use updraft_api::Refusal;
use updraft_api::cloudwatch::ops::DescribeAlarmHistory;
use updraft_api::cloudwatch::{
    AlarmHistoryItem, AlarmType, DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput, HistoryItemType,
    ScanBy,
};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::alarms::history::{HISTORY, Item, ItemKind, KEPT};
use crate::cloudwatch::{CloudWatch, refusals};

/// How many items an answer holds at most (`MaxRecords` in the API model).
const RECORDS_MAX: usize = 100;

impl Query<DescribeAlarmHistory> for CloudWatch {
    fn access(&self, _scope: &Scope, _input: &DescribeAlarmHistoryInput) -> Result<Vec<Access>> {
        Ok(vec![Access::to_any("cloudwatch:DescribeAlarmHistory")])
    }

    fn query(&self, view: &View<'_>, input: DescribeAlarmHistoryInput) -> Result<DescribeAlarmHistoryOutput> {
        let limit = input.max_records.and_then(|max| usize::try_from(max).ok()).unwrap_or(RECORDS_MAX);
        let skip = input.next_token.as_deref().map_or(Ok(0), read_token)?;
        let direction = match input.scan_by {
            Some(ScanBy::TimestampAscending) => Direction::Forward,
            _ => Direction::Reverse,
        };
        let oldest = view.now().minus(KEPT);
        let from = input.start_date.unwrap_or(oldest).max(oldest);
        let to = input
            .end_date
            .map_or(Timestamp::from_millis(i64::MAX), |end| Timestamp::from_millis(end.millis() + 1));
        let scope = view.scope().clone();
        let range = HISTORY.between(&(scope.clone(), from), &(scope, to), direction);
        let (mut items, mut seen, mut more) = (Vec::new(), 0_usize, false);
        HISTORY.visit(view, &range, |(_, at, _), item| {
            if !fits(&item, &input) {
                return ControlFlow::Continue(());
            }
            seen += 1;
            if items.len() == limit {
                more = true;
                return ControlFlow::Break(());
            }
            if seen > skip {
                items.push(shape(at, item));
            }
            ControlFlow::Continue(())
        })?;
        let next_token = more.then(|| URL_SAFE_NO_PAD.encode((skip + limit).to_string()));
        Ok(DescribeAlarmHistoryOutput { alarm_history_items: Some(items), next_token })
    }
}

fn kind(kind: ItemKind) -> HistoryItemType {
    match kind {
        ItemKind::ConfigurationUpdate => HistoryItemType::ConfigurationUpdate,
        ItemKind::StateUpdate => HistoryItemType::StateUpdate,
        ItemKind::Action => HistoryItemType::Action,
    }
}

fn alarm_type(item: &Item) -> AlarmType {
    if item.composite { AlarmType::CompositeAlarm } else { AlarmType::MetricAlarm }
}

fn fits(item: &Item, input: &DescribeAlarmHistoryInput) -> bool {
    let types = input.alarm_types.as_ref();
    input.alarm_name.as_ref().is_none_or(|name| *name == item.alarm)
        && input.history_item_type.as_ref().is_none_or(|wanted| *wanted == kind(item.kind))
        // Without types, metric alarms only; but an alarm that is named is shown.
        && types.map_or(input.alarm_name.is_some() || !item.composite, |types| types.contains(&alarm_type(item)))
}

fn shape(at: Timestamp, item: Item) -> AlarmHistoryItem {
    AlarmHistoryItem {
        alarm_type: Some(alarm_type(&item)),
        history_item_type: Some(kind(item.kind)),
        alarm_name: Some(item.alarm),
        timestamp: Some(at),
        history_summary: Some(item.summary),
        history_data: Some(item.data),
        ..AlarmHistoryItem::default()
    }
}

fn read_token(token: &str) -> std::result::Result<usize, Refusal> {
    super::describe_alarms::read_token(token)?.parse().map_err(|_| refusals::token_invalid())
}
