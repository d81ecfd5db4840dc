//! What a call costs: warm calls over the floor of a bare Runtime API round trip with the same
//! bootstrap outside any sandbox, and cold starts with all isolation.
//!
//! `cargo bench -p updraft-runner`, as root for the full isolation. The floor's server is a blocking
//! one that does nothing but hand out the same event again, so what is above it is the runner's.

#![expect(clippy::unwrap_used, reason = "a bench whose preparation fails has failed")]
#![expect(clippy::print_stdout, reason = "the figures are for a reader")]

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod support;

mod bare;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bare::{EVENT, NODE, PYTHON, bare_starts, echo, floor, micros, percentile};
use support::{Bench, Function};
use updraft_kernel::{FunctionHost, Outcome};

const WARM_CALLS: usize = 2_000;
const COLD_CALLS: usize = 60;
const AT_ONCE: usize = 16;
const BURST: usize = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // As a task, where an engine's calls are made: the main thread would have to be woken each time.
    runtime.block_on(async { tokio::spawn(run()).await.unwrap() });
}

async fn run() {
    println!("warm, one at a time ({WARM_CALLS} calls), microseconds");
    println!("{:<8} {:>9} {:>9} {:>9} {:>9} {:>7}", "", "floor p50", "p99", "call p50", "p99", "ratio");
    let bench = Bench::new().await;
    let functions = functions(&bench);
    for (name, function) in &functions {
        let mut floor = floor(name, &function.spec.code, WARM_CALLS);
        let mut calls = warm(&bench, function).await;
        let ratio = percentile(&mut calls, 50) / percentile(&mut floor, 50);
        println!(
            "{name:<8} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {ratio:>7.2}",
            percentile(&mut floor, 50),
            percentile(&mut floor, 99),
            percentile(&mut calls, 50),
            percentile(&mut calls, 99),
        );
    }
    println!("\nwarm, {AT_ONCE} at once, calls per second");
    for (name, function) in &functions {
        println!("{name:<8} {:>9.0}", at_once(&bench, function).await);
    }
    bench.runner.shut_down().await;
    println!("\ncold start to answer, {COLD_CALLS} of each, milliseconds");
    println!(
        "{:<8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "bare p50", "none p50", "p99", "pool p50", "p99", "pool/bare"
    );
    for name in ["python", "node", "rust"] {
        let mut bare = bare_starts(name, COLD_CALLS);
        let mut none = cold(name, 0).await;
        let mut pool = cold(name, 4).await;
        println!(
            "{name:<8} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.2}",
            percentile(&mut bare, 50) / 1000.0,
            percentile(&mut none, 50) / 1000.0,
            percentile(&mut none, 99) / 1000.0,
            percentile(&mut pool, 50) / 1000.0,
            percentile(&mut pool, 99) / 1000.0,
            percentile(&mut pool, 50) / percentile(&mut bare, 50),
        );
    }
    println!("\n{BURST} cold starts at once, milliseconds to the last answer");
    for name in ["python", "node", "rust"] {
        println!("{name:<8} {:>9.0}", burst(name).await);
    }
}

/// So many cold starts at once: the time to the last answer, in milliseconds.
async fn burst(name: &str) -> f64 {
    let bench = Bench::new().await;
    let function = function(&bench, name);
    let spec = Arc::new(function.spec.clone());
    let begun = Instant::now();
    let calls =
        (0..BURST).map(|_| bench.runner.invoke(Arc::clone(&spec), bench.invocation(&function, EVENT)));
    for report in futures::future::join_all(calls).await {
        assert_eq!(report.unwrap().outcome, Outcome::Answered);
    }
    let took = micros(begun.elapsed()) / 1000.0;
    bench.runner.shut_down().await;
    took
}

fn functions(bench: &Bench) -> [(&'static str, Function); 3] {
    ["python", "node", "rust"].map(|name| (name, function(bench, name)))
}

fn function(bench: &Bench, name: &str) -> Function {
    match name {
        "python" => bench.python(name, PYTHON),
        "node" => bench.node(name, NODE),
        _ => {
            let function = bench.function(name, "provided.al2023", "x", &[("bootstrap", "")]);
            std::fs::copy(echo(), function.spec.code.join("bootstrap")).unwrap();
            function
        }
    }
}

async fn warm(bench: &Bench, function: &Function) -> Vec<f64> {
    let spec = Arc::new(function.spec.clone());
    let mut times = Vec::new();
    for _ in 0..WARM_CALLS {
        let invocation = bench.invocation(function, EVENT);
        let begun = Instant::now();
        let report = bench.runner.invoke(Arc::clone(&spec), invocation).await.unwrap();
        times.push(micros(begun.elapsed()));
        assert_eq!(report.outcome, Outcome::Answered);
    }
    times.split_off(WARM_CALLS / 10)
}

async fn at_once(bench: &Bench, function: &Function) -> f64 {
    let callers = || futures::future::join_all((0..AT_ONCE).map(|_| warm(bench, function)));
    callers().await;
    let begun = Instant::now();
    callers().await;
    (AT_ONCE * WARM_CALLS) as f64 / begun.elapsed().as_secs_f64()
}

/// Each call a cold start, with so many sandboxes kept ready.
async fn cold(name: &str, prepared: usize) -> Vec<f64> {
    let bench = Bench::with(|config| (config.prepared, config.started) = (prepared, prepared)).await;
    let mut function = function(&bench, name);
    let mut times = Vec::new();
    for number in 0..=COLD_CALLS {
        function.spec.instance_key = format!("{name}-{number}");
        let (spec, invocation) = (Arc::new(function.spec.clone()), bench.invocation(&function, EVENT));
        let begun = Instant::now();
        let report = bench.runner.invoke(spec, invocation).await.unwrap();
        times.push(micros(begun.elapsed()));
        assert!(report.init.is_some());
        bench.runner.retire(&function.spec.instance_key);
        // The pool fills up again while nobody calls.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    bench.runner.shut_down().await;
    // The first also found the runtime and built its root.
    times.split_off(1)
}
