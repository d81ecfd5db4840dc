//! Tasks, branches and items: what a frame waits for.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::{Step, data};
use super::data::Env;
use super::failure::{Failure, HEARTBEAT_TIMEOUT};
use super::machine::{
    Amount, Flow, Items, Language, Machine, MapState, Mode, Payload, State, StateKind, TaskState,
};
use super::resource::{Pattern, Resource};
use super::run::{
    Action, At, Children, DATA_BYTES_MAX, Frame, MapWork, Run, TaskKind, TaskStart, Waiting, error_details,
    flow_of, overdue, too_large,
};

/// How many items of an inline Map run at once where nothing bounds them ("Map state: inline mode":
/// up to 40).
const INLINE_CONCURRENCY_MAX: usize = 40;

/// The most items of a batch's bytes ("ItemBatcher": a child's input has 256 KiB at most).
const BATCH_BYTES_MAX: usize = DATA_BYTES_MAX;

impl Run {
    // ---- tasks --------------------------------------------------------------------------------

    pub(super) fn begin_task(
        &mut self,
        id: u32,
        state: &Arc<State>,
        task: &TaskState,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        self.next_attempt += 1;
        let attempt = self.next_attempt;
        let waits = matches!(&task.resource, Resource::Activity(_))
            || matches!(&task.resource, Resource::Service(service) if service.pattern == Pattern::WaitForTaskToken);
        let token = waits.then(|| self.make_token(id, attempt, step));
        let env = self.env(id, state, token.as_deref(), step);
        let timeout = seconds(&env, state, task.timeout.as_ref(), "TimeoutSeconds", step)?;
        let heartbeat = seconds(&env, state, task.heartbeat.as_ref(), "HeartbeatSeconds", step)?;
        let role = credentials(&env, task.credentials.as_ref(), step)?;
        let input = env.task_input(state, step)?;
        let kind = match &task.resource {
            Resource::Function(arn) => TaskKind::Function(arn.clone()),
            Resource::Activity(arn) => TaskKind::Activity(arn.clone()),
            Resource::Service(service) => TaskKind::Service(service.clone()),
        };
        self.tell_scheduled(id, task, &input, (timeout, heartbeat), role.as_deref(), step);
        let start = TaskStart { frame: id, attempt, token, kind, input, role, state: state.name.clone() };
        let due = |seconds: Option<u64>| seconds.map(|seconds| step.now.saturating_add(millis(seconds)));
        let waiting = Waiting {
            start: start.clone(),
            submitted: false,
            timeout: due(timeout),
            heartbeat_millis: heartbeat.map(millis),
            heartbeat: due(heartbeat),
        };
        self.set(id, At::Task(Box::new(waiting)));
        step.actions.push(Action::Start(Box::new(start)));
        Ok(())
    }

    fn tell_scheduled(
        &mut self,
        id: u32,
        task: &TaskState,
        input: &Value,
        (timeout, heartbeat): (Option<u64>, Option<u64>),
        role: Option<&str>,
        step: &mut Step<'_>,
    ) {
        let mut details = Map::new();
        if let Some(seconds) = timeout {
            details.insert("timeoutInSeconds".to_owned(), json!(seconds));
        }
        if let Some(seconds) = heartbeat
            && !matches!(task.resource, Resource::Function(_))
        {
            details.insert("heartbeatInSeconds".to_owned(), json!(seconds));
        }
        if let Some(role) = role {
            details.insert("taskCredentials".to_owned(), json!({ "roleArn": role }));
        }
        let previous = self.frames[&id].last_event;
        let event = match &task.resource {
            Resource::Function(_) | Resource::Activity(_) => {
                data("input", input, &mut details);
                details.insert("resource".to_owned(), Value::String(task.resource_text.clone()));
                let lambda = matches!(task.resource, Resource::Function(_));
                let kind = if lambda { "LambdaFunctionScheduled" } else { "ActivityScheduled" };
                let event = self.emit(step, previous, kind, Some(Value::Object(details)));
                if lambda { self.emit(step, event, "LambdaFunctionStarted", None) } else { event }
            }
            Resource::Service(service) => {
                details.insert("parameters".to_owned(), Value::String(input.to_string()));
                details.insert("region".to_owned(), Value::String(step.identity.region.clone()));
                details.insert("resource".to_owned(), Value::String(service.resource()));
                details.insert("resourceType".to_owned(), Value::String(service.resource_type()));
                let event = self.emit(step, previous, "TaskScheduled", Some(Value::Object(details)));
                self.emit(step, event, "TaskStarted", Some(service_details(&task.resource)))
            }
        };
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.last_event = event;
        }
    }

    pub(super) fn submitted(&mut self, id: u32, attempt: u64, output: &Value, step: &mut Step<'_>) {
        let Some(start) = self.task_of(id, attempt) else { return };
        let TaskKind::Service(service) = &start.kind else { return };
        let mut details = object(service_details(&Resource::Service(service.clone())));
        data("output", output, &mut details);
        let previous = self.frames[&id].last_event;
        let event = self.emit(step, previous, "TaskSubmitted", Some(Value::Object(details)));
        self.follow(id, event);
        if let Some(At::Task(task)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) {
            task.submitted = true;
        }
    }

    pub(super) fn taken(&mut self, id: u32, attempt: u64, worker: Option<String>, step: &mut Step<'_>) {
        if self.task_of(id, attempt).is_none() {
            return;
        }
        let mut details = Map::new();
        details.extend(worker.map(|worker| ("workerName".to_owned(), Value::String(worker))));
        let previous = self.frames[&id].last_event;
        let event = self.emit(step, previous, "ActivityStarted", Some(Value::Object(details)));
        self.follow(id, event);
        if let Some(At::Task(task)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) {
            task.submitted = true;
            // A worker's heartbeats count from when it took the task.
            task.heartbeat = task.heartbeat_millis.map(|every| step.now.saturating_add(every));
        }
    }

    pub(super) fn heartbeat(&mut self, id: u32, attempt: u64, now: i64) {
        if let Some(At::Task(task)) = self.frames.get_mut(&id).map(|frame| &mut frame.at)
            && task.start.attempt == attempt
        {
            task.heartbeat = task.heartbeat_millis.map(|every| now.saturating_add(every));
        }
    }

    pub(super) fn task_succeeded(
        &mut self,
        machine: &Machine,
        id: u32,
        attempt: u64,
        output: Value,
        step: &mut Step<'_>,
    ) {
        let Some(start) = self.task_of(id, attempt) else { return };
        if let TaskKind::Read(_) = &start.kind {
            return self.items_read(machine, id, output, step);
        }
        if output.to_string().len() > DATA_BYTES_MAX && !matches!(start.kind, TaskKind::Map(_)) {
            let failure = too_large(&name_of(&start.kind));
            return self.task_failed(machine, id, attempt, failure, step);
        }
        let previous = self.frames[&id].last_event;
        let mut details = Map::new();
        let event = match &start.kind {
            TaskKind::Function(_) => {
                data("output", &output, &mut details);
                self.emit(step, previous, "LambdaFunctionSucceeded", Some(Value::Object(details)))
            }
            TaskKind::Activity(_) => {
                data("output", &output, &mut details);
                self.emit(step, previous, "ActivitySucceeded", Some(Value::Object(details)))
            }
            TaskKind::Service(service) => {
                details.extend(object(service_details(&Resource::Service(service.clone()))));
                data("output", &output, &mut details);
                self.emit(step, previous, "TaskSucceeded", Some(Value::Object(details)))
            }
            TaskKind::Map(_) | TaskKind::Read(_) => {
                let run = self.emit(step, previous, "MapRunSucceeded", None);
                self.emit(step, run, "MapStateSucceeded", None);
                run
            }
        };
        self.follow(id, event);
        self.set(id, At::Body);
        self.conclude(machine, id, output, step);
    }

    /// A state that waited has its result.
    fn conclude(&mut self, machine: &Machine, id: u32, result: Value, step: &mut Step<'_>) {
        let Some(state) = self.state_of(machine, id) else { return };
        step.note("result", || result.clone());
        let env = self.env(id, &state, None, step);
        let ended = env
            .finish(&state, result, step)
            .and_then(|outcome| self.leave(machine, id, &state, outcome, None, step));
        if let Err(failure) = ended {
            self.fail(machine, id, failure, step);
        }
    }

    pub(super) fn task_failed(
        &mut self,
        machine: &Machine,
        id: u32,
        attempt: u64,
        failure: Failure,
        step: &mut Step<'_>,
    ) {
        let Some(start) = self.task_of(id, attempt) else { return };
        let timed_out = failure.name() == super::failure::TIMEOUT || failure.name() == HEARTBEAT_TIMEOUT;
        let ending = if timed_out { "TimedOut" } else { "Failed" };
        let mut details = object(error_details(&failure));
        let kind = match &start.kind {
            TaskKind::Function(_) => format!("LambdaFunction{ending}"),
            TaskKind::Activity(_) => format!("Activity{ending}"),
            TaskKind::Service(service) => {
                details.extend(object(service_details(&Resource::Service(service.clone()))));
                format!("Task{ending}")
            }
            TaskKind::Map(_) | TaskKind::Read(_) => "MapRunFailed".to_owned(),
        };
        let previous = self.frames[&id].last_event;
        let event = self.emit(step, previous, &kind, Some(Value::Object(details)));
        self.follow(id, event);
        if matches!(start.kind, TaskKind::Map(_) | TaskKind::Read(_)) {
            let empty = Children { results: Vec::new(), live: Vec::new(), next: 0, items: None };
            self.set(id, At::Children(Box::new(empty)));
        }
        self.fail(machine, id, failure, step);
    }

    pub(super) fn task_overdue(&mut self, machine: &Machine, id: u32, step: &mut Step<'_>) {
        let Some(At::Task(task)) = self.frames.get(&id).map(|frame| &frame.at) else { return };
        let attempt = task.start.attempt;
        step.actions.push(Action::Cancel { frame: id, attempt });
        self.task_failed(machine, id, attempt, overdue(), step);
    }

    fn task_of(&self, id: u32, attempt: u64) -> Option<TaskStart> {
        match &self.frames.get(&id)?.at {
            At::Task(task) if task.start.attempt == attempt => Some(task.start.clone()),
            _ => None,
        }
    }

    fn follow(&mut self, id: u32, event: u64) {
        if let Some(frame) = self.frames.get_mut(&id) {
            frame.last_event = event;
        }
    }

    fn state_of(&self, machine: &Machine, id: u32) -> Option<Arc<State>> {
        let frame = self.frames.get(&id)?;
        flow_of(machine, &frame.address)?.state(&frame.state).cloned()
    }

    // ---- branches -----------------------------------------------------------------------------

    pub(super) fn begin_parallel(
        &mut self,
        id: u32,
        state: &Arc<State>,
        branches: &[Flow],
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        if self.single {
            return self.begin_mocked(id, state, Value::Null, step);
        }
        let env = self.env(id, state, None, step);
        let input = env.task_input(state, step)?;
        self.emit_and_follow(id, "ParallelStateStarted", step);
        let (address, last_event) = (self.frames[&id].address.clone(), self.frames[&id].last_event);
        let mut live = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let address = inner(&address, &state.name, index);
            let frame = Frame::new(Some((id, index)), address, &branch.start_at, input.clone(), last_event);
            live.push(self.new_frame(frame));
        }
        let children = Children { results: vec![None; branches.len()], live, next: 0, items: None };
        self.set(id, At::Children(Box::new(children)));
        Ok(())
    }

    /// A single state that has others inside is answered by whoever tests it.
    fn begin_mocked(
        &mut self,
        id: u32,
        state: &Arc<State>,
        input: Value,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        self.next_attempt += 1;
        let work = MapWork {
            run: String::new(),
            address: Vec::new(),
            state: state.name.clone(),
            express: false,
            inputs: Vec::new(),
            max_concurrency: 0,
            tolerated_count: None,
            tolerated_percentage: None,
            reader: None,
            writer: None,
        };
        let start = TaskStart {
            frame: id,
            attempt: self.next_attempt,
            token: None,
            kind: TaskKind::Map(Box::new(work)),
            input,
            role: None,
            state: state.name.clone(),
        };
        self.wait_for_map(id, start, step);
        Ok(())
    }

    // ---- items --------------------------------------------------------------------------------

    pub(super) fn begin_map(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &Arc<State>,
        map: &MapState,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        let env = self.env(id, state, None, step);
        let jsonata = state.language == Language::Jsonata;
        let effective = env.path(&state.input_path, &env.input)?;
        if !jsonata {
            step.note("afterInputPath", || effective.clone());
        }
        let env = Env { input: if jsonata { env.input } else { effective }, ..env };
        let items = match &map.reader {
            Some(_) => None,
            None => Some(items_of(&env, state, map, step)?),
        };
        let max_concurrency = number(&env, map.max_concurrency.as_ref(), "MaxConcurrency", step)?;
        step.note("maxConcurrency", || json!(max_concurrency.unwrap_or(0.0) as u64));
        // A distributed Map has begun before its tolerance is looked at (recorded).
        if map.mode != Mode::Inline && !self.single {
            let length = items.as_ref().map_or(0, Vec::len);
            let previous = self.frames[&id].last_event;
            let event = self.emit(step, previous, "MapStateStarted", Some(json!({ "length": length })));
            self.follow(id, event);
        }
        let tolerated_count = number(&env, map.tolerated_count.as_ref(), "ToleratedFailureCount", step)?;
        if let Some(count) = tolerated_count {
            step.note("toleratedFailureCount", || json!(count as u64));
        }
        let tolerated_percentage =
            number(&env, map.tolerated_percentage.as_ref(), "ToleratedFailurePercentage", step)?;
        if let Some(percentage) = tolerated_percentage {
            step.note("toleratedFailurePercentage", || json!(percentage));
        }
        if self.single {
            return self.begin_mocked(id, state, Value::Null, step);
        }
        let concurrency = max_concurrency.unwrap_or(0.0) as u64;
        match map.mode {
            Mode::Inline => {
                self.begin_items(machine, id, state, map, items.unwrap_or_default(), concurrency, &env, step)
            }
            Mode::Distributed { express } => {
                let run = map_run_name(state, map, step);
                let previous = self.frames[&id].last_event;
                let event = self.emit(step, previous, "MapRunStarted", Some(json!({ "mapRunArn": run })));
                self.follow(id, event);
                let work = MapWork {
                    run,
                    address: self.frames[&id].address.clone(),
                    state: state.name.clone(),
                    express,
                    inputs: Vec::new(),
                    max_concurrency: concurrency,
                    tolerated_count: tolerated_count.map(|count| count as u64),
                    tolerated_percentage,
                    reader: reader_of(&env, map, step)?,
                    writer: writer_of(&env, map, step)?,
                };
                self.begin_distributed(machine, id, state, work, items, step);
                Ok(())
            }
        }
    }

    fn begin_distributed(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &Arc<State>,
        work: MapWork,
        items: Option<Vec<Value>>,
        step: &mut Step<'_>,
    ) {
        self.next_attempt += 1;
        let kind = TaskKind::Read(Box::new(work));
        let start = TaskStart {
            frame: id,
            attempt: self.next_attempt,
            token: None,
            kind,
            input: Value::Null,
            role: None,
            state: state.name.clone(),
        };
        match items {
            None => self.wait_for_map(id, start, step),
            Some(items) => {
                let waiting = Waiting {
                    start,
                    submitted: false,
                    timeout: None,
                    heartbeat_millis: None,
                    heartbeat: None,
                };
                self.set(id, At::Task(Box::new(waiting)));
                self.items_read(machine, id, Value::Array(items), step);
            }
        }
    }

    fn wait_for_map(&mut self, id: u32, start: TaskStart, step: &mut Step<'_>) {
        let waiting = Waiting {
            start: start.clone(),
            submitted: false,
            timeout: None,
            heartbeat_millis: None,
            heartbeat: None,
        };
        self.set(id, At::Task(Box::new(waiting)));
        step.actions.push(Action::Start(Box::new(start)));
    }

    /// The items of a distributed Map are there: its children can begin.
    fn items_read(&mut self, machine: &Machine, id: u32, items: Value, step: &mut Step<'_>) {
        let Some(state) = self.state_of(machine, id) else { return };
        let StateKind::Map(map) = &state.kind else { return };
        let Some(At::Task(task)) = self.frames.get(&id).map(|frame| &frame.at) else { return };
        let (attempt, mut start) = (task.start.attempt, task.start.clone());
        let TaskKind::Read(work) = &start.kind else { return };
        let mut work = work.clone();
        let Value::Array(items) = items else { return };
        match self.child_inputs(id, &state, map, items, step) {
            Ok(inputs) => {
                work.inputs = inputs;
                start.kind = TaskKind::Map(work);
                self.wait_for_map(id, start, step);
            }
            Err(failure) => self.task_failed(machine, id, attempt, failure, step),
        }
    }

    fn child_inputs(
        &self,
        id: u32,
        state: &Arc<State>,
        map: &MapState,
        items: Vec<Value>,
        step: &mut Step<'_>,
    ) -> Result<Vec<Value>, Failure> {
        let env = self.env(id, state, None, step);
        let effective = env.path(&state.input_path, &env.input)?;
        let env = Env { input: effective, ..env };
        let mut inputs = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            inputs.push(select_item(&env, map, index, item, step)?);
        }
        let Some(batcher) = &map.batcher else { return Ok(inputs) };
        let max_items = number(&env, batcher.max_items.as_ref(), "MaxItemsPerBatch", step)?;
        let max_bytes = number(&env, batcher.max_bytes.as_ref(), "MaxInputBytesPerBatch", step)?;
        let shared = match &batcher.batch_input {
            Some(input) => Some(env.payload(input, "ItemBatcher/BatchInput", &env.input, step)?),
            None => None,
        };
        let max_items = max_items.map_or(usize::MAX, |most| (most as usize).max(1));
        let max_bytes = max_bytes.map_or(BATCH_BYTES_MAX, |most| (most as usize).min(BATCH_BYTES_MAX));
        Ok(batches(inputs, max_items, max_bytes, shared.as_ref()))
    }

    #[expect(clippy::too_many_arguments, reason = "one caller, which has each of them at hand")]
    fn begin_items(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &Arc<State>,
        map: &MapState,
        items: Vec<Value>,
        concurrency: u64,
        env: &Env,
        step: &mut Step<'_>,
    ) -> Result<(), Failure> {
        let mut inputs = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            inputs.push(select_item(env, map, index, item.clone(), step)?);
        }
        let previous = self.frames[&id].last_event;
        let event = self.emit(step, previous, "MapStateStarted", Some(json!({ "length": items.len() })));
        self.follow(id, event);
        // Each item is kept beside its input, for `$$.Map.Item.Value`.
        let pairs = items.into_iter().zip(inputs).map(|(item, input)| json!([item, input])).collect();
        let count = match usize::try_from(concurrency) {
            Ok(0) | Err(_) => INLINE_CONCURRENCY_MAX,
            Ok(count) => count.min(INLINE_CONCURRENCY_MAX),
        };
        let children = Children { results: Vec::new(), live: Vec::new(), next: 0, items: Some(pairs) };
        self.set(id, At::Children(Box::new(children)));
        for _ in 0..count {
            self.next_item(id, state, map, event, step);
        }
        self.nothing_to_do(machine, id, state, event, step);
        Ok(())
    }

    /// A Map without items is done at once.
    fn nothing_to_do(&mut self, machine: &Machine, id: u32, state: &State, event: u64, step: &mut Step<'_>) {
        if matches!(&self.frames[&id].at, At::Children(children) if children.live.is_empty()) {
            self.all_done(machine, id, state, Vec::new(), event, step);
        }
    }

    fn next_item(&mut self, id: u32, state: &State, map: &MapState, previous: u64, step: &mut Step<'_>) {
        let Some(At::Children(children)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) else {
            return;
        };
        let index = children.next;
        let Some(pair) = children.items.as_mut().and_then(|items| items.get_mut(index)).map(Value::take)
        else {
            return;
        };
        children.next += 1;
        children.results.push(None);
        let (item, input) = (pair[0].clone(), pair[1].clone());
        let details = json!({ "index": index, "name": state.name });
        let event = self.emit(step, previous, "MapIterationStarted", Some(details));
        let address = inner(&self.frames[&id].address.clone(), &state.name, 0);
        let mut frame = Frame::new(Some((id, index)), address, &map.processor.start_at, input, event);
        frame.item = Some((index, item));
        let child = self.new_frame(frame);
        if let Some(At::Children(children)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) {
            children.live.push(child);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one caller, which has each of them at hand")]
    pub(super) fn child_done(
        &mut self,
        machine: &Machine,
        id: u32,
        child: u32,
        place: usize,
        output: Value,
        last_event: u64,
        step: &mut Step<'_>,
    ) {
        let Some(state) = self.state_of(machine, id) else { return };
        let Some(At::Children(children)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) else {
            return;
        };
        children.live.retain(|one| *one != child);
        if let Some(result) = children.results.get_mut(place) {
            *result = Some(output);
        }
        let mut event = last_event;
        if let StateKind::Map(map) = &state.kind {
            let details = json!({ "index": place, "name": state.name });
            event = self.emit(step, last_event, "MapIterationSucceeded", Some(details));
            self.next_item(id, &state, map, last_event, step);
        }
        let Some(At::Children(children)) = self.frames.get_mut(&id).map(|frame| &mut frame.at) else {
            return;
        };
        if !children.live.is_empty() {
            return;
        }
        let results =
            children.results.iter_mut().map(|result| result.take().unwrap_or(Value::Null)).collect();
        self.all_done(machine, id, &state, results, event, step);
    }

    fn all_done(
        &mut self,
        machine: &Machine,
        id: u32,
        state: &State,
        results: Vec<Value>,
        event: u64,
        step: &mut Step<'_>,
    ) {
        let kind = format!("{}StateSucceeded", state.kind.name());
        self.emit(step, event, &kind, None);
        self.follow(id, event);
        self.conclude(machine, id, Value::Array(results), step);
    }

    pub(super) fn child_failed(
        &mut self,
        machine: &Machine,
        id: u32,
        child: u32,
        place: usize,
        failure: Failure,
        step: &mut Step<'_>,
    ) {
        let Some(state) = self.state_of(machine, id) else { return };
        let last_event = self.frames.get(&child).map_or(0, |frame| frame.last_event);
        let is_map = matches!(state.kind, StateKind::Map(_));
        if is_map {
            let details = json!({ "index": place, "name": state.name });
            self.emit(step, last_event, "MapIterationFailed", Some(details));
        }
        self.remove(child, step);
        let live = match self.frames.get(&id).map(|frame| &frame.at) {
            Some(At::Children(children)) => children.live.clone(),
            _ => Vec::new(),
        };
        for other in live.into_iter().filter(|other| *other != child) {
            if is_map && let Some(frame) = self.frames.get(&other) {
                let (last, index) = (frame.last_event, frame.parent.map_or(0, |(_, index)| index));
                let details = json!({ "index": index, "name": state.name });
                self.emit(step, last, "MapIterationAborted", Some(details));
            }
            self.remove(other, step);
        }
        self.follow(id, last_event);
        self.fail(machine, id, failure, step);
    }

    /// Takes a frame away with everything below it.
    fn remove(&mut self, id: u32, step: &mut Step<'_>) {
        let Some(frame) = self.frames.remove(&id) else { return };
        self.ready.retain(|one| *one != id);
        match frame.at {
            At::Task(task) => step.actions.push(Action::Cancel { frame: id, attempt: task.start.attempt }),
            At::Children(children) => children.live.into_iter().for_each(|child| self.remove(child, step)),
            _ => {}
        }
    }
}

fn inner(address: &[(String, usize)], state: &str, branch: usize) -> Vec<(String, usize)> {
    let mut address = address.to_vec();
    address.push((state.to_owned(), branch));
    address
}

fn millis(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn service_details(resource: &Resource) -> Value {
    match resource {
        Resource::Service(service) => {
            json!({ "resource": service.resource(), "resourceType": service.resource_type() })
        }
        _ => json!({}),
    }
}

/// What AWS calls the task in its message about too much data.
fn name_of(kind: &TaskKind) -> String {
    match kind {
        TaskKind::Function(arn) | TaskKind::Activity(arn) => arn.to_string(),
        TaskKind::Service(service) => service.resource_type(),
        TaskKind::Read(work) | TaskKind::Map(work) => work.state.clone(),
    }
}

fn seconds(
    env: &Env,
    state: &State,
    amount: Option<&Amount>,
    field: &str,
    step: &mut Step<'_>,
) -> Result<Option<u64>, Failure> {
    let Some(amount) = amount else { return Ok(None) };
    let effective = env.path(&state.input_path, &env.input)?;
    let env = Env { input: effective, ..env.clone() };
    env.seconds(amount, field, step).map(Some)
}

fn number(
    env: &Env,
    amount: Option<&Amount>,
    field: &str,
    step: &mut Step<'_>,
) -> Result<Option<f64>, Failure> {
    amount.map(|amount| env.number(amount, field, step)).transpose()
}

fn credentials(
    env: &Env,
    credentials: Option<&Payload>,
    step: &mut Step<'_>,
) -> Result<Option<String>, Failure> {
    let Some(credentials) = credentials else { return Ok(None) };
    let value = env.payload(credentials, "Credentials", &env.input, step)?;
    Ok(value["RoleArn"].as_str().map(str::to_owned))
}

/// The items of a Map that reads none from elsewhere.
fn items_of(env: &Env, state: &State, map: &MapState, step: &mut Step<'_>) -> Result<Vec<Value>, Failure> {
    let found = match &map.items {
        Items::Input => env.input.clone(),
        Items::Path(path) => path.select(&env.input, &env.context, &env.variables)?,
        Items::Dynamic(dynamic) => env.dynamic(dynamic, "Items", None, step)?,
    };
    match found {
        Value::Array(items) => {
            if state.language == Language::JsonPath {
                step.note("afterItemsPath", || Value::Array(items.clone()));
            }
            Ok(items)
        }
        // In JSONata, the items of a distributed Map may be the members of an object.
        Value::Object(members) if state.language == Language::Jsonata && map.mode != Mode::Inline => {
            Ok(members.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect())
        }
        other if state.language == Language::Jsonata => {
            let place = matches!(map.items, Items::Dynamic(_)).then(|| "Items".to_owned());
            Err(Failure::evaluation(place, format!("Map state input must be an array but was: {other}")))
        }
        _ => {
            let path = match &map.items {
                Items::Path(path) => {
                    path.text().strip_prefix('$').filter(|p| p.starts_with('$')).unwrap_or(path.text())
                }
                _ => "$",
            };
            Err(Failure::runtime(format!("Reference path \"{path}\" must point to array.")))
        }
    }
}

/// An item's input: the item, or what `ItemSelector` makes of it.
fn select_item(
    env: &Env,
    map: &MapState,
    index: usize,
    item: Value,
    step: &mut Step<'_>,
) -> Result<Value, Failure> {
    let Some(selector) = &map.item_selector else { return Ok(item) };
    let mut context = env.context.clone();
    if let Value::Object(members) = &mut context {
        members.insert("Map".to_owned(), json!({ "Item": { "Index": index, "Value": item } }));
    }
    let env = Env { context, ..env.clone() };
    env.payload(selector, "ItemSelector", &env.input, step)
}

/// Items put together: so many, or so many bytes, to a batch.
fn batches(inputs: Vec<Value>, max_items: usize, max_bytes: usize, shared: Option<&Value>) -> Vec<Value> {
    let mut found = Vec::new();
    let mut batch = Vec::new();
    let mut bytes = 0;
    let close = |batch: Vec<Value>| {
        let mut input = Map::new();
        if let Some(shared) = shared {
            input.insert("BatchInput".to_owned(), shared.clone());
        }
        input.insert("Items".to_owned(), Value::Array(batch));
        Value::Object(input)
    };
    for input in inputs {
        let size = input.to_string().len();
        if !batch.is_empty() && (batch.len() >= max_items || bytes + size > max_bytes) {
            found.push(close(std::mem::take(&mut batch)));
            bytes = 0;
        }
        bytes += size;
        batch.push(input);
    }
    if !batch.is_empty() {
        found.push(close(batch));
    }
    found
}

fn map_run_name(state: &State, map: &MapState, step: &mut Step<'_>) -> String {
    let label = match &map.label {
        Some(label) => label.clone(),
        None => state.name.chars().filter(char::is_ascii_alphanumeric).take(40).collect(),
    };
    let id = crate::entropy::uuid(step.entropy);
    format!("{}{label}:{id}", step.identity.map_runs)
}

type Reader = (String, Value, Value, Option<u64>);

fn reader_of(env: &Env, map: &MapState, step: &mut Step<'_>) -> Result<Option<Reader>, Failure> {
    let Some(reader) = &map.reader else { return Ok(None) };
    let arguments = match &reader.arguments {
        Some(arguments) => env.payload(arguments, "ItemReader/Arguments", &env.input, step)?,
        None => json!({}),
    };
    let max_items = number(env, reader.max_items.as_ref(), "MaxItems", step)?;
    Ok(Some((reader.resource.clone(), arguments, reader.config.clone(), max_items.map(|most| most as u64))))
}

type Writer = (Option<String>, Value, Value);

fn writer_of(env: &Env, map: &MapState, step: &mut Step<'_>) -> Result<Option<Writer>, Failure> {
    let Some(writer) = &map.writer else { return Ok(None) };
    let arguments = match &writer.arguments {
        Some(arguments) => env.payload(arguments, "ResultWriter/Arguments", &env.input, step)?,
        None => json!({}),
    };
    Ok(Some((writer.resource.clone(), arguments, writer.config.clone())))
}
