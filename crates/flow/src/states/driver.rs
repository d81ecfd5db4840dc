//! Holds the live executions: each in a task of its own that takes inputs, steps, writes what came
//! about in one transaction, and only then does what the step asked for.
//!
//! A step goes on until nothing can go on without the world, so a chain of states costs one
//! transaction and not one each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use updraft_kernel::{AtStart, Caller, Direction, ExecutionStep, FactKind, Fault, Result, ServeCx};
use updraft_lang::asl::{
    self, Action, Ending, HistoryEvent, Identity, Input, Run, Step, TaskKind, TaskStart,
};
use updraft_types::states::StateMachineAt;
use updraft_types::{Arn, Resource as _, Timestamp};

use super::context::{self, Chance};
use super::definitions::{self, Definitions};
use super::logging;
use super::model::{
    BY_START, Chapter, EXECUTIONS, Execution, ExecutionKey, FALLEN, HISTORY, MachineType, RUNS, Revision,
    Snapshot, Status,
};
use super::tasks::{self, Activities};

/// How many inputs are taken into one transaction at most.
const INPUTS_PER_COMMIT_MAX: usize = 256;

/// The longest an Express execution may take ("Step Functions service quotas", read 2026-11).
const EXPRESS_MILLIS_MAX: i64 = 5 * 60 * 1_000;

/// The holder of the live executions.
#[derive(Default)]
pub(crate) struct Driver {
    base: OnceLock<ServeCx>,
    live: Mutex<HashMap<ExecutionKey, mpsc::UnboundedSender<Message>>>,
    waiters: Mutex<HashMap<ExecutionKey, Vec<oneshot::Sender<()>>>>,
    pub activities: Activities,
    pub definitions: Definitions,
}

/// Something for an execution.
pub(crate) struct Message {
    pub input: Input,
    /// The token it came with, if it came from outside.
    pub token: Option<String>,
    /// Told whether it was taken, once that is durable.
    pub done: Option<oneshot::Sender<bool>>,
}

impl From<Input> for Message {
    fn from(input: Input) -> Self {
        Self { input, token: None, done: None }
    }
}

/// An execution as a task holds it.
pub(crate) struct Live {
    pub driver: Arc<Driver>,
    pub cx: ServeCx,
    pub key: ExecutionKey,
    pub arn: Arn,
    /// The machine's plain name.
    pub machine_name: String,
    pub kind: MachineType,
    pub execution: Execution,
    pub run: Run,
    pub machine: Arc<asl::Machine>,
    pub revision: Arc<Revision>,
    pub identity: Arc<Identity>,
    sender: mpsc::UnboundedSender<Message>,
    receiver: mpsc::UnboundedReceiver<Message>,
    under_way: HashMap<(u32, u64), AbortHandle>,
    /// An Express execution's history, which is nowhere else.
    pub told: Vec<HistoryEvent>,
}

impl AtStart for Driver {
    fn start(&self, cx: ServeCx) {
        // The engine starts once.
        let _ = self.base.set(cx);
    }
}

/// Goes on with every execution that was under way when the engine last ended.
pub(crate) struct Resume(pub Arc<Driver>);

impl AtStart for Resume {
    fn start(&self, cx: ServeCx) {
        let driver = self.0.clone();
        let spawner = cx.clone();
        spawner.spawn(async move {
            if let Err(error) = driver.resume(&cx) {
                tracing::error!(%error, "executions under way could not be read");
            }
        });
    }
}

impl Driver {
    /// A context in a scope for work that no call began; calls of such work begin at depth 0.
    pub fn context(&self, scope: &updraft_types::Scope) -> Result<ServeCx> {
        let base = self.base.get().ok_or_else(|| Fault::new("find the context of the engine's start"))?;
        Ok(base.enter(scope.clone(), Caller::service("states.amazonaws.com", scope.account, None)))
    }

    fn resume(self: &Arc<Self>, cx: &ServeCx) -> Result<()> {
        let mut found = Vec::new();
        cx.view(|view| {
            RUNS.visit(view, &RUNS.range(&(), None, Direction::Forward), |key, snapshot| {
                found.push((key, snapshot));
                std::ops::ControlFlow::Continue(())
            })
        })?;
        for (key, Snapshot(run)) in found {
            let arn = super::names_of(&key);
            match self.load(&key, run) {
                Ok(live) => live.go_on(),
                Err(error) => tracing::error!(%error, execution = %arn, "an execution could not be resumed"),
            }
        }
        Ok(())
    }

    /// An execution from its records.
    pub fn load(self: &Arc<Self>, key: &ExecutionKey, run: Run) -> Result<Live> {
        let cx = self.context(&key.0)?;
        let machine_name = key.1.split('/').next().unwrap_or_default().to_owned();
        let (execution, loaded) = cx.view(|view| -> Result<_> {
            let execution = EXECUTIONS.get(view, key)?;
            let execution =
                execution.ok_or_else(|| Fault::new("find the record of an execution under way"))?;
            let loaded = self.definitions.load(view, &key.0, &machine_name, &execution.revision)?;
            Ok((execution, loaded))
        })?;
        let arn = super::names_of(key);
        Live::new(self.clone(), cx, key.clone(), arn, MachineType::Standard, execution, run, loaded)
    }

    /// Hands something to a live execution; says whether it is one.
    pub fn send(&self, key: &ExecutionKey, message: Message) -> bool {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.get(key).is_some_and(|sender| sender.send(message).is_ok())
    }

    /// The same, and waits until it is durable; says whether it was taken.
    pub async fn deliver(&self, key: &ExecutionKey, input: Input, token: Option<String>) -> bool {
        let (done, taken) = oneshot::channel();
        self.send(key, Message { input, token, done: Some(done) }) && taken.await.unwrap_or(false)
    }

    /// Resolves when the execution has ended.
    pub async fn ended(&self, cx: &ServeCx, key: &ExecutionKey) -> Result<Execution> {
        let (wake, woken) = oneshot::channel();
        self.waiters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key.clone())
            .or_default()
            .push(wake);
        let find = || cx.view(|view| EXECUTIONS.get(view, key));
        let found = find()?.ok_or_else(|| Fault::new("find an execution that is waited for"))?;
        if found.status != Status::Running {
            // It ended before it was waited for: nobody else would take the waiter away.
            self.wake_waiters(key);
            return Ok(found);
        }
        // Whoever drops the other end has ended, too.
        let _ = woken.await;
        Ok(find()?.ok_or_else(|| Fault::new("find an execution that is waited for"))?)
    }

    fn wake_waiters(&self, key: &ExecutionKey) {
        let waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        for wake in waiters.into_iter().flatten() {
            // Who waited may have gone.
            let _ = wake.send(());
        }
    }
}

impl Live {
    #[expect(clippy::too_many_arguments, reason = "the parts of an execution, each known to the callers")]
    pub fn new(
        driver: Arc<Driver>,
        cx: ServeCx,
        key: ExecutionKey,
        arn: Arn,
        kind: MachineType,
        execution: Execution,
        run: Run,
        loaded: definitions::Loaded,
    ) -> Result<Self> {
        let machine_name = key.1.split('/').next().unwrap_or_default().to_owned();
        let machine = match &execution.child_of {
            None => loaded.machine,
            Some(child) => {
                let machine = definitions::of_child(&loaded.machine, child);
                Arc::new(machine.ok_or_else(|| Fault::new("find the Map of a child execution"))?)
            }
        };
        let input = serde_json::from_str(&execution.input)
            .map_err(|error| Fault::because("read an execution's input again", error))?;
        let name = key.2.split(':').next().unwrap_or_default().to_owned();
        let identity =
            context::identity(&key.0, &machine_name, &arn, &name, &execution, input, &loaded.revision);
        let (sender, receiver) = mpsc::unbounded_channel();
        Ok(Self {
            driver,
            cx,
            key,
            arn,
            machine_name,
            kind,
            execution,
            run,
            machine,
            revision: loaded.revision,
            identity: Arc::new(identity),
            sender,
            receiver,
            under_way: HashMap::new(),
            told: Vec::new(),
        })
    }

    /// One step.
    pub fn step(&mut self, input: Input) -> (Vec<HistoryEvent>, Vec<Action>) {
        let now = self.cx.now().millis();
        let ids = self.cx.clone();
        let mut chance = Chance { ids: ids.ids(), now };
        let identity = self.identity.clone();
        let mut step = Step::new(now, &mut chance, &identity);
        self.run.advance(&self.machine, input, &mut step);
        (step.events, step.actions)
    }

    /// Becomes a task of its own, after a crash: what was under way begins again.
    fn go_on(mut self) {
        for (start, submitted) in self.run.under_way() {
            self.begin(start, submitted);
        }
        self.spawn();
    }

    /// Becomes a task of its own, with what its first step asked for.
    pub fn set_off(mut self, actions: Vec<Action>) {
        self.act(actions);
        self.spawn();
    }

    fn spawn(mut self) {
        let mut live = self.driver.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.insert(self.key.clone(), self.sender.clone());
        drop(live);
        let cx = self.cx.clone();
        cx.spawn(async move {
            let (driver, key, arn) = (self.driver.clone(), self.key.clone(), self.arn.clone());
            let ended = self.live_on().await;
            driver.live.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            driver.wake_waiters(&key);
            if let Err(error) = ended {
                tracing::error!(%error, execution = %arn, "an execution could not go on; it is resumed at the next start");
            }
        });
    }

    /// Goes on to the end, in the caller's own time.
    pub async fn into_end(mut self, actions: Vec<Action>) -> Result<(Execution, Vec<HistoryEvent>)> {
        self.act(actions);
        self.live_on().await?;
        Ok((self.execution, self.told))
    }

    async fn live_on(&mut self) -> Result<()> {
        while self.run.ending().is_none() {
            let first = self.next().await;
            let mut events = Vec::new();
            let mut actions = Vec::new();
            let mut answers = Vec::new();
            let mut message = Some(first);
            let mut count = 0;
            while let Some(Message { input, token, done }) = message.take() {
                let taken = self.may_take(&input, token.as_deref());
                if taken {
                    let (told, asked) = self.step(input);
                    events.extend(told);
                    actions.extend(asked);
                }
                answers.extend(done.map(|done| (done, taken)));
                count += 1;
                if count < INPUTS_PER_COMMIT_MAX && self.run.ending().is_none() {
                    message = self.receiver.try_recv().ok();
                }
            }
            self.commit(events).await?;
            self.act(actions);
            for (done, taken) in answers {
                // Nobody waits any more when the caller hung up.
                let _ = done.send(taken);
            }
        }
        Ok(())
    }

    /// What comes next: a message, or the time that something waits for.
    async fn next(&mut self) -> Message {
        if self.run.has_work() {
            return Input::Wake.into();
        }
        let wake = self.run.next_wake();
        let wake = match self.kind {
            MachineType::Standard => wake,
            MachineType::Express => {
                let last = self.execution.started.millis() + EXPRESS_MILLIS_MAX;
                Some(wake.map_or(last, |wake| wake.min(last)))
            }
        };
        let pause = async {
            match wake {
                Some(at) => self.cx.sleep_until(Timestamp::from_millis(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = self.receiver.recv() => message.unwrap_or_else(|| Input::Wake.into()),
            () = pause => {
                let overdue = self.kind == MachineType::Express
                    && self.cx.now().millis() >= self.execution.started.millis() + EXPRESS_MILLIS_MAX;
                if overdue { Input::Expire.into() } else { Input::Wake.into() }
            }
        }
    }

    /// Whether an input is for this execution as it stands: its token must be the one waited for.
    fn may_take(&self, input: &Input, token: Option<&str>) -> bool {
        let Some(token) = token else { return true };
        match input {
            Input::Succeeded { frame, attempt, .. }
            | Input::Failed { frame, attempt, .. }
            | Input::Taken { frame, attempt, .. }
            | Input::Heartbeat { frame, attempt } => self.run.token(*frame, *attempt) == Some(token),
            _ => true,
        }
    }

    /// Writes what came about.
    pub async fn commit(&mut self, events: Vec<HistoryEvent>) -> Result<()> {
        let went_on = self.execution.stopped.is_none();
        self.note_ending();
        logging::tell(self, &events);
        if self.kind == MachineType::Express {
            self.told.extend(events);
        } else {
            let (key, execution, run) = (self.key.clone(), self.execution.clone(), self.run.clone());
            self.cx.transact(move |cx| write(cx, &key, &execution, &run, events, false)).await?;
        }
        if went_on {
            self.count_ending();
        }
        Ok(())
    }

    /// Records that the execution has begun.
    pub fn count_start(&self) {
        self.count(ExecutionStep::Started);
    }

    /// Records how the execution has ended, if it has.
    pub fn count_ending(&self) {
        let Some(stopped) = self.execution.stopped else { return };
        let took = stopped.since(self.execution.started);
        self.count(match self.execution.status {
            Status::Succeeded => ExecutionStep::Succeeded(took),
            Status::Failed => ExecutionStep::Failed(took),
            Status::Aborted => ExecutionStep::Aborted(took),
            Status::TimedOut => ExecutionStep::TimedOut(took),
            _ => return,
        });
    }

    fn count(&self, step: ExecutionStep) {
        let machine = StateMachineAt(&self.key.1).arn(&self.key.0);
        self.cx.emit(FactKind::Execution { machine, step });
    }

    /// Takes the run's ending into the record.
    pub fn note_ending(&mut self) {
        let Some(ending) = self.run.ending() else { return };
        let execution = &mut self.execution;
        execution.stopped = Some(self.cx.now());
        let failed = |execution: &mut Execution, status, failure: &asl::Failure| {
            execution.status = status;
            execution.error.clone_from(&failure.error);
            execution.cause.clone_from(&failure.cause);
        };
        match ending {
            Ending::Succeeded(output) => {
                execution.status = Status::Succeeded;
                execution.output = Some(output.to_string());
            }
            Ending::Failed(failure) => failed(execution, Status::Failed, failure),
            Ending::Aborted(failure) => failed(execution, Status::Aborted, failure),
            Ending::TimedOut => execution.status = Status::TimedOut,
            Ending::Passed(..) | Ending::Retriable(..) | Ending::Caught(..) => {}
        }
    }

    /// Does what a step asked for.
    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Start(start) => self.begin(*start, false),
                Action::Cancel { frame, attempt } => {
                    if let Some(task) = self.under_way.remove(&(frame, attempt)) {
                        task.abort();
                    }
                    self.driver.activities.forget(&self.key, frame, attempt);
                }
            }
        }
    }

    fn begin(&mut self, start: TaskStart, submitted: bool) {
        if let TaskKind::Activity(arn) = &start.kind {
            if !submitted {
                self.driver.activities.offer(arn.clone(), self.key.clone(), start);
            }
            return;
        }
        let place = (start.frame, start.attempt);
        self.under_way.retain(|_, task| !task.is_finished());
        let task = tasks::Task {
            driver: self.driver.clone(),
            cx: self.cx.clone(),
            key: self.key.clone(),
            arn: self.arn.clone(),
            machine: self.machine_name.clone(),
            revision: self.revision.clone(),
            revision_id: self.execution.revision.clone(),
            child_of: self.execution.child_of.clone(),
            start,
            submitted,
            sender: self.sender.clone(),
        };
        self.under_way.insert(place, tokio::spawn(task.run()).abort_handle());
    }
}

/// Writes an execution and what is new of its history.
pub(crate) fn write(
    cx: &mut updraft_kernel::Cx<'_>,
    key: &ExecutionKey,
    execution: &Execution,
    run: &Run,
    events: Vec<HistoryEvent>,
    first: bool,
) -> Result<()> {
    if let Some(event) = events.first() {
        let place = (key.0.clone(), key.1.clone(), key.2.clone(), event.id);
        HISTORY.put(cx, &place, &Chapter(events))?;
    }
    let ended = run.ending().is_some();
    if first || ended {
        EXECUTIONS.put(cx, key, execution)?;
    }
    if first {
        BY_START.put(cx, &(key.0.clone(), key.1.clone(), execution.started, key.2.clone()), &())?;
    }
    match (ended, execution.status) {
        (false, _) => RUNS.put(cx, key, &Snapshot(run.clone()))?,
        (true, Status::Succeeded) if first => {}
        (true, status) => {
            RUNS.delete(cx, key);
            if status != Status::Succeeded {
                FALLEN.put(cx, key, &Snapshot(run.clone()))?;
            }
        }
    }
    Ok(())
}
