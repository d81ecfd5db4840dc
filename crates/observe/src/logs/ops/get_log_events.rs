//! `GetLogEvents`: a stream's events, page by page, either way.

use std::ops::ControlFlow;

use updraft_api::logs::ops::GetLogEvents;
use updraft_api::logs::{GetLogEventsRequest, GetLogEventsResponse, OutputLogEvent};
use updraft_kernel::{Access, Direction, Query, Result, View};
use updraft_types::{Scope, Timestamp};

use crate::logs::events::{self, ANSWER_BYTES_MAX, EVENTS_MAX, Place, Range, StreamToken};
use crate::logs::model::Event;
use crate::logs::{Logs, names};

impl Query<GetLogEvents> for Logs {
    fn access(&self, scope: &Scope, input: &GetLogEventsRequest) -> Result<Vec<Access>> {
        let group =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        let stream = names::stream_name(&input.log_stream_name)?;
        Ok(names::stream_access("logs:GetLogEvents", scope, &group, &stream))
    }

    fn query(&self, view: &View<'_>, input: GetLogEventsRequest) -> Result<GetLogEventsResponse> {
        let name =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        let group = names::group(view, view.scope(), &name)?;
        let stream = names::stream(view, &group, &names::stream_name(&input.log_stream_name)?)?;
        let asked = input.start_time.map_or(Timestamp::EPOCH, Timestamp::from_millis);
        let mut range = Range {
            group: group.id,
            stream: Some(stream.id),
            from: Place::before(asked.max(group.expired_before(view.now()))),
            to: input.end_time.map_or(Place::END, |end| Place::before(Timestamp::from_millis(end))),
        };
        let token = input.next_token.as_deref().map(StreamToken::read).transpose()?;
        let (direction, start) = match token {
            Some(StreamToken { direction: Direction::Forward, place }) => {
                range.from = range.from.max(place);
                (Direction::Forward, place)
            }
            Some(StreamToken { direction: Direction::Reverse, place }) => {
                range.to = range.to.min(place);
                (Direction::Reverse, place)
            }
            None if input.start_from_head.unwrap_or_default() => (Direction::Forward, range.from),
            None => (Direction::Reverse, range.from),
        };
        let limit = input.limit.map_or(EVENTS_MAX, |limit| limit.clamp(1, EVENTS_MAX as i32) as usize);
        let mut found = Vec::new();
        let mut bytes = 0;
        events::visit(view, &range, direction, |place, event| {
            bytes += event.size();
            if found.len() == limit || (bytes > ANSWER_BYTES_MAX && !found.is_empty()) {
                return ControlFlow::Break(());
            }
            found.push((place, event));
            ControlFlow::Continue(())
        })?;
        if direction == Direction::Reverse {
            found.reverse();
        }
        // At either end of the stream the place stays the same, and so does the token.
        let first = found.first().map_or(start, |(place, _)| *place);
        let past = found.last().map_or(start, |(place, _)| place.next());
        let output = |(place, event): (Place, Event)| OutputLogEvent {
            timestamp: Some(place.time.millis()),
            message: Some(event.message),
            ingestion_time: Some(event.ingested.millis()),
        };
        Ok(GetLogEventsResponse {
            events: Some(found.into_iter().map(output).collect()),
            next_forward_token: Some(StreamToken { direction: Direction::Forward, place: past }.text()),
            next_backward_token: Some(StreamToken { direction: Direction::Reverse, place: first }.text()),
        })
    }
}
