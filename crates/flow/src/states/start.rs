//! The beginning of an execution.

use std::sync::Arc;

use serde_json::Value;
use updraft_kernel::{Read, Result, ServeCx};
use updraft_lang::asl::{HistoryEvent, Input, Run, read_json};
use updraft_types::states::{ExecutionAt, ExpressAt, StateMachineAt};
use updraft_types::{Arn, Resource as _, Scope, Timestamp};

use super::driver::{self, Driver, Live};
use super::model::{
    ALIASES, ChildOf, EXECUTIONS, Execution, ExecutionKey, MACHINES, MachineType, Status, VERSIONS,
};
use super::{names, refusals};

/// What is to be started.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub scope: Scope,
    pub machine: String,
    pub kind: MachineType,
    pub revision: String,
    pub version: Option<u64>,
    pub alias: Option<String>,
}

impl Target {
    /// The target that an ARN names; an alias draws one of its versions.
    pub fn find(read: &(impl Read + ?Sized), arn: &str, drawn: f64) -> Result<Self> {
        let (parsed, scope, machine, qualifier) = names::machine(arn)?;
        let missing = || refusals::machine_missing(&parsed);
        let record = MACHINES.get(read, &(scope.clone(), machine.clone()))?.ok_or_else(missing)?;
        let mut target =
            Self { scope, machine, kind: record.kind, revision: record.revision, version: None, alias: None };
        let Some(qualifier) = qualifier else { return Ok(target) };
        let version = match qualifier.parse::<u64>() {
            Ok(version) => version,
            Err(_) => {
                let key = (target.scope.clone(), target.machine.clone(), qualifier.clone());
                let alias = ALIASES.get(read, &key)?.ok_or_else(missing)?;
                target.alias = Some(qualifier);
                draw(&alias.routing, drawn)
            }
        };
        let key = (target.scope.clone(), target.machine.clone(), version);
        target.revision = VERSIONS.get(read, &key)?.ok_or_else(missing)?.revision;
        target.version = Some(version);
        Ok(target)
    }
}

/// One of an alias's versions, by a number below one.
fn draw(routing: &[(u64, u32)], drawn: f64) -> u64 {
    let mut rest = drawn * 100.0;
    for (version, weight) in routing {
        rest -= f64::from(*weight);
        if rest < 0.0 {
            return *version;
        }
    }
    routing.last().map_or(0, |(version, _)| *version)
}

/// What a caller says of the execution.
#[derive(Debug, Default)]
pub(crate) struct Wish {
    pub name: Option<String>,
    pub input: Option<String>,
    pub trace_header: Option<String>,
    pub child_of: Option<ChildOf>,
}

/// An execution that has begun.
pub(crate) struct Begun {
    pub arn: Arn,
    pub started: Timestamp,
}

/// The input as a value and as it is kept.
pub(crate) fn read_input(text: Option<&str>) -> Result<(Value, String)> {
    let text = text.unwrap_or("{}");
    if text.trim().is_empty() {
        return Err(refusals::invalid_input("Invalid execution input.").into());
    }
    let value = read_json(text).map_err(|error| refusals::invalid_input(error.message))?;
    Ok((value, text.to_owned()))
}

fn record(cx: &ServeCx, target: &Target, wish: &Wish, input: String) -> Execution {
    Execution {
        status: Status::Running,
        started: cx.now(),
        stopped: None,
        input,
        output: None,
        error: None,
        cause: None,
        revision: target.revision.clone(),
        version: target.version,
        alias: target.alias.clone(),
        trace_header: wish.trace_header.clone(),
        redrives: 0,
        redriven: None,
        child_of: wish.child_of.clone(),
    }
}

/// Begins a Standard execution: as far as it can go without the world, it has gone and is durable
/// when this answers.
pub(crate) async fn standard(
    driver: &Arc<Driver>,
    cx: &ServeCx,
    target: Target,
    wish: Wish,
) -> Result<Begun> {
    let name = wish.name.clone().unwrap_or_else(|| cx.ids().uuid());
    names::check(&name)?;
    let (value, input) = read_input(wish.input.as_deref())?;
    let machine = match &wish.child_of {
        Some(child) => format!("{}/{}", target.machine, child.label),
        None => target.machine.clone(),
    };
    let key = (target.scope.clone(), machine, name);
    let arn = ExecutionAt(&key.1, &key.2).arn(&target.scope);
    let mut live = prepare(driver, &target, &wish, &key, arn.clone(), input.clone(), cx)?;
    let (events, actions) = live.step(Input::Begin { input: value, text: input });
    live.note_ending();
    let started = live.execution.started;
    let told = if live.revision.logging.level == "OFF" { Vec::new() } else { events.clone() };
    if let Some(before) = write(cx, &target, &live, events).await? {
        return Ok(Begun { arn, started: before });
    }
    live.count_start();
    live.count_ending();
    super::logging::tell(&live, &told);
    if live.run.ending().is_none() {
        live.set_off(actions);
    }
    Ok(Begun { arn, started })
}

/// Writes a new execution. Where one of that name runs with the same input, that is it: when it began.
async fn write(
    cx: &ServeCx,
    target: &Target,
    live: &Live,
    events: Vec<HistoryEvent>,
) -> Result<Option<Timestamp>> {
    let (key, execution, run) = (live.key.clone(), live.execution.clone(), live.run.clone());
    let (arn, machine) = (live.arn.clone(), (target.scope.clone(), target.machine.clone()));
    cx.transact(move |cx| {
        if let Some(before) = EXECUTIONS.get(cx, &key)? {
            let same = before.status == Status::Running && before.input == execution.input;
            return if same {
                Ok(Some(before.started))
            } else {
                Err(refusals::execution_exists(&arn).into())
            };
        }
        if !MACHINES.contains(cx, &machine)? {
            let arn = StateMachineAt(&machine.1).arn(&machine.0);
            return Err(refusals::machine_missing(arn).into());
        }
        driver::write(cx, &key, &execution, &run, events, true)?;
        Ok(None)
    })
    .await
}

fn prepare(
    driver: &Arc<Driver>,
    target: &Target,
    wish: &Wish,
    key: &ExecutionKey,
    arn: Arn,
    input: String,
    cx: &ServeCx,
) -> Result<Live> {
    let inside = driver.context(&target.scope)?;
    let loaded = inside
        .view(|view| driver.definitions.load(view, &target.scope, &target.machine, &target.revision))?;
    let execution = record(cx, target, wish, input);
    let run = Run::new(target.kind == MachineType::Standard);
    Live::new(driver.clone(), inside, key.clone(), arn, target.kind, execution, run, loaded)
}

/// Begins an Express execution, in memory.
pub(crate) fn express(
    driver: &Arc<Driver>,
    cx: &ServeCx,
    target: &Target,
    wish: &Wish,
) -> Result<(Live, Vec<updraft_lang::asl::Action>)> {
    let name = wish.name.clone().unwrap_or_else(|| cx.ids().uuid());
    names::check(&name)?;
    let (value, input) = read_input(wish.input.as_deref())?;
    let id = cx.ids().uuid();
    let arn = ExpressAt(&target.machine, &name, &id).arn(&target.scope);
    let key = (target.scope.clone(), target.machine.clone(), format!("{name}:{id}"));
    let mut live = prepare(driver, target, wish, &key, arn, input.clone(), cx)?;
    let (events, actions) = live.step(Input::Begin { input: value, text: input });
    live.note_ending();
    live.count_start();
    live.count_ending();
    super::logging::tell(&live, &events);
    live.told = events;
    Ok((live, actions))
}
