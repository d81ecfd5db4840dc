//! `FilterLogEvents`: the events of a group that a caller wants, over all or some of its streams.

use std::collections::HashMap;
use std::ops::ControlFlow;

use updraft_api::logs::ops::FilterLogEvents;
use updraft_api::logs::{FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent};
use updraft_kernel::{Access, Direction, Fault, Query, Read, Result, View};
use updraft_lang::logs_pattern::Pattern;
use updraft_types::{Scope, Timestamp};

use crate::logs::events::{self, ANSWER_BYTES_MAX, EVENTS_MAX, Place, Range};
use crate::logs::model::{Event, Group, LABELS, STREAMS};
use crate::logs::{Logs, names, refusals};

/// How many events one call examines; a search of more goes on with the token, as AWS's does.
const EXAMINED_MAX: usize = 100_000;

impl Query<FilterLogEvents> for Logs {
    fn access(&self, scope: &Scope, input: &FilterLogEventsRequest) -> Result<Vec<Access>> {
        let group =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        Ok(names::group_access("logs:FilterLogEvents", scope, &group))
    }

    fn query(&self, view: &View<'_>, input: FilterLogEventsRequest) -> Result<FilterLogEventsResponse> {
        let name =
            names::named_group(input.log_group_name.as_deref(), input.log_group_identifier.as_deref())?;
        let group = names::group(view, view.scope(), &name)?;
        let pattern: Pattern = input
            .filter_pattern
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|error| refusals::invalid(format!("{error}")))?;
        let streams = Streams::named(view, &group, &input)?;
        let asked = input.start_time.map_or(Timestamp::EPOCH, Timestamp::from_millis);
        let mut from = Place::before(asked.max(group.expired_before(view.now())));
        if let Some(token) = &input.next_token {
            from = from.max(Place::from_search_token(token)?);
        }
        // The end is included ("FilterLogEvents", API reference), unlike that of GetLogEvents.
        let past = |end: i64| Place::before(Timestamp::from_millis(end.saturating_add(1)));
        let range = Range {
            group: group.id,
            stream: streams.only(),
            from,
            to: input.end_time.map_or(Place::END, past),
        };
        let limit = input.limit.map_or(EVENTS_MAX, |limit| limit.clamp(1, EVENTS_MAX as i32) as usize);
        let mut search =
            Search { labels: HashMap::new(), group: group.id, found: Vec::new(), bytes: 0, limit };
        let (mut examined, mut stopped, mut failed) = (0, None, None);
        events::visit(view, &range, Direction::Forward, |place, event| {
            if examined == EXAMINED_MAX {
                stopped = Some(place);
                return ControlFlow::Break(());
            }
            examined += 1;
            if !streams.include(event.stream) || !pattern.matches(&event.message) {
                return ControlFlow::Continue(());
            }
            match search.take(view, place, event) {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => {
                    stopped = Some(place);
                    ControlFlow::Break(())
                }
                Err(fault) => {
                    failed = Some(fault);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(fault) = failed {
            return Err(fault.into());
        }
        Ok(FilterLogEventsResponse {
            events: Some(search.found),
            // Always empty since 2019 ("FilterLogEvents", API reference).
            searched_log_streams: Some(Vec::new()),
            next_token: stopped.map(Place::search_token),
        })
    }
}

/// Which streams are searched.
enum Streams {
    All,
    /// By number, sorted.
    Some(Vec<u64>),
}

impl Streams {
    fn named(view: &View<'_>, group: &Group, input: &FilterLogEventsRequest) -> Result<Self> {
        match (&input.log_stream_names, &input.log_stream_name_prefix) {
            (Some(_), Some(_)) => Err(refusals::invalid(
                "logStreamNamePrefix and logStreamNames are mutually exclusive parameters. Only one of these parameters \
                 can be passed.",
            )
            .into()),
            (Some(streams), None) => {
                let id = |name: &String| Ok(names::stream(view, group, &names::stream_name(name)?)?.id);
                Ok(Self::some(streams.iter().map(id).collect::<Result<_>>()?))
            }
            (None, Some(prefix)) => {
                let mut ids = Vec::new();
                let range = STREAMS.starting_at(&group.id, &(group.id, prefix.clone()));
                STREAMS.visit(view, &range, |(_, name), stream| {
                    if !name.starts_with(prefix.as_str()) {
                        return ControlFlow::Break(());
                    }
                    ids.push(stream.id);
                    ControlFlow::Continue(())
                })?;
                Ok(Self::some(ids))
            }
            (None, None) => Ok(Self::All),
        }
    }

    fn some(mut ids: Vec<u64>) -> Self {
        ids.sort_unstable();
        Self::Some(ids)
    }

    /// The stream, if it is the only one.
    fn only(&self) -> Option<u64> {
        match self {
            Self::Some(ids) if ids.len() == 1 => ids.first().copied(),
            _ => None,
        }
    }

    fn include(&self, stream: u64) -> bool {
        match self {
            Self::All => true,
            Self::Some(ids) => ids.binary_search(&stream).is_ok(),
        }
    }
}

/// What a search has found so far.
struct Search {
    /// The streams' names; `None` for a stream that is gone.
    labels: HashMap<u64, Option<String>>,
    group: u64,
    found: Vec<FilteredLogEvent>,
    bytes: u64,
    limit: usize,
}

impl Search {
    /// Takes an event in; says whether there was room.
    fn take(&mut self, read: &impl Read, place: Place, event: Event) -> std::result::Result<bool, Fault> {
        let label = match self.labels.get(&event.stream) {
            Some(label) => label.clone(),
            None => {
                let label = LABELS.get(read, &(self.group, event.stream))?.map(|label| label.name);
                self.labels.insert(event.stream, label.clone());
                label
            }
        };
        let Some(stream) = label else { return Ok(true) };
        self.bytes += event.size();
        if self.found.len() == self.limit || (self.bytes > ANSWER_BYTES_MAX && !self.found.is_empty()) {
            return Ok(false);
        }
        self.found.push(FilteredLogEvent {
            log_stream_name: Some(stream),
            timestamp: Some(place.time.millis()),
            message: Some(event.message),
            ingestion_time: Some(event.ingested.millis()),
            event_id: Some(place.digits(event.stream)),
        });
        Ok(true)
    }
}
