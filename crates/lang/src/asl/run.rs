//! One execution: frames that go from state to state, and what moves them.
//!
//! A frame is one line of control: the machine's own, one for each branch of a Parallel, one for each
//! item of an inline Map. Everything here can be written down between two steps and read again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use updraft_types::Arn;

use super::choice::Scope;
use super::context::{Step, data};
use super::data::{Env, Outcome, into_variables};
use super::failure::{DATA_LIMIT, Failure, RUNTIME, TIMEOUT};
use super::history::HistoryEvent;
use super::machine::{Flow, Language, Machine, Next, PathField, State, StateKind, Until};
use super::resource::Service;
use super::timestamps::{iso_millis, parse_rfc3339};

/// The most data a state may pass on ("Step Functions service quotas", read 2026-11): 256 KiB.
pub const DATA_BYTES_MAX: usize = 256 * 1024;

/// The most events of a Standard execution (the same page).
pub const EVENTS_MAX: u64 = 25_000;

/// How many states one step may go through before it gives others their turn.
const STATES_PER_STEP_MAX: usize = 2_000;

/// A Wait's longest time: so many seconds fit into AWS's own counter (recorded at its boundary).
const WAIT_SECONDS_MAX: i64 = i32::MAX as i64;

/// What moves an execution.
#[derive(Debug, Clone)]
pub enum Input {
    /// The beginning: the input, as a value and as it was written.
    Begin {
        /// The value.
        input: Value,
        /// The text.
        text: String,
    },
    /// Time has passed.
    Wake,
    /// The call of a task that goes on was answered.
    Submitted {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
        /// The answer.
        output: Value,
    },
    /// A worker has taken a task.
    Taken {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
        /// Who says it is.
        worker: Option<String>,
    },
    /// A task gave a result.
    Succeeded {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
        /// The result.
        output: Value,
    },
    /// A task failed.
    Failed {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
        /// Why.
        failure: Failure,
    },
    /// A task is still being worked on.
    Heartbeat {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
    },
    /// Somebody wants an end.
    Stop(Failure),
    /// The time that an execution may take is over.
    Expire,
    /// What failed is tried again; the number of such tries.
    Redrive(u64),
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ending {
    /// With an output.
    Succeeded(Value),
    /// With an error.
    Failed(Failure),
    /// It took too long.
    TimedOut,
    /// Somebody stopped it.
    Aborted(Failure),
    /// A single state is done; the next one, if there is one (`TestState`).
    Passed(Value, Option<String>),
    /// A single state would be tried again: which retrier, and after how many seconds.
    Retriable(Failure, usize, u64),
    /// A single state's error was caught: by which catcher, the output, the next state.
    Caught(Failure, usize, Value, String),
}

/// What the holder of an execution is to do.
#[derive(Debug, Clone)]
pub enum Action {
    /// Begin a task.
    Start(Box<TaskStart>),
    /// Give a task up.
    Cancel {
        /// The frame.
        frame: u32,
        /// The attempt.
        attempt: u64,
    },
}

/// A task to begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskStart {
    /// The frame.
    pub frame: u32,
    /// The attempt.
    pub attempt: u64,
    /// The token to send back, where the task waits for it.
    pub token: Option<String>,
    /// What it is.
    pub kind: TaskKind,
    /// Its input.
    pub input: Value,
    /// The role to call as, where the state names one.
    pub role: Option<String>,
    /// The state's name, for the holder's own messages and mocks.
    pub state: String,
}

/// What a task is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TaskKind {
    /// A function.
    Function(Arn),
    /// Work for whoever asks.
    Activity(Arn),
    /// A call.
    Service(Service),
    /// The items of a distributed Map, to be read.
    Read(Box<MapWork>),
    /// A distributed Map, to be carried out.
    Map(Box<MapWork>),
}

/// A distributed Map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapWork {
    /// The run's ARN, as text.
    pub run: String,
    /// The way to the Map's state: each flow's state and branch, then the state.
    pub address: Vec<(String, usize)>,
    /// The Map's state.
    pub state: String,
    /// Whether its children are Express executions.
    pub express: bool,
    /// The children's inputs.
    pub inputs: Vec<Value>,
    /// How many run at once; 0 for no bound of its own.
    pub max_concurrency: u64,
    /// How many items may fail.
    pub tolerated_count: Option<u64>,
    /// How many in a hundred may fail.
    pub tolerated_percentage: Option<f64>,
    /// Where the items are: the reader's resource, arguments and configuration.
    pub reader: Option<(String, Value, Value, Option<u64>)>,
    /// Where the results go: the writer's resource, arguments and configuration.
    pub writer: Option<(Option<String>, Value, Value)>,
}

/// One execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// How many events it has.
    pub(super) events: u64,
    pub(super) frames: BTreeMap<u32, Frame>,
    next_frame: u32,
    pub(super) next_attempt: u64,
    pub(super) ready: VecDeque<u32>,
    deadline: Option<i64>,
    ending: Option<Ending>,
    /// Whether only one state is carried out.
    #[serde(default)]
    pub(super) single: bool,
    /// How many events it may have; Express executions are not bounded so.
    events_max: Option<u64>,
}

/// One line of control.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The frame that waits for this one, and this one's place in it.
    pub parent: Option<(u32, usize)>,
    /// The way to its flow.
    pub address: Vec<(String, usize)>,
    pub state: String,
    pub input: Value,
    pub variables: Map<String, Value>,
    /// The event the next one follows from.
    pub last_event: u64,
    pub entered_event: u64,
    pub before_entered: u64,
    pub entered_at: i64,
    /// How often each retrier was used.
    pub retries: Vec<u64>,
    /// The item of an inline Map.
    pub item: Option<(usize, Value)>,
    pub at: At,
}

/// What a frame is doing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum At {
    /// About to enter its state.
    Door,
    /// About to do what its state does (again).
    Body,
    /// Waiting until a time, then leaving.
    Waiting(i64),
    /// Waiting until a time, then trying again.
    Pausing(i64),
    /// Waiting for a task.
    Task(Box<Waiting>),
    /// Waiting for frames of its own.
    Children(Box<Children>),
    /// Failed with the whole execution; a redrive begins here.
    Fallen,
}

/// A task under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub start: TaskStart,
    /// Whether its call was answered and only the token, the job or the worker is waited for.
    pub submitted: bool,
    pub timeout: Option<i64>,
    pub heartbeat_millis: Option<i64>,
    pub heartbeat: Option<i64>,
}

/// Frames that a frame waits for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Children {
    pub results: Vec<Option<Value>>,
    pub live: Vec<u32>,
    /// The items of an inline Map that have not begun: the next index.
    pub next: usize,
    pub items: Option<Vec<Value>>,
}

impl Run {
    /// An execution that has not begun.
    #[must_use]
    pub fn new(bounded: bool) -> Self {
        Self {
            events: 0,
            frames: BTreeMap::new(),
            next_frame: 0,
            next_attempt: 0,
            ready: VecDeque::new(),
            deadline: None,
            ending: None,
            single: false,
            events_max: bounded.then_some(EVENTS_MAX),
        }
    }

    /// One that carries out a single state (`TestState`).
    #[must_use]
    pub fn single(variables: Map<String, Value>, retries: Vec<u64>) -> Self {
        let mut run = Self { single: true, ..Self::new(false) };
        run.frames
            .insert(0, Frame { variables, retries, ..Frame::new(None, Vec::new(), "", Value::Null, 0) });
        run
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// Whether it can go on at once.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.ending.is_none() && !self.ready.is_empty()
    }

    /// How many events it has.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The variables of the only frame of a single state.
    #[must_use]
    pub fn variables(&self) -> Map<String, Value> {
        self.frames.get(&0).map(|frame| frame.variables.clone()).unwrap_or_default()
    }

    /// When it has to be woken next, in milliseconds.
    #[must_use]
    pub fn next_wake(&self) -> Option<i64> {
        let frames = self.frames.values().filter_map(|frame| match &frame.at {
            At::Waiting(until) | At::Pausing(until) => Some(*until),
            At::Task(task) => [task.timeout, task.heartbeat].into_iter().flatten().min(),
            At::Door | At::Body | At::Children(_) | At::Fallen => None,
        });
        frames.chain(self.deadline).min()
    }

    /// The tasks under way, and whether their calls were answered: what a holder that lost its
    /// memory has to begin again.
    #[must_use]
    pub fn under_way(&self) -> Vec<(TaskStart, bool)> {
        let tasks = self.frames.values().filter_map(|frame| match &frame.at {
            At::Task(task) => Some((task.start.clone(), task.submitted)),
            _ => None,
        });
        tasks.collect()
    }

    /// Whether a task of that frame and attempt is waited for, and the token it has.
    #[must_use]
    pub fn token(&self, frame: u32, attempt: u64) -> Option<&str> {
        self.waiting(frame, attempt).and_then(|task| task.start.token.as_deref())
    }

    fn waiting(&self, frame: u32, attempt: u64) -> Option<&Waiting> {
        match &self.frames.get(&frame)?.at {
            At::Task(task) if task.start.attempt == attempt => Some(task),
            _ => None,
        }
    }

    /// One step: takes the input and goes on as far as it can.
    pub fn advance(&mut self, machine: &Machine, input: Input, step: &mut Step<'_>) {
        let stopped_before = self.ending.is_some();
        match input {
            Input::Redrive(count) if stopped_before => self.redrive(machine, count, step),
            _ if stopped_before => return,
            Input::Begin { input, text } => self.begin(machine, input, text, step),
            Input::Wake => self.wake(machine, step),
            Input::Submitted { frame, attempt, output } => self.submitted(frame, attempt, &output, step),
            Input::Taken { frame, attempt, worker } => self.taken(frame, attempt, worker, step),
            Input::Succeeded { frame, attempt, output } => {
                self.task_succeeded(machine, frame, attempt, output, step);
            }
            Input::Failed { frame, attempt, failure } => {
                self.task_failed(machine, frame, attempt, failure, step);
            }
            Input::Heartbeat { frame, attempt } => self.heartbeat(frame, attempt, step.now),
            Input::Stop(failure) => self.stop(failure, step),
            Input::Expire => self.expire(step),
            Input::Redrive(_) => {}
        }
        for _ in 0..STATES_PER_STEP_MAX {
            if self.ending.is_some() {
                break;
            }
            let Some(id) = self.ready.pop_front() else { break };
            self.go(machine, id, step);
        }
    }

    // ---- beginnings and ends ------------------------------------------------------------------

    fn begin(&mut self, machine: &Machine, input: Value, text: String, step: &mut Step<'_>) {
        let mut details = step.identity.started.clone();
        details.insert("input".to_owned(), Value::String(text));
        details.insert("inputDetails".to_owned(), json!({ "truncated": false }));
        self.emit(step, 0, "ExecutionStarted", Some(Value::Object(details)));
        self.deadline = machine.timeout_seconds.map(|seconds| step.now + seconds as i64 * 1_000);
        let start = machine.flow.start_at.clone();
        let before = self.frames.remove(&0);
        let mut frame = Frame::new(None, Vec::new(), &start, input, 0);
        if let Some(before) = before {
            frame.variables = before.variables;
            frame.retries = before.retries;
        }
        self.frames.insert(0, frame);
        self.next_frame = 1;
        self.ready.push_back(0);
    }

    fn stop(&mut self, failure: Failure, step: &mut Step<'_>) {
        let previous = self.frames.get(&0).map_or(self.events, |frame| frame.last_event);
        self.emit(step, previous, "ExecutionAborted", Some(error_details(&failure)));
        self.end(Ending::Aborted(failure), step);
    }

    fn end(&mut self, ending: Ending, step: &mut Step<'_>) {
        self.ending = Some(ending);
        self.ready.clear();
        self.deadline = None;
        for (id, frame) in &mut self.frames {
            if let At::Task(task) = &frame.at {
                step.actions.push(Action::Cancel { frame: *id, attempt: task.start.attempt });
            }
            frame.at = At::Fallen;
        }
    }

    fn redrive(&mut self, machine: &Machine, count: u64, step: &mut Step<'_>) {
        self.ending = None;
        let previous = self.events;
        self.emit(step, previous, "ExecutionRedriven", Some(json!({ "redriveCount": count })));
        self.deadline = machine.timeout_seconds.map(|seconds| step.now + seconds as i64 * 1_000);
        // The machine's own frame begins its state again, branches and items with it.
        self.frames.retain(|id, _| *id == 0);
        let event = self.events;
        if let Some(frame) = self.frames.get_mut(&0) {
            frame.at = if frame.entered_event == 0 { At::Door } else { At::Body };
            frame.retries.clear();
            frame.last_event = event;
            self.ready.push_back(0);
        }
    }

    fn expire(&mut self, step: &mut Step<'_>) {
        let previous = self.frames.get(&0).map_or(self.events, |frame| frame.last_event);
        self.emit(step, previous, "ExecutionTimedOut", Some(json!({})));
        self.end(Ending::TimedOut, step);
    }

    fn wake(&mut self, machine: &Machine, step: &mut Step<'_>) {
        if self.deadline.is_some_and(|deadline| deadline <= step.now) {
            self.expire(step);
            return;
        }
        let now = step.now;
        let due: Vec<u32> = self
            .frames
            .iter()
            .filter(|(_, frame)| match &frame.at {
                At::Waiting(until) | At::Pausing(until) => *until <= now,
                At::Task(task) => {
                    task.timeout.is_some_and(|t| t <= now) || task.heartbeat.is_some_and(|t| t <= now)
                }
                _ => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            // An earlier one may have taken this one with it.
            let Some(frame) = self.frames.get_mut(&id) else { continue };
            match &frame.at {
                At::Waiting(_) => self.leave_wait(machine, id, step),
                At::Pausing(_) => {
                    frame.at = At::Body;
                    self.ready.push_back(id);
                }
                At::Task(_) => self.task_overdue(machine, id, step),
                _ => {}
            }
            if self.ending.is_some() {
                return;
            }
        }
    }

    // ---- states -------------------------------------------------------------------------------

    fn go(&mut self, machine: &Machine, id: u32, step: &mut Step<'_>) {
        let Some(frame) = self.frames.get(&id) else { return };
        let Some(state) = flow_of(machine, &frame.address).and_then(|flow| flow.state(&frame.state)).cloned()
        else {
            let message = format!("the state '{}' does not exist", frame.state);
            self.fail(machine, id, Failure::new(RUNTIME, message), step);
            return;
        };
        if matches!(frame.at, At::Door) {
            if self.events_max.is_some_and(|max| self.events + 2 > max) {
                let message =
                    format!("The execution reached the maximum number of history events ({EVENTS_MAX}).");
                self.end_badly(Failure::new(RUNTIME, message), step, 0);
                return;
            }
            self.enter(id, &state, step);
        }
        if let Err(failure) = self.body(machine, id, &state, step) {
            self.fail(machine, id, failure, step);
        }
    }

    fn enter(&mut self, id: u32, state: &State, step: &mut Step<'_>) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        let mut details = Map::new();
        data("input", &frame.input, &mut details);
        details.insert("name".to_owned(), Value::String(state.name.clone()));
        let previous = frame.last_event;
        frame.before_entered = previous;
        frame.entered_at = step.now;
        if !self.single {
            frame.retries.clear();
        }
        let kind = format!("{}StateEntered", state.kind.name());
        let event = self.emit(step, previous, &kind, Some(Value::Object(details)));
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.entered_event = event;
            frame.last_event = event;
        }
        let input = self.frames[&id].input.clone();
        step.note("input", || input);
    }

    fn body(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &Arc<State>,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        match &state.kind {
            StateKind::Pass(result) => {
                let env = self.env(id, state, None, step);
                let outcome = pass(&env, state, result.as_ref(), step)?;
                self.leave(machine, id, state, outcome, None, step)
            }
            StateKind::Succeed => {
                let env = self.env(id, state, None, step);
                let outcome = env.pass_on(state, step)?;
                self.leave(machine, id, state, outcome, Some(Next::End), step)
            }
            StateKind::Choice(_) => self.choose(machine, id, state, step),
            StateKind::Wait(wait) => {
                let env = self.env(id, state, None, step);
                let until = wait_until(&env, &wait.until, state, step)?;
                self.set(id, At::Waiting(until));
                if until <= step.now || self.single {
                    self.leave_wait(machine, id, step);
                }
                Ok(())
            }
            StateKind::Fail(fail) => {
                let env = self.env(id, state, None, step);
                let mut words = |words: &Option<super::machine::Words>, field: &str| {
                    words.as_ref().map(|words| env.words(words, field, step)).transpose()
                };
                let error = words(&fail.error, "Error")?;
                let cause = words(&fail.cause, "Cause")?;
                Err(Failure::of(error, cause))
            }
            StateKind::Task(task) => self.begin_task(id, state, task, step),
            StateKind::Parallel(branches) => self.begin_parallel(id, state, branches, step),
            StateKind::Map(map) => self.begin_map(machine, id, state, map, step),
        }
    }

    fn choose(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &Arc<State>,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        let StateKind::Choice(choice) = &state.kind else { return Ok(()) };
        let env = self.env(id, state, None, step);
        let effective = env.path(&state.input_path, &env.input)?;
        let jsonata = state.language == Language::Jsonata;
        if !jsonata {
            step.note("afterInputPath", || effective.clone());
        }
        let bindings = jsonata.then(|| env.bindings(None, None));
        let scope = Scope {
            input: &effective,
            context: &env.context,
            variables: &env.variables,
            bindings: bindings.as_ref(),
        };
        for (index, way) in choice.choices.iter().enumerate() {
            let field = format!("Choices[{index}]/Condition");
            if !way.rule.holds(&scope, &field, step.entropy)? {
                continue;
            }
            let assigned = match &way.assign {
                Some(assign) => env.payload(assign, &format!("Choices[{index}]/Assign"), &effective, step)?,
                None => Value::Null,
            };
            let output = match (&way.output, jsonata) {
                (Some(output), _) => env.dynamic(output, &format!("Choices[{index}]/Output"), None, step)?,
                (None, true) => env.input.clone(),
                (None, false) => env.path(&state.output_path, &effective)?,
            };
            let outcome = Outcome { output, assigned: into_variables(assigned) };
            return self.leave(machine, id, state, outcome, Some(Next::State(way.next.clone())), step);
        }
        let Some(default) = &choice.default else {
            let message = "Failed to transition out of the state. The state does not point to a next state.";
            return Err(Failure::in_state("States.NoChoiceMatched", message));
        };
        let outcome = env.pass_on(state, step)?;
        self.leave(machine, id, state, outcome, Some(Next::State(default.clone())), step)
    }

    fn leave_wait(&mut self, machine: &Machine, id: u32, step: &mut Step<'_>) {
        let Some(frame) = self.frames.get(&id) else { return };
        let Some(state) = flow_of(machine, &frame.address).and_then(|flow| flow.state(&frame.state)).cloned()
        else {
            return;
        };
        let env = self.env(id, &state, None, step);
        let left = env
            .pass_on(&state, step)
            .and_then(|outcome| self.leave(machine, id, &state, outcome, None, step));
        if let Err(failure) = left {
            self.fail(machine, id, failure, step);
        }
    }

    /// Leaves a state with its outcome, to the next one or to the end of the flow.
    pub(super) fn leave(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &State,
        outcome: Outcome,
        next: Option<Next>,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        let Outcome { output, assigned } = outcome;
        if output.to_string().len() > DATA_BYTES_MAX {
            return Err(too_large(&state.name));
        }
        let previous = self.frames[&id].last_event;
        let mut details = Map::new();
        if !assigned.is_empty() {
            let texts = assigned.iter().map(|(name, value)| (name.clone(), Value::String(value.to_string())));
            details.insert("assignedVariables".to_owned(), Value::Object(texts.collect()));
            details.insert("assignedVariablesDetails".to_owned(), json!({ "truncated": false }));
        }
        details.insert("name".to_owned(), Value::String(state.name.clone()));
        data("output", &output, &mut details);
        let kind = format!("{}StateExited", state.kind.name());
        let event = self.emit(step, previous, &kind, Some(Value::Object(details)));
        let Some(frame) = self.frames.get_mut(&id) else { return Ok(()) };
        frame.variables.extend(assigned);
        frame.last_event = event;
        let next = next.or_else(|| state.next.clone()).unwrap_or(Next::End);
        if self.single && frame.parent.is_none() {
            let next = match next {
                Next::State(next) => Some(next),
                Next::End => None,
            };
            self.ending = Some(Ending::Passed(output, next));
            return Ok(());
        }
        match next {
            Next::State(next) => {
                frame.state = next;
                frame.input = output;
                frame.at = At::Door;
                self.ready.push_back(id);
            }
            Next::End => self.finish(machine, id, output, step),
        }
        Ok(())
    }

    /// The end of a flow.
    fn finish(&mut self, machine: &Machine, id: u32, output: Value, step: &mut Step<'_>) {
        let frame = &self.frames[&id];
        let (parent, last_event) = (frame.parent, frame.last_event);
        match parent {
            None => {
                let mut details = Map::new();
                data("output", &output, &mut details);
                self.emit(step, last_event, "ExecutionSucceeded", Some(Value::Object(details)));
                self.end(Ending::Succeeded(output), step);
            }
            Some((parent, place)) => {
                self.frames.remove(&id);
                self.child_done(machine, parent, id, place, output, last_event, step);
            }
        }
    }

    // ---- failures -----------------------------------------------------------------------------

    /// A state failed: it is tried again, its error is caught, or its flow fails.
    pub(super) fn fail(&mut self, machine: &Machine, id: u32, failure: Failure, step: &mut Step<'_>) {
        let Some(frame) = self.frames.get(&id) else { return };
        let evaluated = failure.evaluation.clone();
        let failure = failure.placed(&frame.state, frame.entered_event);
        let state = flow_of(machine, &frame.address).and_then(|flow| flow.state(&frame.state)).cloned();
        let Some(state) = state else {
            self.end_badly(failure, step, 0);
            return;
        };
        if let Some(evaluation) = evaluated {
            self.tell_evaluation(id, &state, &failure, evaluation.location, step);
        }
        if self.retry(id, &state, &failure, step) {
            return;
        }
        let jsonata_map =
            state.language == Language::Jsonata || !matches!(self.frames[&id].at, At::Body | At::Door);
        match &state.kind {
            // A JSONPath Map that fails before it begins has no event of its own (recorded).
            StateKind::Map(_) if jsonata_map => self.emit_and_follow(id, "MapStateFailed", step),
            StateKind::Parallel(_) => self.emit_and_follow(id, "ParallelStateFailed", step),
            _ => {}
        }
        let caught = state.catch.iter().position(|catcher| failure.is_among(&catcher.errors));
        match caught {
            Some(index) => {
                if let Err(failure) = self.catch(machine, id, &state, index, &failure, step) {
                    let entered = self.frames[&id].entered_event;
                    let failure = failure.placed(&state.name, entered);
                    self.propagate(machine, id, failure, step);
                }
            }
            None => self.propagate(machine, id, failure, step),
        }
    }

    fn tell_evaluation(
        &mut self,
        id: u32,
        state: &State,
        failure: &Failure,
        location: Option<String>,
        step: &mut Step<'_>,
    ) {
        let frame = &self.frames[&id];
        // For the items of a Map, the event follows from what came before the state (recorded).
        let previous = if matches!(state.kind, StateKind::Map(_)) && frame.last_event == frame.entered_event {
            frame.before_entered
        } else {
            frame.last_event
        };
        let mut details = Map::new();
        details.insert("cause".to_owned(), json!(failure.cause));
        details.insert("error".to_owned(), json!(failure.error));
        if let Some(location) = location {
            details.insert("location".to_owned(), Value::String(location));
        }
        details.insert("state".to_owned(), Value::String(state.name.clone()));
        let event = self.emit(step, previous, "EvaluationFailed", Some(Value::Object(details)));
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.last_event = event;
        }
    }

    fn retry(&mut self, id: u32, state: &State, failure: &Failure, step: &mut Step<'_>) -> bool {
        let Some(index) = state.retry.iter().position(|retrier| failure.is_among(&retrier.errors)) else {
            return false;
        };
        let retrier = &state.retry[index];
        let single = self.single;
        let Some(frame) = self.frames.get_mut(&id) else { return false };
        frame.retries.resize(frame.retries.len().max(state.retry.len()), 0);
        let used = frame.retries[index];
        if used >= retrier.max_attempts {
            return false;
        }
        if single {
            let seconds = retrier.pause_seconds(used) as u64;
            self.ending = Some(Ending::Retriable(failure.clone(), index, seconds));
            return true;
        }
        frame.retries[index] += 1;
        frame.at = At::Pausing(step.now + retrier.pause_millis(used, step.entropy));
        true
    }

    fn catch(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &State,
        index: usize,
        failure: &Failure,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        let catcher = &state.catch[index];
        let mut error = Map::new();
        error.insert("Error".to_owned(), json!(failure.error.clone().unwrap_or_default()));
        if let Some(cause) = &failure.cause {
            error.insert("Cause".to_owned(), Value::String(cause.clone()));
        }
        let error = Value::Object(error);
        let env = self.env(id, state, None, step);
        let (output, assigned) = if state.language == Language::Jsonata {
            let bindings = env.bindings(None, Some(&error));
            let output = match &catcher.output {
                Some(output) => {
                    output.evaluate(&format!("Catch[{index}]/Output"), &bindings, step.entropy)?
                }
                None => error.clone(),
            };
            let assigned = match &catcher.assign {
                Some(super::machine::Payload::Dynamic(assign)) => {
                    assign.evaluate(&format!("Catch[{index}]/Assign"), &bindings, step.entropy)?
                }
                _ => Value::Null,
            };
            (output, assigned)
        } else {
            let assigned = match &catcher.assign {
                Some(assign) => env.payload(assign, "Assign", &error, step)?,
                None => Value::Null,
            };
            let output = match &catcher.result_path {
                PathField::Whole => error.clone(),
                PathField::Nothing => env.input.clone(),
                PathField::Path(path) => path.put(env.input.clone(), error.clone())?,
            };
            (output, assigned)
        };
        if self.single {
            self.ending = Some(Ending::Caught(failure.clone(), index, output, catcher.next.clone()));
            return Ok(());
        }
        let outcome = Outcome { output, assigned: into_variables(assigned) };
        self.leave(machine, id, state, outcome, Some(Next::State(catcher.next.clone())), step)
    }

    fn propagate(&mut self, machine: &Machine, id: u32, failure: Failure, step: &mut Step<'_>) {
        let frame = &self.frames[&id];
        let last_event = frame.last_event;
        match frame.parent {
            None => self.end_badly(failure, step, last_event),
            Some((parent, place)) => self.child_failed(machine, parent, id, place, failure, step),
        }
    }

    fn end_badly(&mut self, failure: Failure, step: &mut Step<'_>, previous: u64) {
        let previous = if previous == 0 { self.events } else { previous };
        self.emit(step, previous, "ExecutionFailed", Some(error_details(&failure)));
        if let Some(frame) = self.frames.get_mut(&0) {
            frame.at = At::Fallen;
        }
        self.end(Ending::Failed(failure), step);
    }

    // ---- small things -------------------------------------------------------------------------

    pub(super) fn set(&mut self, id: u32, at: At) {
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.at = at;
        }
    }

    pub(super) fn new_frame(&mut self, frame: Frame) -> u32 {
        let id = self.next_frame;
        self.next_frame += 1;
        self.frames.insert(id, frame);
        self.ready.push_back(id);
        id
    }

    /// Writes an event; answers its number.
    pub(super) fn emit(
        &mut self,
        step: &mut Step<'_>,
        previous: u64,
        kind: &str,
        details: Option<Value>,
    ) -> u64 {
        self.events += 1;
        let event = HistoryEvent { id: self.events, previous, at: step.now, kind: kind.to_owned(), details };
        step.events.push(event);
        self.events
    }

    /// Writes an event without details that the frame's next one follows from.
    pub(super) fn emit_and_follow(&mut self, id: u32, kind: &str, step: &mut Step<'_>) {
        let previous = self.frames[&id].last_event;
        let event = self.emit(step, previous, kind, None);
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.last_event = event;
        }
    }

    /// What a state's fields are evaluated on.
    pub(super) fn env(&self, id: u32, state: &State, token: Option<&str>, step: &Step<'_>) -> Env {
        let frame = &self.frames[&id];
        let mut variables = Map::new();
        let mut items = None;
        let mut at = Some(frame);
        // The nearest ones win: what an inner flow assigns hides what lies around it.
        while let Some(one) = at {
            for (name, value) in &one.variables {
                variables.entry(name.clone()).or_insert_with(|| value.clone());
            }
            items = items.or(one.item.as_ref());
            at = one.parent.and_then(|(parent, _)| self.frames.get(&parent));
        }
        let context = match &step.identity.context {
            Some(context) => context.clone(),
            None => self.context(frame, state, items, token, step),
        };
        Env { input: frame.input.clone(), context, variables }
    }

    fn context(
        &self,
        frame: &Frame,
        state: &State,
        item: Option<&(usize, Value)>,
        token: Option<&str>,
        step: &Step<'_>,
    ) -> Value {
        let mut context = Map::new();
        context.insert("Execution".to_owned(), step.identity.execution.clone());
        if let Some((index, value)) = item {
            context.insert("Map".to_owned(), json!({ "Item": { "Index": index, "Value": value } }));
        }
        let mut about = Map::new();
        about.insert("EnteredTime".to_owned(), Value::String(iso_millis(frame.entered_at)));
        about.insert("Name".to_owned(), Value::String(state.name.clone()));
        if matches!(state.kind, StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)) {
            about.insert("RetryCount".to_owned(), json!(frame.retries.iter().sum::<u64>()));
        }
        context.insert("State".to_owned(), Value::Object(about));
        context.insert("StateMachine".to_owned(), step.identity.machine.clone());
        if let Some(token) = token {
            context.insert("Task".to_owned(), json!({ "Token": token }));
        }
        Value::Object(context)
    }

    /// A token that says where it belongs and cannot be guessed.
    pub(super) fn make_token(&self, frame: u32, attempt: u64, step: &mut Step<'_>) -> String {
        let secret = (step.entropy.next_u64(), step.entropy.next_u64());
        let plain =
            format!("{}\n{frame}\n{attempt}\n{:016x}{:016x}", step.identity.reference, secret.0, secret.1);
        base64::engine::general_purpose::STANDARD.encode(plain)
    }
}

impl Frame {
    pub(super) fn new(
        parent: Option<(u32, usize)>,
        address: Vec<(String, usize)>,
        state: &str,
        input: Value,
        last_event: u64,
    ) -> Self {
        Self {
            parent,
            address,
            state: state.to_owned(),
            input,
            variables: Map::new(),
            last_event,
            entered_event: 0,
            before_entered: 0,
            entered_at: 0,
            retries: Vec::new(),
            item: None,
            at: At::Door,
        }
    }
}

/// The flow at an address.
pub(super) fn flow_of<'a>(machine: &'a Machine, address: &[(String, usize)]) -> Option<&'a Flow> {
    address.iter().try_fold(&machine.flow, |flow, (state, branch)| flow.inner(state, *branch))
}

/// The details of an event that tells of an error.
pub(super) fn error_details(failure: &Failure) -> Value {
    let mut details = Map::new();
    if let Some(cause) = &failure.cause {
        details.insert("cause".to_owned(), Value::String(cause.clone()));
    }
    if let Some(error) = &failure.error {
        details.insert("error".to_owned(), Value::String(error.clone()));
    }
    Value::Object(details)
}

/// AWS's failure of a state or task that returns too much.
pub(super) fn too_large(name: &str) -> Failure {
    Failure::new(
        DATA_LIMIT,
        format!(
            "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
        ),
    )
}

/// A task that took too long.
pub(super) fn overdue() -> Failure {
    Failure::named(TIMEOUT)
}

fn pass(env: &Env, state: &State, result: Option<&Value>, step: &mut Step<'_>) -> Result<Outcome, Failure> {
    if state.language == Language::Jsonata {
        return env.pass_on(state, step);
    }
    let input = env.task_input(state, step)?;
    env.finish(state, result.cloned().unwrap_or(input), step)
}

fn wait_until(env: &Env, until: &Until, state: &State, step: &mut Step<'_>) -> Result<i64, Failure> {
    // Paths look at what `InputPath` leaves.
    let effective = env.path(&state.input_path, &env.input)?;
    let env = Env { input: effective, ..env.clone() };
    let seconds_left = match until {
        Until::Seconds(amount) => i64::try_from(env.seconds(amount, "Seconds", step)?).unwrap_or(i64::MAX),
        Until::Timestamp(words) => {
            let text = env.words(words, "Timestamp", step)?;
            let Some(at) = parse_rfc3339(&text) else {
                let path = match words {
                    super::machine::Words::Path(path) => path.text().to_owned(),
                    _ => String::new(),
                };
                if state.language == Language::Jsonata {
                    let message = format!(
                        "The Timestamp parameter does not reference a valid ISO-8601 extended offset date-time format string: {text}"
                    );
                    return Err(Failure::evaluation(Some("Timestamp".to_owned()), message));
                }
                return Err(Failure::runtime(format!(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {text}"
                )));
            };
            if (at - step.now) / 1_000 > WAIT_SECONDS_MAX {
                return Err(Failure::runtime("Wait state delay is too long."));
            }
            return Ok(at);
        }
    };
    if seconds_left > WAIT_SECONDS_MAX {
        return Err(Failure::runtime("Wait state delay is too long."));
    }
    Ok(step.now + seconds_left * 1_000)
}
