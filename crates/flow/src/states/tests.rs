//! The service in an engine in memory, in virtual time.

use serde_json::{Value, json};
use updraft_api::states::ops::{
    CreateStateMachine, DescribeExecution, SendTaskSuccess, StartExecution, StopExecution,
};
use updraft_api::states::{
    CreateStateMachineInput, DescribeExecutionInput, DescribeExecutionOutput, ExecutionStatus,
    SendTaskSuccessInput, StartExecutionInput, StopExecutionInput,
};
use updraft_testkit::Bench;

fn bench() -> Bench {
    Bench::with(super::register).start()
}

async fn machine(bench: &Bench, definition: Value) -> String {
    let input = CreateStateMachineInput {
        name: "machine".to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/machine".to_owned(),
        ..CreateStateMachineInput::default()
    };
    bench.call::<CreateStateMachine>(input).await.unwrap().state_machine_arn
}

async fn start(bench: &Bench, machine: &str) -> String {
    let input =
        StartExecutionInput { state_machine_arn: machine.to_owned(), ..StartExecutionInput::default() };
    bench.call::<StartExecution>(input).await.unwrap().execution_arn
}

async fn described(bench: &Bench, execution: &str) -> DescribeExecutionOutput {
    let input =
        DescribeExecutionInput { execution_arn: execution.to_owned(), ..DescribeExecutionInput::default() };
    bench.call::<DescribeExecution>(input).await.unwrap()
}

/// Leaps through virtual time until the execution has ended.
async fn ended(bench: &Bench, execution: &str) -> DescribeExecutionOutput {
    for _ in 0..1_000 {
        let shown = described(bench, execution).await;
        if shown.status != ExecutionStatus::Running {
            return shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        bench.clock.leap();
    }
    panic!("the execution did not end");
}

#[tokio::test]
async fn a_day_is_waited_for_in_virtual_time() {
    let bench = bench();
    let wait =
        json!({ "StartAt": "Day", "States": { "Day": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let execution = start(&bench, &machine(&bench, wait).await).await;
    let shown = ended(&bench, &execution).await;
    assert_eq!(shown.status, ExecutionStatus::Succeeded);
    let took = shown.stop_date.unwrap().since(shown.start_date);
    assert_eq!(took.as_secs(), 86_400);
}

#[tokio::test]
async fn an_execution_that_takes_too_long_times_out() {
    let bench = bench();
    let wait = json!({ "StartAt": "Day", "TimeoutSeconds": 60,
        "States": { "Day": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let execution = start(&bench, &machine(&bench, wait).await).await;
    assert_eq!(ended(&bench, &execution).await.status, ExecutionStatus::TimedOut);
}

#[tokio::test]
async fn what_is_stopped_stays_stopped_and_foreign_tokens_are_refused() {
    let bench = bench();
    let wait =
        json!({ "StartAt": "Day", "States": { "Day": { "Type": "Wait", "Seconds": 86_400, "End": true } } });
    let execution = start(&bench, &machine(&bench, wait).await).await;
    let stop = || StopExecutionInput { execution_arn: execution.clone(), ..StopExecutionInput::default() };
    let first = bench.call::<StopExecution>(stop()).await.unwrap().stop_date;
    assert_eq!(described(&bench, &execution).await.status, ExecutionStatus::Aborted);
    bench.advance(std::time::Duration::from_secs(5));
    assert_eq!(bench.call::<StopExecution>(stop()).await.unwrap().stop_date, first);
    let token = SendTaskSuccessInput { task_token: "bm9uZQ==".to_owned(), output: "{}".to_owned() };
    assert_eq!(bench.refused::<SendTaskSuccess>(token).await.code, "InvalidToken");
}
