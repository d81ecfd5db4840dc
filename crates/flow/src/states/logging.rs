//! What executions tell the log groups of their machine's logging configuration.
//!
//! Source: "Logging using CloudWatch Logs", developer guide (read 2026-11): the levels and the form
//! of an entry.

use serde_json::{Map, Value, json};
use updraft_api::logs::ops::{CreateLogStream, PutLogEvents};
use updraft_api::logs::{CreateLogStreamRequest, InputLogEvent, PutLogEventsRequest};
use updraft_kernel::{As, ServeCx};
use updraft_lang::asl::HistoryEvent;
use updraft_types::Arn;

use super::driver::Live;
use super::model::Logging;

/// Tells of events, as far as the level wants them.
pub(super) fn tell(live: &Live, events: &[HistoryEvent]) {
    let logging = &live.revision.logging;
    let entries: Vec<_> = events
        .iter()
        .filter(|event| wanted(&logging.level, &event.kind))
        .map(|event| (event.at, entry(event, &live.arn, logging)))
        .collect();
    if entries.is_empty() {
        return;
    }
    let stream = format!("states/{}/{}", live.machine_name, live.cx.now().format("%Y-%m-%d-%H-%M"));
    let stream = format!("{stream}/{}", &live.arn.resource().replace(':', "/"));
    for group in logging.groups.clone().unwrap_or_default() {
        let (cx, stream, entries) = (live.cx.clone(), stream.clone(), entries.clone());
        let Some(group) = group_name(&group) else { continue };
        live.cx.spawn(async move { put(&cx, group, stream, entries).await });
    }
}

fn group_name(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    let name = arn.resource().strip_prefix("log-group:")?;
    Some(name.trim_end_matches(":*").to_owned())
}

/// Which events a level has ("Log levels").
fn wanted(level: &str, kind: &str) -> bool {
    let fatal = matches!(kind, "ExecutionAborted" | "ExecutionFailed" | "ExecutionTimedOut");
    let error = fatal || kind.contains("Failed") || kind.contains("TimedOut") || kind.contains("Aborted");
    match level {
        "ALL" => true,
        "ERROR" => error,
        "FATAL" => fatal,
        _ => false,
    }
}

fn entry(event: &HistoryEvent, arn: &Arn, logging: &Logging) -> String {
    let mut details = match &event.details {
        Some(Value::Object(details)) => details.clone(),
        _ => Map::new(),
    };
    if !logging.include_execution_data {
        for name in ["input", "output", "parameters"] {
            details.remove(name);
            details.remove(&format!("{name}Details"));
        }
    }
    json!({
        "id": event.id.to_string(),
        "type": event.kind,
        "details": details,
        "previous_event_id": event.previous.to_string(),
        "event_timestamp": event.at.to_string(),
        "execution_arn": arn.as_str(),
        "redrive_count": "0",
    })
    .to_string()
}

async fn put(cx: &ServeCx, group: String, stream: String, entries: Vec<(i64, String)>) {
    let root = || As::Principal(updraft_kernel::Caller::root(cx.scope().account));
    let made = CreateLogStreamRequest { log_group_name: group.clone(), log_stream_name: stream.clone() };
    // A stream that is there already is as good.
    let _ = cx.call::<CreateLogStream>(root(), made).await;
    let log_events =
        entries.into_iter().map(|(timestamp, message)| InputLogEvent { timestamp, message }).collect();
    let request = PutLogEventsRequest {
        log_group_name: group,
        log_stream_name: stream,
        log_events,
        ..PutLogEventsRequest::default()
    };
    if let Err(error) = cx.call::<PutLogEvents>(root(), request).await {
        tracing::warn!(%error, "an execution's log entries could not be delivered");
    }
}
