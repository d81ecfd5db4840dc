//! Machines read and executions carried out, step by step.

use serde_json::{Map, Value, json};

use super::*;
use crate::Seeded;

/// A run that a test holds: it answers tasks itself and turns the clock.
struct Bench {
    machine: Machine,
    run: Run,
    now: i64,
    entropy: Seeded,
    events: Vec<HistoryEvent>,
    actions: Vec<Action>,
}

impl Bench {
    fn new(definition: &Value) -> Self {
        let (machine, findings) = Machine::read(&definition.to_string());
        let machine = machine.unwrap_or_else(|| panic!("{findings:?}"));
        let run = Run::new(true);
        Self { machine, run, now: 0, entropy: Seeded::new(7, 0), events: Vec::new(), actions: Vec::new() }
    }

    fn begin(definition: &Value, input: Value) -> Self {
        let mut bench = Self::new(definition);
        let text = input.to_string();
        bench.give(Input::Begin { input, text });
        bench
    }

    fn give(&mut self, input: Input) {
        let identity = Identity { map_runs: "arn:aws:states:::mapRun:m/".to_owned(), ..Identity::default() };
        let mut input = Some(input);
        while let Some(next) = input.take() {
            let mut step = Step::new(self.now, &mut self.entropy, &identity);
            self.run.advance(&self.machine, next, &mut step);
            self.events.extend(step.events);
            self.actions.extend(step.actions);
            if self.run.has_work() {
                input = Some(Input::Wake);
            }
        }
        // What is kept between two steps is all there is.
        let kept = serde_json::to_string(&self.run).unwrap();
        self.run = serde_json::from_str(&kept).unwrap();
    }

    /// Lets time pass until the next thing is due.
    fn leap(&mut self) {
        self.now = self.run.next_wake().expect("something is waited for");
        self.give(Input::Wake);
    }

    /// The task begun last.
    fn task(&mut self) -> TaskStart {
        let started = self.actions.drain(..).filter_map(|action| match action {
            Action::Start(start) => Some(*start),
            Action::Cancel { .. } => None,
        });
        started.collect::<Vec<_>>().pop().expect("a task was begun")
    }

    fn succeed(&mut self, output: Value) {
        let start = self.task();
        self.give(Input::Succeeded { frame: start.frame, attempt: start.attempt, output });
    }

    fn fail(&mut self, error: &str) {
        let start = self.task();
        let failure = Failure::new(error, "tested");
        self.give(Input::Failed { frame: start.frame, attempt: start.attempt, failure });
    }

    fn output(&self) -> Value {
        match self.run.ending() {
            Some(Ending::Succeeded(output)) => output.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn error(&self) -> String {
        match self.run.ending() {
            Some(Ending::Failed(failure)) => failure.name().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.kind.as_str()).collect()
    }
}

fn one(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: state } })
}

fn task(more: Value) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true });
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one("Call", state)
}

#[test]
fn findings_have_codes_words_and_places() {
    let pass = json!({ "Type": "Pass", "End": true });
    let rows = [
        (json!({}), "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        (
            one("A", json!({ "Type": "Pass", "Next": "B" })),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next",
        ),
        (
            json!({ "StartAt": "A", "States": { "A": pass, "B": pass } }),
            "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
        ),
        (
            one("A", json!({ "Type": "Wait", "Timestamp": "soon", "End": true })),
            "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp",
        ),
        (
            one("A", json!({ "Type": "Pass", "Result": 1, "End": true, "Resutl": 2 })),
            "SCHEMA_VALIDATION_FAILED: Field 'Resutl' is not supported at /States/A/Resutl",
        ),
        (
            one("A", json!({ "Type": "Pass", "Parameters": { "a.$": "b" }, "End": true })),
            "SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/A/Parameters",
        ),
    ];
    for (definition, told) in rows {
        let (machine, findings) = Machine::read(&definition.to_string());
        assert!(machine.is_none(), "{definition}");
        assert_eq!(findings[0].to_string(), told);
    }
}

#[test]
fn data_go_through_the_fields_in_order() {
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "InputPath": "$.order", "Parameters": { "id.$": "$.id" },
        "ResultSelector": { "sum.$": "$.Payload.total" }, "ResultPath": "$.charge", "OutputPath": "$.charge",
    });
    let mut bench = Bench::begin(&one("Charge", state), json!({ "order": { "id": 7 } }));
    let start = bench.run.under_way().remove(0).0;
    assert_eq!(start.input, json!({ "id": 7 }));
    bench.succeed(json!({ "Payload": { "total": 12 } }));
    assert_eq!(bench.output(), json!({ "sum": 12 }));
    let wanted = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(bench.kinds(), wanted);
}

#[test]
fn retries_wait_longer_each_time_and_end() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Boom"], "IntervalSeconds": 2, "MaxAttempts": 2 }] });
    let mut bench = Bench::begin(&task(retry), json!({}));
    bench.fail("Boom");
    bench.leap();
    assert_eq!(bench.now, 2_000);
    bench.fail("Boom");
    bench.leap();
    assert_eq!(bench.now, 6_000);
    bench.fail("Boom");
    assert_eq!(bench.error(), "Boom");
}

#[test]
fn a_caught_error_is_the_next_states_input() {
    let definition = json!({ "StartAt": "Call", "States": {
        "Call": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Mend",
            "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Mend" }],
        },
        "Mend": { "Type": "Pass", "End": true },
    }});
    let mut bench = Bench::begin(&definition, json!({ "id": 7 }));
    bench.fail("Boom");
    assert_eq!(bench.output(), json!({ "id": 7, "error": { "Error": "Boom", "Cause": "tested" } }));
}

#[test]
fn overdue_tasks_time_out_and_heartbeats_put_it_off() {
    let token = json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "HeartbeatSeconds": 10,
        "TimeoutSeconds": 25, "Parameters": { "FunctionName": "f" },
    });
    let mut bench = Bench::begin(&task(token), json!({}));
    let start = bench.task();
    bench.now = 8_000;
    bench.give(Input::Heartbeat { frame: start.frame, attempt: start.attempt });
    bench.leap();
    assert_eq!(bench.now, 18_000);
    assert_eq!(bench.error(), "States.Timeout");
    assert!(bench.kinds().contains(&"TaskTimedOut"));
}

#[test]
fn branches_run_side_by_side_and_fail_together() {
    let call = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true });
    let branch = |name: &str| json!({ "StartAt": name, "States": { name: call } });
    let state = json!({ "Type": "Parallel", "Branches": [branch("A"), branch("B")], "End": true });
    let mut bench = Bench::begin(&one("Both", state), json!({}));
    assert_eq!(bench.run.under_way().len(), 2);
    bench.fail("Boom");
    assert_eq!(bench.error(), "Boom");
    assert!(bench.actions.iter().any(|action| matches!(action, Action::Cancel { .. })));
}

#[test]
fn items_run_so_many_at_once_and_keep_their_order() {
    let call = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true });
    let state = json!({
        "Type": "Map", "MaxConcurrency": 2, "End": true,
        "ItemProcessor": { "StartAt": "Each", "States": { "Each": call } },
        "ItemSelector": { "item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index" },
    });
    let mut bench = Bench::begin(&one("All", state), json!(["a", "b", "c"]));
    let mut inputs = Vec::new();
    while let Some((start, _)) = bench.run.under_way().last().cloned() {
        assert!(bench.run.under_way().len() <= 2);
        inputs.push(start.input["item"].clone());
        let output = start.input["index"].clone();
        bench.give(Input::Succeeded { frame: start.frame, attempt: start.attempt, output });
    }
    assert_eq!(inputs.len(), 3);
    assert_eq!(bench.output(), json!([0, 1, 2]));
    let nothing = json!({ "Type": "Map", "End": true, "ItemProcessor": {
        "StartAt": "Each", "States": { "Each": { "Type": "Pass", "End": true } } } });
    assert_eq!(Bench::begin(&one("None", nothing), json!([])).output(), json!([]));
}

#[test]
fn variables_are_seen_inside_and_not_outside() {
    let definition = json!({ "StartAt": "Set", "QueryLanguage": "JSONata", "States": {
        "Set": { "Type": "Pass", "Assign": { "x": 1 }, "Next": "Both" },
        "Both": { "Type": "Parallel", "Next": "Show", "Branches": [{ "StartAt": "In", "States": {
            "In": { "Type": "Pass", "Assign": { "y": 2 }, "Output": "{% $x + 1 %}", "End": true } } }] },
        "Show": { "Type": "Pass", "Output": { "x": "{% $x %}", "both": "{% $states.input %}" }, "End": true },
    }});
    assert_eq!(Bench::begin(&definition, json!({})).output(), json!({ "x": 1, "both": [2] }));
}

#[test]
fn a_failed_expression_is_told_and_may_be_caught() {
    let definition = json!({ "StartAt": "A", "QueryLanguage": "JSONata", "States": {
        "A": { "Type": "Pass", "Output": "{% $states.input.absent %}", "End": true } } });
    let bench = Bench::begin(&definition, json!({}));
    assert_eq!(bench.error(), "States.QueryEvaluationError");
    assert!(bench.kinds().contains(&"EvaluationFailed"));
}

#[test]
fn too_much_data_and_too_long_a_history_end_an_execution() {
    let mut bench = Bench::begin(&task(json!({})), json!({}));
    bench.succeed(Value::String("x".repeat(DATA_BYTES_MAX + 1)));
    assert_eq!(bench.error(), "States.DataLimitExceeded");

    let round = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Choice", "Choices": [{ "Variable": "$", "IsPresent": true, "Next": "A" }], "Default": "B" },
        "B": { "Type": "Succeed" } } });
    let bench = Bench::begin(&round, json!({}));
    assert_eq!(bench.error(), "States.Runtime");
    assert!(bench.run.events() <= EVENTS_MAX);
}

#[test]
fn a_redrive_goes_on_with_the_state_that_failed() {
    let mut bench = Bench::begin(&task(json!({})), json!({}));
    bench.fail("Boom");
    bench.give(Input::Redrive(1));
    bench.succeed(json!(1));
    assert_eq!(bench.output(), json!(1));
    assert_eq!(bench.kinds().iter().filter(|kind| **kind == "TaskStateEntered").count(), 1);
}

#[test]
fn inputs_for_what_is_over_change_nothing() {
    let mut bench = Bench::begin(&task(json!({})), json!({}));
    let start = bench.task();
    bench.give(Input::Stop(Failure::of(None, None)));
    let events = bench.events.len();
    bench.give(Input::Succeeded { frame: start.frame, attempt: start.attempt, output: json!(1) });
    bench.give(Input::Wake);
    assert_eq!(bench.events.len(), events);
    assert!(matches!(bench.run.ending(), Some(Ending::Aborted(_))));
    let _: Map<String, Value> = bench.run.variables();
}
