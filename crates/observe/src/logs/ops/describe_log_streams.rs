//! `DescribeLogStreams`: the streams of a group, by name or by their last event.

use std::ops::ControlFlow;

use updraft_api::logs::ops::DescribeLogStreams;
use updraft_api::logs::{DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream, OrderBy};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::logs::LogGroupName;
use updraft_types::{Resource as _, Scope};

use super::describe_log_groups::{DESCRIBED_MAX, read_token, token};
use crate::logs::events::{self, Place, Range};
use crate::logs::model::{Group, STREAMS, Stream};
use crate::logs::{Logs, names, refusals};

impl Query<DescribeLogStreams> for Logs {
    fn access(&self, scope: &Scope, input: &DescribeLogStreamsRequest) -> Result<Vec<Access>> {
        let group =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        Ok(names::group_access("logs:DescribeLogStreams", scope, &group))
    }

    fn query(&self, view: &View<'_>, input: DescribeLogStreamsRequest) -> Result<DescribeLogStreamsResponse> {
        let name =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        let group = names::group(view, view.scope(), &name)?;
        let by_time = input.order_by == Some(OrderBy::LastEventTime);
        if by_time && input.log_stream_name_prefix.is_some() {
            return Err(refusals::invalid("Cannot order by LastEventTime with a logStreamNamePrefix.").into());
        }
        let mut streams = streams(view, &group, input.log_stream_name_prefix.as_deref().unwrap_or_default())?;
        if by_time {
            // Streams without events come before all others; equal times keep the order of names.
            streams.sort_by_key(|(_, stream)| stream.last_event);
        }
        if input.descending.unwrap_or_default() {
            streams.reverse();
        }
        let done = match input.next_token.as_deref().map(read_token).transpose()? {
            None => 0,
            Some(after) => {
                let last = streams.iter().position(|(name, _)| *name == after);
                last.ok_or_else(refusals::token_invalid)? + 1
            }
        };
        let limit = input.limit.map_or(DESCRIBED_MAX, |limit| limit.clamp(1, DESCRIBED_MAX as i32) as usize);
        let more = streams.len() > done + limit;
        let page: Vec<_> = streams.into_iter().skip(done).take(limit).collect();
        let next_token = page.last().filter(|_| more).map(|(name, _)| token(name));
        let log_streams = page
            .into_iter()
            .map(|(stream, record)| describe(view, &name, &group, &stream, &record))
            .collect::<Result<_>>()?;
        Ok(DescribeLogStreamsResponse { log_streams: Some(log_streams), next_token })
    }
}

fn streams(view: &View<'_>, group: &Group, prefix: &str) -> Result<Vec<(String, Stream)>> {
    let mut found = Vec::new();
    let range = STREAMS.starting_at(&group.id, &(group.id, prefix.to_owned()));
    STREAMS.visit(view, &range, |(_, name), stream| {
        if !name.starts_with(prefix) {
            return ControlFlow::Break(());
        }
        found.push((name, stream));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn describe(
    view: &View<'_>,
    group_name: &LogGroupName,
    group: &Group,
    name: &str,
    stream: &Stream,
) -> Result<LogStream> {
    let from = Place::before(group.expired_before(view.now()));
    let range = Range { group: group.id, stream: Some(stream.id), from, to: Place::END };
    let mut first = None;
    events::visit(view, &range, Direction::Forward, |place, _| {
        first = Some(place.time);
        ControlFlow::Break(())
    })?;
    let stream_name = names::stream_name(name)?;
    Ok(LogStream {
        log_stream_name: Some(name.to_owned()),
        creation_time: Some(stream.created.millis()),
        first_event_timestamp: first.map(|time| time.millis()),
        last_event_timestamp: first.and(stream.last_event).map(|time| time.millis()),
        last_ingestion_time: stream.last_ingestion.map(|time| time.millis()),
        upload_sequence_token: stream.last_ingestion.map(|time| format!("{:056}", time.millis())),
        arn: Some(group_name.stream(&stream_name).arn(view.scope()).to_string()),
        // Zero for every stream since 2019 ("LogStream", API reference).
        stored_bytes: Some(0),
    })
}
