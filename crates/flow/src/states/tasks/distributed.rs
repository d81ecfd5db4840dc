//! Distributed Maps: a child execution for each item, so many at once, and what they gave.
//!
//! Children have names that follow from the run and their place, so a run begun again after a crash
//! finds those that it began.

use futures::StreamExt as _;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use updraft_api::s3::PutObjectRequest;
use updraft_api::s3::ops::PutObject;
use updraft_kernel::{ByteStream, Error, Result};
use updraft_lang::asl::{Failure, MapWork};
use updraft_types::Arn;
use updraft_types::states::Named;

use super::{Task, fault};
use crate::states::model::{ChildOf, EXECUTIONS, Execution, MAP_RUNS, MachineType, MapRun, Status};
use crate::states::start::{self, Target, Wish};

/// The most children at once ("Step Functions service quotas": 10,000 open child executions).
const CONCURRENCY_MAX: usize = 10_000;

/// What AWS's error of too many failures says.
const THRESHOLD: &str = "The specified tolerated failure threshold was exceeded";

/// Carries a map run out.
pub(super) async fn carry_out(task: &Task, work: &MapWork) -> std::result::Result<Value, Failure> {
    let run: Arn = work.run.parse().map_err(|error| fault(&error))?;
    let Some(Named::MapRun(machine, label, id)) = Named::of(&run) else {
        return Err(Failure::new("States.Runtime", "The map run's ARN cannot be read"));
    };
    let key = (task.key.0.clone(), machine, label, id);
    let fresh = MapRun {
        execution: task.key.2.clone(),
        status: Status::Running,
        started: task.cx.now(),
        stopped: None,
        max_concurrency: work.max_concurrency,
        tolerated_count: work.tolerated_count.unwrap_or(0),
        tolerated_percentage: work.tolerated_percentage.unwrap_or(0.0),
        total: work.inputs.len() as u64,
        succeeded: 0,
        failed: 0,
        running: 0,
        results_written: 0,
        redrives: 0,
    };
    let mut record = keep(task, &key, fresh).await.map_err(|error| fault(&error))?;
    let concurrency = match usize::try_from(work.max_concurrency) {
        Ok(0) | Err(_) => CONCURRENCY_MAX,
        Ok(most) => most.min(CONCURRENCY_MAX),
    };
    let mut children: Vec<BoxFuture<'_, Result<Execution>>> = Vec::with_capacity(work.inputs.len());
    for (index, input) in work.inputs.iter().enumerate() {
        children.push(Box::pin(child(task, work, &key, index, input)));
    }
    let mut ended = futures::stream::iter(children).buffered(concurrency);
    let mut results = Vec::with_capacity(work.inputs.len());
    while let Some(child) = ended.next().await {
        let child = child.map_err(|error| fault(&error))?;
        if child.status == Status::Succeeded {
            record.succeeded += 1
        } else {
            record.failed += 1
        }
        results.push(child);
        if exceeds(work, record.failed) {
            record.status = Status::Failed;
            break;
        }
    }
    drop(ended);
    if record.status == Status::Running {
        record.status = Status::Succeeded;
    }
    record.stopped = Some(task.cx.now());
    let output = match (&work.writer, record.status) {
        (_, Status::Failed) => Err(Failure::new("States.ExceedToleratedFailureThreshold", THRESHOLD)),
        (Some(writer), _) if writer.0.is_some() => {
            record.results_written = results.len() as u64;
            write_results(task, work, writer, &results).await
        }
        _ => Ok(outputs(&results)),
    };
    put(task, &key, record).await.map_err(|error| fault(&error))?;
    output
}

fn exceeds(work: &MapWork, failed: u64) -> bool {
    let by_count = match (work.tolerated_count, work.tolerated_percentage) {
        (None, None) => failed > 0,
        (count, _) => count.is_some_and(|most| failed > most),
    };
    let total = work.inputs.len().max(1) as f64;
    by_count || work.tolerated_percentage.is_some_and(|most| failed as f64 * 100.0 / total > most)
}

type Key = (updraft_types::Scope, String, String, String);

/// The run's record: the one of before a crash, or this.
async fn keep(task: &Task, key: &Key, fresh: MapRun) -> Result<MapRun> {
    let key = key.clone();
    task.cx
        .transact(move |cx| {
            let record = match MAP_RUNS.get(cx, &key)? {
                // Counting begins again; the children are found as they are.
                Some(before) => MapRun { succeeded: 0, failed: 0, status: Status::Running, ..before },
                None => fresh,
            };
            MAP_RUNS.put(cx, &key, &record)?;
            Ok(record)
        })
        .await
}

async fn put(task: &Task, key: &Key, record: MapRun) -> Result<()> {
    let key = key.clone();
    task.cx.transact(move |cx| Ok(MAP_RUNS.put(cx, &key, &record)?)).await
}

async fn child(task: &Task, work: &MapWork, key: &Key, index: usize, input: &Value) -> Result<Execution> {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{}\n{index}", work.run).as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]);
    let mut address = task.child_of.as_ref().map(|outer| outer.address.clone()).unwrap_or_default();
    if let Some(outer) = &task.child_of {
        address.push((outer.state.clone(), 0));
    }
    address.extend(work.address.iter().cloned());
    let target = Target {
        scope: task.key.0.clone(),
        machine: task.machine.clone(),
        kind: if work.express { MachineType::Express } else { MachineType::Standard },
        revision: task.revision_id.clone(),
        version: None,
        alias: None,
    };
    let wish = Wish {
        name: Some(name.clone()),
        input: Some(input.to_string()),
        trace_header: None,
        child_of: Some(ChildOf {
            label: key.2.clone(),
            run: key.3.clone(),
            address,
            state: work.state.clone(),
            index: index as u64,
        }),
    };
    if work.express {
        let (live, actions) = start::express(&task.driver, &task.cx, &target, &wish)?;
        return Ok(live.into_end(actions).await?.0);
    }
    let place = (task.key.0.clone(), format!("{}/{}", task.machine, key.2), name);
    let there = task.cx.view(|view| EXECUTIONS.contains(view, &place))?;
    if !there {
        start::standard(&task.driver, &task.cx, target, wish).await?;
    }
    task.driver.ended(&task.cx, &place).await
}

fn output(child: &Execution) -> Value {
    child.output.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

fn outputs(children: &[Execution]) -> Value {
    children.iter().filter(|child| child.status == Status::Succeeded).map(output).collect()
}

/// Writes what the children gave, and a manifest of it ("ResultWriter (Map)", developer guide).
async fn write_results(
    task: &Task,
    work: &MapWork,
    (_, arguments, config): &(Option<String>, Value, Value),
    children: &[Execution],
) -> std::result::Result<Value, Failure> {
    let failed = |message: &str| Failure::new("States.ResultWriterFailed", message);
    let Some(bucket) = arguments["Bucket"].as_str() else {
        return Err(failed("The field 'Bucket' is required but was missing"));
    };
    let id = work.run.rsplit(':').next().unwrap_or_default();
    let folder = match arguments["Prefix"].as_str().unwrap_or_default().trim_end_matches('/') {
        "" => id.to_owned(),
        prefix => format!("{prefix}/{id}"),
    };
    let plain = config["Transformation"].as_str().unwrap_or("NONE") == "NONE";
    let lines = config["OutputType"].as_str() == Some("JSONL");
    let mut files = Map::new();
    for (status, name) in [(Status::Failed, "FAILED"), (Status::Succeeded, "SUCCEEDED")] {
        let entries: Vec<Value> = children
            .iter()
            .filter(|child| (child.status == Status::Succeeded) == (status == Status::Succeeded))
            .map(|child| if plain { described(child) } else { output(child) })
            .collect();
        let mut listed = Vec::new();
        if !entries.is_empty() {
            let text = if lines {
                entries.iter().map(|entry| format!("{entry}\n")).collect()
            } else {
                Value::Array(entries).to_string()
            };
            let key = format!("{folder}/{name}_0.{}", if lines { "jsonl" } else { "json" });
            listed.push(json!({ "Key": key, "Size": text.len() }));
            put_object(task, bucket, key, text).await?;
        }
        files.insert(name.to_owned(), Value::Array(listed));
    }
    files.insert("PENDING".to_owned(), json!([]));
    let manifest = json!({ "DestinationBucket": bucket, "MapRunArn": work.run, "ResultFiles": files });
    let key = format!("{folder}/manifest.json");
    put_object(task, bucket, key.clone(), manifest.to_string()).await?;
    Ok(json!({ "MapRunArn": work.run, "ResultWriterDetails": { "Bucket": bucket, "Key": key } }))
}

fn described(child: &Execution) -> Value {
    let mut entry = Map::new();
    entry.insert("Input".to_owned(), Value::String(child.input.clone()));
    entry.insert("InputDetails".to_owned(), json!({ "Included": true }));
    if let Some(output) = &child.output {
        entry.insert("Output".to_owned(), Value::String(output.clone()));
        entry.insert("OutputDetails".to_owned(), json!({ "Included": true }));
    }
    entry.extend(child.error.clone().map(|error| ("Error".to_owned(), Value::String(error))));
    entry.extend(child.cause.clone().map(|cause| ("Cause".to_owned(), Value::String(cause))));
    entry.insert("StartDate".to_owned(), Value::String(child.started.iso8601_millis()));
    entry.insert("StopDate".to_owned(), json!(child.stopped.map(|at| at.iso8601_millis())));
    entry.insert("Status".to_owned(), Value::String(child.status.as_str().to_owned()));
    Value::Object(entry)
}

async fn put_object(
    task: &Task,
    bucket: &str,
    key: String,
    text: String,
) -> std::result::Result<(), Failure> {
    let request = PutObjectRequest {
        bucket: bucket.to_owned(),
        key,
        body: Some(ByteStream::Whole(text.into_bytes().into())),
        ..PutObjectRequest::default()
    };
    match task.cx.call::<PutObject>(task.who().await, request).await {
        Ok(_) => Ok(()),
        Err(Error::Refused(refusal)) => {
            Err(Failure::new("States.ResultWriterFailed", format!("{}: {}", refusal.code, refusal.message)))
        }
        Err(Error::Fault(error)) => Err(fault(&error)),
    }
}
