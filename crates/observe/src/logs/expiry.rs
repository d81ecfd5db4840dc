//! Events that nobody can read any more: expired, or of a group or stream that is gone. Jobs
//! remove them, a chunk to a transaction, so that other writers get their turn.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use updraft_kernel::{Cx, Direction, Job, JobEnd, Result, RunJob, ServeCx};
use updraft_types::Timestamp;

use super::Logs;
use super::model::{EVENTS, GROUPS, LABELS, SIZES, STREAM_EVENTS, STREAMS};

/// How many entries one transaction removes.
const CHUNK: usize = 1_000;

/// How often a group's expired events are removed. Until then they take room, but nobody sees them.
const EXPIRE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Removes a group's expired events, again and again, for as long as its retention stays the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Expire {
    pub group: String,
    pub expiry: u32,
}

impl Job for Expire {
    const KIND: &'static str = "logs.expire";
}

/// Removes what a deleted group held.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CollectGroup {
    pub group: u64,
}

impl Job for CollectGroup {
    const KIND: &'static str = "logs.collect_group";
}

/// Removes what a deleted stream held.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CollectStream {
    pub group: u64,
    pub stream: u64,
}

impl Job for CollectStream {
    const KIND: &'static str = "logs.collect_stream";
}

impl RunJob<Expire> for Logs {
    async fn run(&self, cx: ServeCx, job: Expire) -> Result<JobEnd<Expire>> {
        loop {
            let chunk = job.clone();
            match cx.transact(move |cx| expire(cx, &chunk)).await? {
                Expired::More => {}
                Expired::All => return Ok(JobEnd::Again(cx.now().plus(EXPIRE_EVERY), job)),
                Expired::Over => return Ok(JobEnd::Done),
            }
        }
    }
}

/// What an expiry found.
enum Expired {
    /// There may be more to remove.
    More,
    /// Nothing more for now.
    All,
    /// The group is gone or its retention is another.
    Over,
}

fn expire(cx: &mut Cx<'_>, job: &Expire) -> Result<Expired> {
    let group = GROUPS.get(cx, &(cx.scope().clone(), job.group.clone()))?;
    let Some(group) = group.filter(|group| group.expiry == job.expiry) else { return Ok(Expired::Over) };
    let until = group.expired_before(cx.now());
    let more = remove_events(cx, group.id, until)?;
    Ok(if more { Expired::More } else { Expired::All })
}

impl RunJob<CollectGroup> for Logs {
    async fn run(&self, cx: ServeCx, job: CollectGroup) -> Result<JobEnd<CollectGroup>> {
        let group = job.group;
        while cx.transact(move |cx| remove_events(cx, group, Timestamp::from_millis(i64::MAX))).await? {}
        while cx.transact(move |cx| remove_streams(cx, group)).await? {}
        Ok(JobEnd::Done)
    }
}

impl RunJob<CollectStream> for Logs {
    async fn run(&self, cx: ServeCx, job: CollectStream) -> Result<JobEnd<CollectStream>> {
        let CollectStream { group, stream } = job;
        while cx.transact(move |cx| remove_stream_events(cx, group, stream)).await? {}
        Ok(JobEnd::Done)
    }
}

/// Removes a chunk of a group's events of before `until`; says whether there may be more.
fn remove_events(cx: &mut Cx<'_>, group: u64, until: Timestamp) -> Result<bool> {
    let mut found = Vec::new();
    let range =
        EVENTS.between(&(group, Timestamp::from_millis(i64::MIN)), &(group, until), Direction::Forward);
    EVENTS.visit(cx, &range, |key, event| {
        found.push((key, event.stream, event.size()));
        if found.len() == CHUNK { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    for ((_, time, number), stream, _) in &found {
        EVENTS.delete(cx, &(group, *time, *number));
        STREAM_EVENTS.delete(cx, &(*stream, *time, *number));
    }
    shrink(cx, group, found.iter().map(|(_, _, size)| size).sum())?;
    Ok(found.len() == CHUNK)
}

/// Removes a chunk of a deleted group's streams, and at last its size.
fn remove_streams(cx: &mut Cx<'_>, group: u64) -> Result<bool> {
    let page = STREAMS.page(cx, &group, None, Direction::Forward, CHUNK)?;
    for (key, stream) in &page.entries {
        STREAMS.delete(cx, key);
        LABELS.delete(cx, &(group, stream.id));
    }
    if !page.more {
        SIZES.delete(cx, &group);
    }
    Ok(page.more)
}

/// Removes a chunk of a deleted stream's events.
fn remove_stream_events(cx: &mut Cx<'_>, group: u64, stream: u64) -> Result<bool> {
    let page = STREAM_EVENTS.page(cx, &stream, None, Direction::Forward, CHUNK)?;
    let mut bytes = 0;
    for (key, ()) in &page.entries {
        let at = (group, key.1, key.2);
        bytes += EVENTS.get(cx, &at)?.map_or(0, |event| event.size());
        EVENTS.delete(cx, &at);
        STREAM_EVENTS.delete(cx, key);
    }
    shrink(cx, group, bytes)?;
    Ok(page.more)
}

/// Counts bytes off a group's size, if the group is still there.
fn shrink(cx: &mut Cx<'_>, group: u64, bytes: u64) -> Result<()> {
    if let Some(mut size) = SIZES.get(cx, &group)? {
        size.stored_bytes = size.stored_bytes.saturating_sub(bytes);
        SIZES.put(cx, &group, &size)?;
    }
    Ok(())
}
