//! `TestState`: one state carried out, with a real call or a mocked answer, and the way of the data
//! through it.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use updraft_api::states as api;
use updraft_api::states::errors;
use updraft_api::states::ops::TestState;
use updraft_kernel::{Access, Result, Serve, ServeCx};
use updraft_lang::asl::{
    Action, Ending, Failure, Flow, Identity, Input, Inspection, Language, Machine, Resource, Run, State,
    StateKind, Step, TaskKind, TaskStart, iso_millis, read_json,
};
use updraft_types::states::{ExpressAt, StateMachineAt};
use updraft_types::{Arn, Resource as _, Scope};

use crate::states::context::Chance;
use crate::states::model::{Logging, Revision};
use crate::states::{States, definitions, refusals, tasks};

/// The name of a state that is tested without its machine (recorded).
const LONE_STATE: &str = "StateName";

/// The members of a mocked context object, and what they hold.
const CONTEXT: [(&str, &[&str]); 4] = [
    ("Execution", &["Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"]),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
    ("Task", &["Token"]),
];

impl Serve<TestState> for States {
    fn access(&self, _scope: &Scope, input: &api::TestStateInput) -> Result<Vec<Access>> {
        let mut access = vec![Access::to_any("states:TestState")];
        if let Some(role) = &input.role_arn {
            access.extend(super::create_state_machine::pass_role(role)?);
        }
        Ok(access)
    }

    async fn serve(&self, cx: ServeCx, input: api::TestStateInput) -> Result<api::TestStateOutput> {
        let test = Test::read(&input)?;
        test.check(&cx)?;
        let mut stand = Stand::new(&cx, &test, &input)?;
        stand.carry_out(self, &cx, &test, &input).await?;
        Ok(stand.answer(&test))
    }
}

/// What is tested.
struct Test {
    state: Arc<State>,
    input: Value,
    variables: Map<String, Value>,
    mock: Option<Mock>,
    context: Option<Value>,
    inspected: bool,
    role: Option<String>,
    retries: Option<u64>,
    failures: Option<u64>,
    strictness: Strictness,
}

enum Mock {
    Result(Value),
    Error(Failure),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Strict,
    Present,
    None,
}

impl Test {
    fn read(input: &api::TestStateInput) -> Result<Self> {
        let json = |name: &str, text: &str| {
            read_json(text).map_err(|error| refusals::invalid(format!("Invalid {name}: {}", error.message)))
        };
        let value = match &input.input {
            Some(text) => read_json(text).map_err(|error| refusals::invalid_input(error.message))?,
            None => json!({}),
        };
        let variables = match &input.variables {
            Some(text) => match json("variables", text)? {
                Value::Object(variables) => variables,
                _ => return Err(refusals::invalid("Variables must be a JSON object").into()),
            },
            None => Map::new(),
        };
        let context =
            input.context.as_deref().map(|text| json("Context object provided", text)).transpose()?;
        if let Some(context) = &context {
            check_context(context)?;
        }
        let strictness = match input.mock.as_ref().and_then(|mock| mock.field_validation_mode.as_ref()) {
            Some(mode) if mode.as_str() == "PRESENT" => Strictness::Present,
            Some(mode) if mode.as_str() == "NONE" => Strictness::None,
            _ => Strictness::Strict,
        };
        let configuration = input.state_configuration.as_ref();
        let number = |count: Option<i32>| count.and_then(|count| u64::try_from(count).ok());
        Ok(Self {
            state: find_state(&input.definition, input.state_name.as_deref())?,
            input: value,
            variables,
            mock: input.mock.as_ref().map(read_mock).transpose()?.flatten(),
            context,
            inspected: input.inspection_level.as_ref().is_some_and(|level| level.as_str() != "INFO"),
            role: input.role_arn.clone(),
            retries: number(configuration.and_then(|configuration| configuration.retrier_retry_count)),
            failures: number(
                configuration.and_then(|configuration| configuration.map_iteration_failure_count),
            ),
            strictness,
        })
    }

    /// What AWS refuses before it carries anything out; its words were recorded.
    fn check(&self, cx: &ServeCx) -> Result<()> {
        let nests = matches!(self.state.kind, StateKind::Map(_) | StateKind::Parallel(_));
        if self.failures.is_some() && self.mock.is_none() {
            let message = "TestState does not support MapIterationFailureCount when a mock is not specified.";
            return Err(refusals::invalid(message).into());
        }
        if nests && self.mock.is_none() {
            let message = "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]";
            return Err(errors::INVALID_DEFINITION.refuse(message).into());
        }
        if matches!(self.state.kind, StateKind::Task(_)) && self.mock.is_none() && self.role.is_none() {
            return Err(refusals::invalid("RoleArn must be specified when testing a Task state").into());
        }
        let Some(Mock::Result(result)) = &self.mock else { return Ok(()) };
        if nests && !result.is_array() && !self.writes_results() {
            return Err(refusals::invalid("Mocked result must be an array.").into());
        }
        let StateKind::Task(task) = &self.state.kind else { return Ok(()) };
        let Resource::Service(service) = &task.resource else { return Ok(()) };
        if self.strictness == Strictness::None
            || service.pattern != updraft_lang::asl::Pattern::RequestResponse
        {
            return Ok(());
        }
        let Some(shape) = tasks::mock_shape(cx, service) else { return Ok(()) };
        let strict = self.strictness == Strictness::Strict;
        tasks::validate_mock(result, shape, service.sdk, strict).map_err(|message| {
            refusals::invalid(format!("Mock result schema validation error: {message}")).into()
        })
    }

    fn writes_results(&self) -> bool {
        matches!(&self.state.kind, StateKind::Map(map) if map.has_writer())
    }
}

fn read_mock(mock: &api::MockInput) -> Result<Option<Mock>> {
    match (&mock.result, &mock.error_output) {
        (Some(_), Some(_)) => {
            let message = "A test mock should have only one of the following fields: [result, errorOutput].";
            Err(refusals::invalid(message).into())
        }
        (Some(text), None) => {
            let value = read_json(text).map_err(|error| {
                refusals::invalid(format!("Mocked result must be valid JSON: {}", error.message))
            })?;
            Ok(Some(Mock::Result(value)))
        }
        (None, Some(error)) => Ok(Some(Mock::Error(Failure::of(error.error.clone(), error.cause.clone())))),
        (None, None) => Ok(None),
    }
}

fn find_state(definition: &str, name: Option<&str>) -> Result<Arc<State>> {
    let Some(name) = name else {
        let (state, findings) = Machine::read_state(definition, LONE_STATE);
        return state.ok_or_else(|| refusals::invalid_definition(definitions::told(&findings)).into());
    };
    let machine = definitions::check(definition)?;
    let found = machine.flow.find(name).cloned();
    let missing = || refusals::invalid(format!("State not found: {name}"));
    Ok(found.ok_or_else(missing)?)
}

fn check_context(context: &Value) -> Result<()> {
    let invalid = |message: String| refusals::invalid(format!("Invalid Context object provided: {message}"));
    let Value::Object(members) = context else {
        return Err(invalid("the context object must be a JSON object".to_owned()).into());
    };
    for (name, member) in members {
        if name == "Map" {
            let message = "'Map' field is not supported when mocking a Context object".to_owned();
            return Err(invalid(message).into());
        }
        let Some((_, known)) = CONTEXT.iter().find(|(one, _)| one == name) else {
            return Err(invalid(format!("Field '{name}' is not allowed")).into());
        };
        let Value::Object(fields) = member else {
            return Err(invalid(format!("{name} must be an object")).into());
        };
        for (field, value) in fields {
            if !known.contains(&field.as_str()) {
                return Err(invalid(format!("Field '{field}' is not allowed")).into());
            }
            let number = field == "RetryCount" || field == "RedriveCount";
            if number && !value.is_number() {
                return Err(invalid(format!("{name}.{field} must be a number")).into());
            }
            if !number && field != "Input" && !value.is_string() {
                return Err(invalid(format!("{name}.{field} must be a string")).into());
            }
        }
    }
    Ok(())
}

/// The execution of the one state.
struct Stand {
    machine: Machine,
    run: Run,
    identity: Identity,
    inspection: Inspection,
    arn: Arn,
}

impl Stand {
    fn new(cx: &ServeCx, test: &Test, input: &api::TestStateInput) -> Result<Self> {
        let state = test.state.clone();
        let flow = Flow {
            start_at: state.name.clone(),
            states: [(state.name.clone(), state.clone())].into_iter().collect(),
        };
        let (machine_name, name) = (cx.ids().uuid(), cx.ids().uuid());
        let scope = cx.scope();
        let arn = ExpressAt(&machine_name, &name, &cx.ids().uuid()).arn(scope);
        // The execution's ARN has no id of its own here (recorded).
        let shown = arn.to_string();
        let shown = shown.rsplit_once(':').map_or(shown.as_str(), |(before, _)| before);
        let identity = Identity {
            execution: json!({
                "Id": shown,
                "Input": test.input,
                "Name": name,
                "RoleArn": input.role_arn.clone().unwrap_or_default(),
                "StartTime": iso_millis(cx.now().millis()),
            }),
            machine: json!({ "Id": StateMachineAt(&machine_name).arn(scope).as_str(), "Name": machine_name }),
            region: scope.region.to_string(),
            reference: arn.to_string(),
            context: test.context.clone(),
            ..Identity::default()
        };
        let retries = test.retries.into_iter().collect();
        Ok(Self {
            machine: Machine { flow, timeout_seconds: None },
            run: Run::single(test.variables.clone(), retries),
            identity,
            inspection: Inspection::default(),
            arn,
        })
    }

    fn step(&mut self, cx: &ServeCx, input: Input) -> Vec<Action> {
        let now = cx.now().millis();
        let mut chance = Chance { ids: cx.ids(), now };
        let mut step = Step::new(now, &mut chance, &self.identity);
        step.inspection = Some(&mut self.inspection);
        self.run.advance(&self.machine, input, &mut step);
        step.actions
    }

    async fn carry_out(
        &mut self,
        service: &States,
        cx: &ServeCx,
        test: &Test,
        input: &api::TestStateInput,
    ) -> Result<()> {
        let text = test.input.to_string();
        let mut actions: VecDeque<_> = self.step(cx, Input::Begin { input: test.input.clone(), text }).into();
        while self.run.ending().is_none() {
            let Some(action) = actions.pop_front() else { break };
            let Action::Start(start) = action else { continue };
            let result = match &test.mock {
                Some(mock) => mocked(mock, test, &start),
                None => self.really(service, cx, test, input, *start).await?,
            };
            actions.extend(self.step(cx, result));
        }
        Ok(())
    }

    /// Makes the call, as the role that is tested.
    async fn really(
        &self,
        service: &States,
        cx: &ServeCx,
        test: &Test,
        input: &api::TestStateInput,
        start: TaskStart,
    ) -> Result<Input> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let (frame, attempt) = (start.frame, start.attempt);
        let revision = Revision {
            definition: input.definition.clone(),
            role: test.role.clone().unwrap_or_default(),
            logging: Logging::default(),
            tracing: false,
            updated: cx.now(),
            author: (*cx.info().caller).clone(),
        };
        let task = tasks::Task {
            driver: service.driver.clone(),
            cx: service.driver.context(cx.scope())?,
            key: (cx.scope().clone(), String::new(), self.arn.resource().to_owned()),
            arn: self.arn.clone(),
            machine: String::new(),
            revision: Arc::new(revision),
            revision_id: String::new(),
            child_of: None,
            start,
            submitted: false,
            sender,
        };
        task.run().await;
        while let Some(message) = receiver.recv().await {
            if matches!(message.input, Input::Succeeded { .. } | Input::Failed { .. }) {
                return Ok(message.input);
            }
            if let Input::Submitted { output, .. } = message.input {
                return Ok(Input::Succeeded { frame, attempt, output });
            }
        }
        let failure = Failure::new("States.TaskFailed", "The task gave no answer");
        Ok(Input::Failed { frame, attempt, failure })
    }

    fn answer(&self, test: &Test) -> api::TestStateOutput {
        let mut answer = api::TestStateOutput::default();
        let failed = |answer: &mut api::TestStateOutput, failure: &Failure| {
            answer.error.clone_from(&failure.error);
            answer.cause = failure.cause.as_deref().map(bare_cause);
        };
        let mut details = None;
        let status = match self.run.ending() {
            Some(Ending::Passed(output, next)) => {
                answer.output = Some(output.to_string());
                answer.next_state.clone_from(next);
                "SUCCEEDED"
            }
            Some(Ending::Succeeded(output)) => {
                answer.output = Some(output.to_string());
                "SUCCEEDED"
            }
            Some(Ending::Retriable(failure, index, seconds)) => {
                failed(&mut answer, failure);
                details = Some(api::InspectionErrorDetails {
                    retry_index: i32::try_from(*index).ok(),
                    retry_backoff_interval_seconds: i32::try_from(*seconds).ok(),
                    catch_index: None,
                });
                "RETRIABLE"
            }
            Some(Ending::Caught(failure, index, output, next)) => {
                failed(&mut answer, failure);
                answer.output = Some(output.to_string());
                answer.next_state = Some(next.clone());
                details = Some(api::InspectionErrorDetails {
                    catch_index: i32::try_from(*index).ok(),
                    ..api::InspectionErrorDetails::default()
                });
                "CAUGHT_ERROR"
            }
            Some(Ending::Failed(failure) | Ending::Aborted(failure)) => {
                failed(&mut answer, failure);
                "FAILED"
            }
            Some(Ending::TimedOut) | None => "FAILED",
        };
        answer.status = Some(status.into());
        if test.inspected {
            answer.inspection_data = Some(self.inspected(test, details));
        }
        answer
    }

    fn inspected(
        &self,
        test: &Test,
        error_details: Option<api::InspectionErrorDetails>,
    ) -> api::InspectionData {
        let stages = &self.inspection.stages;
        let text = |name: &str| stages.get(name).map(ToString::to_string);
        let number = |name: &str| stages.get(name).and_then(Value::as_f64);
        let jsonata = test.state.language == Language::Jsonata;
        let map = matches!(test.state.kind, StateKind::Map(_));
        let parallel = matches!(test.state.kind, StateKind::Parallel(_));
        // What AWS leaves out was recorded: the result of a Map or a Parallel, and of a Pass.
        let result = !map && !parallel && !matches!(test.state.kind, StateKind::Pass(_));
        let variables = self.run.variables();
        api::InspectionData {
            input: text("input"),
            after_arguments: text("afterArguments").filter(|_| jsonata && !map && !parallel),
            after_input_path: text("afterInputPath").filter(|_| !parallel),
            after_parameters: text("afterParameters").filter(|_| !parallel),
            result: text("result").filter(|_| result),
            after_result_selector: text("afterResultSelector"),
            after_result_path: text("afterResultPath"),
            after_items_path: text("afterItemsPath"),
            after_item_selector: text("afterItemSelector"),
            max_concurrency: number("maxConcurrency").map(|number| number as i32),
            tolerated_failure_count: number("toleratedFailureCount").map(|number| number as i32),
            tolerated_failure_percentage: number("toleratedFailurePercentage"),
            variables: (!variables.is_empty()).then(|| Value::Object(variables).to_string()),
            error_details,
            ..api::InspectionData::default()
        }
    }
}

/// A cause without the place in an execution that there is none of.
fn bare_cause(cause: &str) -> String {
    let begins = cause.starts_with("An error occurred while executing the state '");
    match cause.split_once("). ").filter(|_| begins) {
        Some((_, message)) => message.to_owned(),
        None => cause.to_owned(),
    }
}

fn mocked(mock: &Mock, test: &Test, start: &TaskStart) -> Input {
    let (frame, attempt) = (start.frame, start.attempt);
    match mock {
        Mock::Result(result) => Input::Succeeded { frame, attempt, output: result.clone() },
        Mock::Error(failure) => {
            let exceeded = matches!(start.kind, TaskKind::Map(_))
                && test.failures.zip(tolerated(test)).is_some_and(|(failures, most)| failures > most);
            let failure = if exceeded {
                Failure::new(
                    "States.ExceedToleratedFailureThreshold",
                    "The specified tolerated failure threshold was exceeded",
                )
            } else {
                failure.clone()
            };
            Input::Failed { frame, attempt, failure }
        }
    }
}

/// How many items may fail, where the definition says so.
fn tolerated(test: &Test) -> Option<u64> {
    match &test.state.kind {
        StateKind::Map(map) => map.tolerated_failures(),
        _ => None,
    }
}
