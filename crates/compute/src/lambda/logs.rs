//! What functions print, on its way to CloudWatch Logs: gathered in memory for a moment, then
//! written through the door as the function's role. A role without the permission loses its lines,
//! as on AWS, and the engine's log says so once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use updraft_api::logs as api;
use updraft_kernel::{As, Caller, Engine, Error, FunctionSpec, LogSink, Result, ServeCx};
use updraft_types::{Arn, Scope, Timestamp};

/// How long a line may wait.
const DELAY_MAX: Duration = Duration::from_millis(100);

/// How many bytes of lines may wait; what comes on top is dropped, and the log says so.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// One `PutLogEvents`: how many events, how many bytes with what each event counts on top, and how
/// long one event may be ("PutLogEvents", CloudWatch Logs API reference, read 2026-11).
const EVENTS_MAX: usize = 10_000;
const BATCH_BYTES_MAX: usize = 1_048_576;
const EVENT_OVERHEAD_BYTES: usize = 26;
const EVENT_BYTES_MAX: usize = BATCH_BYTES_MAX - EVENT_OVERHEAD_BYTES;

/// How many execution environments' roles are remembered.
const ROLES_MAX: usize = 10_000;

/// The lines of all functions.
pub struct FunctionLogs {
    waiting: Mutex<Waiting>,
    changed: Notify,
    engine: OnceLock<Weak<Engine>>,
    /// The role that each kind of environment runs as.
    roles: Mutex<HashMap<String, Arn>>,
    /// Functions whose lines were dropped, so that it is said once.
    told: Mutex<HashSet<Arn>>,
    /// Writes go one after another, so that a stream's lines keep their order.
    turn: Semaphore,
}

#[derive(Default)]
struct Waiting {
    streams: HashMap<(String, String), Stream>,
    bytes: usize,
    dropped: u64,
}

struct Stream {
    spec: Arc<FunctionSpec>,
    lines: Vec<(Timestamp, String)>,
}

impl FunctionLogs {
    /// Lines are kept until an engine is attached.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            changed: Notify::new(),
            engine: OnceLock::new(),
            roles: Mutex::default(),
            told: Mutex::default(),
            turn: Semaphore::new(1),
        })
    }

    /// Begins to write lines, through the engine's door.
    pub fn attach(self: &Arc<Self>, engine: &Arc<Engine>) {
        // A second engine in one process has logs of its own; the first one stays.
        if self.engine.set(Arc::downgrade(engine)).is_err() {
            tracing::warn!("function logs are attached to an engine already");
            return;
        }
        tokio::spawn(write(self.clone(), Arc::downgrade(engine)));
    }

    /// Says as whom the lines of these environments are written.
    pub(crate) fn know(&self, instance_key: &str, role: &Arn) {
        let mut roles = lock(&self.roles);
        if roles.get(instance_key) == Some(role) {
            return;
        }
        if roles.len() >= ROLES_MAX {
            roles.clear();
        }
        roles.insert(instance_key.to_owned(), role.clone());
    }

    /// Writes what waits; resolves when it is written or dropped.
    pub async fn flush(&self) {
        let Some(engine) = self.engine.get().and_then(Weak::upgrade) else { return };
        let Ok(_turn) = self.turn.acquire().await else { return };
        let (streams, dropped) = {
            let mut waiting = lock(&self.waiting);
            waiting.bytes = 0;
            (std::mem::take(&mut waiting.streams), std::mem::take(&mut waiting.dropped))
        };
        if dropped > 0 {
            tracing::warn!(
                lines = dropped,
                "functions print faster than it can be written; lines were dropped"
            );
        }
        let writes = streams.into_iter().map(|((_, name), stream)| self.write_stream(&engine, name, stream));
        futures::future::join_all(writes).await;
    }

    async fn write_stream(&self, engine: &Arc<Engine>, name: String, stream: Stream) {
        let Stream { spec, lines } = stream;
        let Some(role) = lock(&self.roles).get(&spec.instance_key).cloned() else {
            return self.tell(&spec, "its role is not known");
        };
        let scope = Scope::new(spec.account, spec.region.clone());
        let cx = engine
            .enter(scope, Caller::service("lambda.amazonaws.com", spec.account, Some(spec.function.clone())));
        let session = As::Role { role, session: spec.name.clone(), service: "lambda.amazonaws.com" };
        let caller = match cx.resolve(session) {
            Ok(caller) => caller,
            Err(error) => return self.tell(&spec, &error.to_string()),
        };
        for batch in batches(lines) {
            if let Err(error) = put(&cx, &caller, &spec.log_group, &name, batch).await {
                self.tell(&spec, &error.to_string());
            }
        }
    }

    /// Says once per function that its lines are lost.
    fn tell(&self, spec: &FunctionSpec, why: &str) {
        if lock(&self.told).insert(spec.function.clone()) {
            tracing::warn!(function = %spec.function, log_group = spec.log_group, why, "a function's log lines are dropped");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogSink for FunctionLogs {
    fn line(&self, spec: &Arc<FunctionSpec>, stream: &str, at: Timestamp, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let mut waiting = lock(&self.waiting);
        let cost = text.len() + EVENT_OVERHEAD_BYTES;
        if waiting.bytes + cost > WAITING_BYTES_MAX {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.bytes == 0;
        waiting.bytes += cost;
        waiting
            .streams
            .entry((spec.instance_key.clone(), stream.to_owned()))
            .or_insert_with(|| Stream { spec: spec.clone(), lines: Vec::new() })
            .lines
            .push((at, text.into_owned()));
        drop(waiting);
        if first {
            self.changed.notify_one();
        }
    }
}

/// Writes waiting lines, a moment after the first came, as long as the engine is there.
async fn write(logs: Arc<FunctionLogs>, engine: Weak<Engine>) {
    loop {
        logs.changed.notified().await;
        let Some(engine) = engine.upgrade() else { return };
        let clock = engine.clock();
        clock.sleep_until(clock.now().plus(DELAY_MAX)).await;
        logs.flush().await;
    }
}

/// Lines in order of time, cut into what one call takes.
fn batches(mut lines: Vec<(Timestamp, String)>) -> Vec<Vec<api::InputLogEvent>> {
    lines.sort_by_key(|(at, _)| *at);
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    for (at, mut message) in lines {
        // An empty line has no place in a log event, which has at least one character.
        if message.is_empty() {
            message.push('\n');
        }
        let end = message.floor_char_boundary(EVENT_BYTES_MAX);
        message.truncate(end);
        let cost = message.len() + EVENT_OVERHEAD_BYTES;
        if batch.len() == EVENTS_MAX || bytes + cost > BATCH_BYTES_MAX {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += cost;
        batch.push(api::InputLogEvent { timestamp: at.millis(), message });
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

/// Writes one batch; the group and the stream are made when they are missing.
async fn put(
    cx: &ServeCx,
    caller: &Caller,
    group: &str,
    stream: &str,
    events: Vec<api::InputLogEvent>,
) -> Result<()> {
    let who = || As::Principal(caller.clone());
    let input = || api::PutLogEventsRequest {
        log_group_name: group.to_owned(),
        log_stream_name: stream.to_owned(),
        log_events: events.clone(),
        ..api::PutLogEventsRequest::default()
    };
    match cx.call::<api::ops::PutLogEvents>(who(), input()).await {
        Err(Error::Refused(refusal)) if refusal.code == "ResourceNotFoundException" => {}
        other => return other.map(|_| ()),
    }
    let group = api::CreateLogGroupRequest { log_group_name: group.to_owned(), ..Default::default() };
    let named = group.log_group_name.clone();
    made(cx.call::<api::ops::CreateLogGroup>(who(), group).await)?;
    let stream = api::CreateLogStreamRequest { log_group_name: named, log_stream_name: stream.to_owned() };
    made(cx.call::<api::ops::CreateLogStream>(who(), stream).await)?;
    cx.call::<api::ops::PutLogEvents>(who(), input()).await.map(|_| ())
}

/// Made now or there before: a role that may write but not create groups is a usual one, so a
/// refused creation is no failure yet either.
fn made<T>(result: Result<T>) -> Result<()> {
    match result {
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_in_order_and_within_bounds() {
        let line = |at: i64, length: usize| (Timestamp::from_millis(at), "x".repeat(length));
        let all = batches(vec![line(2, 1), line(1, 0), line(3, 2 << 20)]);
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!((all[0][0].timestamp, all[0][0].message.as_str()), (1, "\n"));
        assert_eq!(all[1][0].message.len(), EVENT_BYTES_MAX);
        let many = batches((0..25_000).map(|at| line(at, 1)).collect());
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [10_000, 10_000, 5_000]);
    }
}
