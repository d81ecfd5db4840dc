//! `PutLogEvents`: a batch of events, in order, into a stream.
//!
//! The bounds are those of "PutLogEvents" in the CloudWatch Logs API reference, read 2026-11.

use std::time::Duration;

use updraft_api::Refusal;
use updraft_api::logs::ops::PutLogEvents;
use updraft_api::logs::{InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedLogEventsInfo};
use updraft_kernel::{Access, Cx, Handle, Result};
use updraft_types::{Scope, Timestamp};

use crate::cloudwatch::emf::Embedded;
use crate::logs::model::{DAY, EVENT_OVERHEAD_BYTES, EVENTS, Event, Group, SIZES, STREAM_EVENTS, STREAMS};
use crate::logs::{Logs, names, refusals};

/// The most a batch and the most an event may have, in bytes.
const BATCH_BYTES_MAX: usize = 1_048_576;
/// How far events may lie in the future.
const FUTURE_MAX: Duration = Duration::from_secs(2 * 60 * 60);
/// How many days events may lie in the past.
const PAST_DAYS_MAX: u32 = 14;

impl Handle<PutLogEvents> for Logs {
    fn access(&self, scope: &Scope, input: &PutLogEventsRequest) -> Result<Vec<Access>> {
        let group = names::group_name(&input.log_group_name)?;
        let stream = names::stream_name(&input.log_stream_name)?;
        Ok(names::stream_access("logs:PutLogEvents", scope, &group, &stream))
    }

    fn handle(&self, cx: &mut Cx<'_>, input: PutLogEventsRequest) -> Result<PutLogEventsResponse> {
        let group = names::group(cx, cx.scope(), &names::group_name(&input.log_group_name)?)?;
        let name = names::stream_name(&input.log_stream_name)?;
        let mut stream = names::stream(cx, &group, &name)?;
        check_sizes(&input.log_events)?;
        check_order(&input.log_events)?;
        let now = cx.now();
        let (events, rejected) = sift(&group, input.log_events, now)?;
        let mut size = SIZES.get(cx, &group.id)?.unwrap_or_default();
        let mut metrics = Embedded::new(cx.scope().clone(), now);
        for InputLogEvent { timestamp, message } in events {
            let time = Timestamp::from_millis(timestamp);
            metrics.read(time, &message);
            let event = Event { stream: stream.id, ingested: now, message };
            size.stored_bytes += event.size();
            EVENTS.put(cx, &(group.id, time, size.next_event), &event)?;
            STREAM_EVENTS.put(cx, &(stream.id, time, size.next_event), &())?;
            size.next_event += 1;
            stream.last_event = stream.last_event.max(Some(time));
            stream.last_ingestion = Some(now);
        }
        metrics.write(cx)?;
        SIZES.put(cx, &group.id, &size)?;
        STREAMS.put(cx, &(group.id, name.to_string()), &stream)?;
        Ok(PutLogEventsResponse {
            // Still answered, though no longer asked for.
            next_sequence_token: Some(format!("{:056}", size.next_event)),
            rejected_log_events_info: rejected,
            rejected_entity_info: None,
        })
    }
}

fn check_sizes(events: &[InputLogEvent]) -> std::result::Result<(), Refusal> {
    let mut total = 0;
    for event in events {
        let size = event.message.len() + EVENT_OVERHEAD_BYTES;
        if size > BATCH_BYTES_MAX {
            return Err(refusals::invalid(format!(
                "Log event too large: {size} bytes exceeds limit of {BATCH_BYTES_MAX}"
            )));
        }
        total += size;
    }
    if total > BATCH_BYTES_MAX {
        return Err(refusals::invalid(format!(
            "Upload too large: {total} bytes exceeds limit of {BATCH_BYTES_MAX}"
        )));
    }
    Ok(())
}

fn check_order(events: &[InputLogEvent]) -> std::result::Result<(), Refusal> {
    if events.is_sorted_by_key(|event| event.timestamp) {
        return Ok(());
    }
    Err(refusals::invalid("Log events in a single PutLogEvents request must be in chronological order."))
}

/// Splits a batch, which is in order, into what is taken and what is too old or too new.
fn sift(
    group: &Group,
    mut events: Vec<InputLogEvent>,
    now: Timestamp,
) -> std::result::Result<(Vec<InputLogEvent>, Option<RejectedLogEventsInfo>), Refusal> {
    let older_than = |bound: Timestamp| events.partition_point(|event| event.timestamp < bound.millis());
    let too_old = older_than(now.minus(DAY * PAST_DAYS_MAX));
    let expired = older_than(group.expired_before(now));
    let too_new = events.partition_point(|event| event.timestamp <= now.plus(FUTURE_MAX).millis());
    let index = |count: usize, is: bool| is.then_some(count as i32);
    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(too_new, too_new < events.len()),
        too_old_log_event_end_index: index(too_old, too_old > 0),
        expired_log_event_end_index: index(expired, expired > too_old),
    };
    events.truncate(too_new);
    events.drain(..too_old.max(expired).min(events.len()));
    if let (Some(first), Some(last)) = (events.first(), events.last())
        && last.timestamp - first.timestamp > DAY.as_millis() as i64
    {
        return Err(refusals::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let any = rejected != RejectedLogEventsInfo::default();
    Ok((events, any.then_some(rejected)))
}
