//! An execution environment: a sandbox with its runtime, connections and log, and what survives when
//! the sandbox is replaced after a crash: the name, the `/tmp`.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use updraft_kernel::{Clock, ConnectionSink, Credentials, Fault, FunctionSpec, Ids, LogSink};
use updraft_types::Timestamp;

use crate::call::Ticket;
use crate::config::{INIT_ERROR_GRACE, RESPONSE_MAX};
use crate::freezer::Freezer;
use crate::lines;
use crate::logs::Log;
use crate::pool::Pool;
use crate::rapi::{Connection, Next, Progress, Request, Route, accepted, assignment, refused};
use crate::runtimes::Runtime;
use crate::sandbox::{EARLY_SCRATCH_MIB, Exit, Factory, Sandbox, Scratch};
use crate::spawner::{AssignSpec, EarlyStart, ScratchSpec};
use crate::vars;

/// The most connections to the Runtime API at once; AWS's clients use two at most.
const CONNECTIONS_MAX: usize = 32;

/// How many requests are taken before others get their turn.
const REQUESTS_PER_TURN: usize = 32;

/// The world as environments need it.
pub(crate) struct World {
    pub(crate) factory: Arc<Factory>,
    pub(crate) pool: Pool,
    pub(crate) logs: Arc<dyn LogSink>,
    pub(crate) door: Arc<dyn ConnectionSink>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) door_port: u16,
    /// How many may start at the same time. More would only take longer, each past its limit.
    pub(crate) starts: Semaphore,
}

/// What a runtime did, or what became of it.
#[derive(Debug)]
pub(crate) enum Happening {
    /// It asks for an event.
    Ready,
    /// It answered the call.
    Answered(Bytes),
    /// It answered with more than may be answered.
    TooLarge,
    /// It reported that the call failed.
    Failed(Bytes),
    /// It reported that it cannot start.
    InitFailed { kind: Option<String>, document: Bytes },
    /// It ended.
    Exited(Exit),
}

/// Why an init phase did not end well.
#[derive(Debug)]
pub(crate) enum InitFailure {
    TimedOut,
    Reported { kind: String, document: Bytes },
    Exited(Exit),
}

/// An execution environment.
pub(crate) struct Environment {
    pub(crate) spec: Arc<FunctionSpec>,
    runtime: Arc<Runtime>,
    world: Arc<World>,
    pub(crate) log: Log,
    /// Its `/tmp`, once it has had a sandbox.
    scratch: Option<Arc<Scratch>>,
    credentials: Credentials,
    live: Option<Live>,
    /// Whether an init phase was ever tried: the first is not part of a call.
    pub(crate) tried: bool,
    /// The most memory any of its sandboxes used.
    memory_max_mib: u32,
    ticket: Arc<Ticket>,
}

/// What ends with a sandbox.
struct Live {
    sandbox: Sandbox,
    freezer: Arc<Freezer>,
    connections: Vec<(u64, Connection)>,
    next_connection: u64,
    /// The connection on which the runtime waits for an event.
    parked: Option<u64>,
    /// The call that runs.
    current: Option<String>,
    door: Option<JoinHandle<()>>,
    /// What a runtime that was started early is told when it asks what it is.
    assignment: Option<Vec<u8>>,
    /// The connection on which it asked.
    asked: Option<u64>,
}

impl Environment {
    pub(crate) fn new(
        world: Arc<World>,
        spec: Arc<FunctionSpec>,
        runtime: Arc<Runtime>,
        credentials: Credentials,
        ticket: Ticket,
    ) -> Self {
        let name = stream_name(&*world.clock, &*world.ids, &spec.version);
        let log = Log::new(Arc::clone(&spec), name, Arc::clone(&world.logs), Arc::clone(&world.clock));
        Self {
            scratch: None,
            log,
            spec,
            runtime,
            world,
            credentials,
            live: None,
            tried: false,
            memory_max_mib: 0,
            ticket: Arc::new(ticket),
        }
    }

    /// Until when its credentials are valid.
    pub(crate) fn expires(&self) -> Timestamp {
        self.credentials.expires
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// What freezes it between calls, while it lives.
    pub(crate) fn freezer(&self) -> Option<Arc<Freezer>> {
        self.live.as_ref().map(|live| Arc::clone(&live.freezer))
    }

    /// Whether the runtime is there and has not ended since the last call.
    pub(crate) fn is_alive(&mut self) -> bool {
        let Some(live) = &mut self.live else { return false };
        let ended = poll_fn(|cx| live.sandbox.poll_exit(cx)).now_or_never().is_some();
        if ended {
            self.reset();
        }
        !ended
    }

    /// Runs an init phase: a new sandbox, the runtime in it, until it asks for an event.
    pub(crate) async fn initialise(
        &mut self,
        limit: Duration,
    ) -> Result<Result<Duration, InitFailure>, Fault> {
        let world = Arc::clone(&self.world);
        // Never closed. Waiting for a turn is not part of the init phase.
        let turn = world.starts.acquire().await;
        let begun = Instant::now();
        self.log.aside(&lines::init_start(&self.runtime.log_version(&self.spec.runtime)));
        if !self.tried
            && let Some(note) = self.runtime.note(&self.spec.runtime)
        {
            self.log.aside(&note);
        }
        self.tried = true;
        let early = self.may_start_early();
        self.start(early).await?;
        let until = self.world.clock.now().plus(limit);
        let happening = self.happening(until).await;
        drop(turn);
        // Not before: what is made for later would compete with this start.
        self.world.pool.refill(&self.runtime, early);
        let outcome = match happening {
            Some(Happening::Ready) => {
                self.limit_cpu();
                return Ok(Ok(begun.elapsed()));
            }
            Some(Happening::InitFailed { kind, document }) => {
                let kind = kind.unwrap_or_else(|| error_type(&document));
                // It is given a moment to end by itself, with whatever it still says.
                let grace = self.world.clock.now().plus(INIT_ERROR_GRACE);
                let _ = self.happening(grace.min(until)).await;
                InitFailure::Reported { kind, document }
            }
            Some(Happening::Exited(exit)) => InitFailure::Exited(exit),
            // Nothing was asked of it, so nothing can be answered.
            Some(other) => {
                tracing::debug!(?other, "a runtime answered before it was asked");
                InitFailure::Exited(Exit::Status(0))
            }
            None => InitFailure::TimedOut,
        };
        self.reset();
        Ok(Err(outcome))
    }

    /// Hands the runtime an event. It has asked for one.
    pub(crate) fn deliver(&mut self, next: &Next<'_>) {
        let Some(live) = &mut self.live else { return };
        live.current = Some(next.request_id.to_owned());
        let parked = live.parked.take();
        if let Some((_, connection)) = live.connections.iter_mut().find(|(id, _)| Some(*id) == parked) {
            connection.answer(next.write());
        }
    }

    /// Whether the runtime waits for an event.
    pub(crate) fn is_parked(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.parked.is_some())
    }

    /// The next thing to happen; `None` when it does not before `until`.
    pub(crate) async fn happening(&mut self, until: Timestamp) -> Option<Happening> {
        let mut timer = self.world.clock.sleep_until(until);
        let (live, log) = (&mut self.live, &mut self.log);
        poll_fn(|cx| {
            log.poll(cx);
            let Some(live) = live else { return Poll::Ready(Some(Happening::Exited(Exit::Status(0)))) };
            match live.poll(cx) {
                Poll::Ready(happening) => Poll::Ready(Some(happening)),
                Poll::Pending => timer.poll_unpin(cx).map(|()| None),
            }
        })
        .await
    }

    /// Ends the sandbox; the environment keeps its name and its `/tmp`.
    pub(crate) fn reset(&mut self) {
        self.memory_max_mib = self.memory_max_mib();
        self.live = None;
        self.log.finish();
    }

    /// Whether the kernel killed a process of it for want of memory.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.sandbox.ran_out_of_memory())
    }

    /// The most memory it ever used; its high-water mark is never reset, as on Lambda.
    pub(crate) fn memory_max_mib(&self) -> u32 {
        let now = self.live.as_ref().and_then(|live| live.sandbox.memory_peak_mib());
        now.unwrap_or_default().max(self.memory_max_mib).min(self.spec.memory_mib)
    }

    async fn start(&mut self, early: Option<u32>) -> Result<(), Fault> {
        let mut sandbox = self.world.pool.take(&self.runtime, early).await?;
        sandbox.limit_memory(self.spec.memory_mib, &self.world.clock)?;
        if let Some((output, frames)) = sandbox.take_logs() {
            let attached = self.log.attach(output, frames);
            attached.map_err(|error| Fault::because("read a sandbox's log", error))?;
        }
        let door = sandbox.take_door().map(|listener| self.open_door(listener));
        let variables = self.variables();
        let early = sandbox.early_scratch();
        let is_early = early.is_some();
        let scratch = self.scratch.take().or(early).unwrap_or_else(|| Arc::new(self.world.factory.scratch()));
        sandbox.burden(Arc::clone(&self.ticket), Arc::clone(&scratch));
        let (late, assignment) = if is_early {
            (None, Some(assignment(&variables)))
        } else {
            (Some(self.late_start(&scratch, variables)), None)
        };
        self.scratch = Some(scratch);
        let (code, layers) = (self.spec.code.clone(), self.spec.layers.clone());
        sandbox.assign(AssignSpec { sandbox: 0, code, layers, late }).await?;
        self.live = Some(Live {
            freezer: Arc::new(sandbox.freezer()),
            sandbox,
            connections: Vec::new(),
            next_connection: 0,
            parked: None,
            current: None,
            door,
            assignment,
            asked: None,
        });
        Ok(())
    }

    /// For how much memory a runtime may have been started before it knew this function; none where
    /// it must know.
    fn may_start_early(&self) -> Option<u32> {
        let usual = self.spec.ephemeral_mib == EARLY_SCRATCH_MIB && vars::known_late(&self.spec.environment);
        // One that has a `/tmp` already brings it into a sandbox that has none yet.
        (usual && self.scratch.is_none()).then_some(self.spec.memory_mib)
    }

    fn variables(&self) -> BTreeMap<String, String> {
        let (spec, runtime) = (&self.spec, &self.runtime);
        vars::environment(spec, runtime, &self.credentials, self.log.stream(), self.world.door_port)
    }

    fn late_start(&self, scratch: &Scratch, env: BTreeMap<String, String>) -> EarlyStart {
        let factory = &self.world.factory;
        let (spec, runtime) = (&self.spec, &self.runtime);
        let frames = runtime.kind.writes_frames();
        EarlyStart {
            scratch: ScratchSpec { number: scratch.number, mib: spec.ephemeral_mib },
            id: scratch.id,
            start: factory.start_spec(runtime.argv(spec), env, frames, spec.ephemeral_mib),
        }
    }

    /// Hands on the connections to the engine that the function opens.
    fn open_door(&self, listener: TcpListener) -> JoinHandle<()> {
        let (sink, function) = (Arc::clone(&self.world.door), self.spec.function.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = stream.into_std() {
                    sink.accept(stream, function.clone());
                }
            }
        })
    }

    fn limit_cpu(&self) {
        if let Some(live) = &self.live
            && let Err(error) = live.sandbox.cgroup.limit_cpu(self.spec.memory_mib)
        {
            tracing::warn!(function = %self.spec.function, %error, "the CPU share could not be set");
        }
    }
}

impl Live {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        while let Poll::Ready(Ok((stream, _))) = self.sandbox.api.poll_accept(cx) {
            // Past the limit, the connection is closed by dropping it.
            if self.connections.len() < CONNECTIONS_MAX {
                self.connections.push((self.next_connection, Connection::new(stream)));
                self.next_connection += 1;
            }
        }
        for _ in 0..REQUESTS_PER_TURN {
            let Some((index, progress)) = self.poll_connections(cx) else {
                let exit = self.sandbox.poll_exit(cx);
                self.tell_assignment();
                return exit.map(Happening::Exited);
            };
            let happening = match progress {
                Progress::Request(request) => self.take(index, request),
                Progress::Closed => {
                    let (id, _) = self.connections.swap_remove(index);
                    self.parked = self.parked.filter(|parked| *parked != id);
                    None
                }
            };
            if let Some(happening) = happening {
                return Poll::Ready(happening);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Tells a runtime that was started early what it is, once its code is in place.
    fn tell_assignment(&mut self) {
        if !self.sandbox.has_code() {
            return;
        }
        let asked = self.asked.take();
        if let Some((_, connection)) = self.connections.iter_mut().find(|(id, _)| Some(*id) == asked)
            && let Some(assignment) = self.assignment.take()
        {
            connection.answer(assignment);
        }
    }

    fn poll_connections(&mut self, cx: &mut Context<'_>) -> Option<(usize, Progress)> {
        self.connections.iter_mut().enumerate().find_map(|(index, (_, connection))| {
            match connection.poll(cx) {
                Poll::Ready(progress) => Some((index, progress)),
                Poll::Pending => None,
            }
        })
    }

    /// Answers a request, and says what it means for the environment.
    fn take(&mut self, index: usize, request: Request) -> Option<Happening> {
        let (id, connection) = &mut self.connections[index];
        let is_current = |id: &String| self.current.as_ref() == Some(id);
        let happening = match request.route {
            Route::Next => {
                self.parked = Some(*id);
                return Some(Happening::Ready);
            }
            Route::Response { request_id } if is_current(&request_id) => {
                if request.body.len() > RESPONSE_MAX {
                    let message = format!("Exceeded maximum allowed payload size ({RESPONSE_MAX} bytes).");
                    connection.answer(refused("413 Payload Too Large", "RequestEntityTooLarge", &message));
                    self.current = None;
                    return Some(Happening::TooLarge);
                }
                self.current = None;
                Happening::Answered(request.body)
            }
            Route::Error { request_id } if is_current(&request_id) => {
                self.current = None;
                Happening::Failed(request.body)
            }
            Route::Assignment if self.assignment.is_some() => {
                self.asked = Some(*id);
                return None;
            }
            Route::InitError => Happening::InitFailed { kind: request.error_type, document: request.body },
            Route::Response { .. } | Route::Error { .. } => {
                connection.answer(refused("400 Bad Request", "InvalidRequestID", "Invalid request ID"));
                return None;
            }
            Route::Assignment | Route::Unknown => {
                connection.answer(refused("404 Not Found", "NotFound", "There is no such path"));
                return None;
            }
        };
        connection.answer(accepted());
        Some(happening)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.freezer.retire();
        if let Some(door) = &self.door {
            door.abort();
        }
    }
}

/// An environment's name, as Lambda names log streams: `2026/11/23/[$LATEST]<32 hex digits>`.
fn stream_name(clock: &dyn Clock, ids: &dyn Ids, version: &str) -> String {
    format!("{}/[{version}]{}", clock.now().format("%Y/%m/%d"), ids.hex(32))
}

/// The error type that an error document names.
fn error_type(document: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Document {
        #[serde(rename = "errorType")]
        error_type: String,
    }
    serde_json::from_slice::<Document>(document)
        .map_or_else(|_| "Runtime.Unknown".to_owned(), |d| d.error_type)
}
