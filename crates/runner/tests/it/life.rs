//! The life of environments: how many, for whom, how they rest and how they end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use updraft_kernel::{FunctionHost, HostError, Outcome};

use crate::support::{Bench, json};

const SLEEPER: &str = "import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return [os.getpid(), id(context)]\n";

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_get_environments_of_their_own() {
    let bench = Bench::new().await;
    let function = bench.python("parallel", SLEEPER);
    let reports = tokio::join!(
        bench.call(&function, "0.5"),
        bench.call(&function, "0.5"),
        bench.call(&function, "0.5")
    );
    assert_eq!(bench.runner.environments("parallel"), 3);
    let names = [reports.0.environment, reports.1.environment, reports.2.environment];
    assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    bench.runner.retire("parallel");
    wait_until(|| bench.runner.environments("parallel") == 0).await;
    assert!(bench.call(&function, "0").await.init.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_calls_wait_and_past_the_queue_they_are_refused() {
    let bench = Bench::with(|config| {
        config.environments_max = 1;
        config.queue_max = 1;
    })
    .await;
    let (one, other) = (bench.python("one", SLEEPER), bench.python("other", SLEEPER));
    assert_eq!(bench.call(&one, "0").await.outcome, Outcome::Answered);
    // An idle environment of another function makes room.
    assert_eq!(bench.call(&other, "0").await.outcome, Outcome::Answered);
    assert_eq!(bench.call(&one, "0").await.outcome, Outcome::Answered);
    let third = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let spec = Arc::new(other.spec.clone());
        bench.runner.invoke(spec, bench.invocation(&other, "0")).await
    };
    let (first, second, third) = tokio::join!(bench.call(&one, "1"), bench.call(&one, "0"), third);
    assert_eq!((first.outcome, second.outcome), (Outcome::Answered, Outcome::Answered));
    assert!(matches!(third, Err(HostError::Exhausted)), "{third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_environment_is_frozen_and_thawed() {
    let bench = Bench::new().await;
    let code = "import threading, time\nticks = [0]\ndef tick():\n    while True:\n        ticks[0] += 1\n        time.sleep(0.01)\nthreading.Thread(target=tick, daemon=True).start()\ndef handler(event, context):\n    return ticks[0]\n";
    let function = bench.python("ticks", code);
    let before = json(&bench.call(&function, "{}").await).as_u64().unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = json(&bench.call(&function, "{}").await).as_u64().unwrap();
    // A second awake would be a hundred ticks; a few pass before the freezer comes.
    assert!(after - before < 30, "{before} {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_rests_too_long_ends() {
    let bench = Bench::with(|config| config.idle_max = Duration::from_millis(200)).await;
    let function = bench.python("resting", SLEEPER);
    bench.call(&function, "0").await;
    wait_until(|| bench.runner.environments("resting") == 0).await;
    assert!(bench.call(&function, "0").await.init.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_run_out_end_their_environment() {
    let bench = Bench::new().await;
    let function = bench.python(
        "expires",
        "import os\ndef handler(event, context):\n    return os.environ['AWS_ACCESS_KEY_ID']\n",
    );
    let mut invocation = bench.invocation(&function, "{}");
    invocation.credentials.expires = invocation.credentials.expires.minus(Duration::from_secs(3590));
    invocation.credentials.access_key_id = "ASIAOLD".to_owned();
    let old = bench.runner.invoke(Arc::new(function.spec.clone()), invocation).await.unwrap();
    assert_eq!(old.payload, r#""ASIAOLD""#);
    assert_eq!(bench.call(&function, "{}").await.payload, r#""ASIAEXAMPLE""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_versions_are_compared_each_failure_comes_by_itself() {
    let bench = Bench::new().await;
    let code = "calls = [0]\ndef handler(event, context):\n    calls[0] += 1\n    if event: raise Exception(calls[0])\n    return calls[0]\n";
    let function = bench.python("bad", code);
    let call = async |fails: &str, end_after_failure| {
        let invocation =
            updraft_kernel::Invocation { end_after_failure, ..bench.invocation(&function, fails) };
        let report = bench.runner.invoke(Arc::new(function.spec.clone()), invocation).await.unwrap();
        let answer = json(&report);
        answer["errorMessage"].as_str().map_or_else(|| answer.to_string(), str::to_owned)
    };
    assert_eq!([call("true", false).await, call("true", false).await], ["1", "2"], "it stays");
    assert_eq!([call("true", true).await, call("true", true).await], ["3", "1"], "it ends");
    assert_eq!([call("false", true).await, call("false", true).await], ["1", "2"], "nothing failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_caller_hangs_up() {
    let bench = Bench::new().await;
    let function = bench.python(
        "abandoned",
        "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    print('finished')\n",
    );
    let spec = Arc::new(function.spec.clone());
    let call = bench.runner.invoke(spec, bench.invocation(&function, "{}"));
    assert!(tokio::time::timeout(Duration::from_millis(200), call).await.is_err());
    wait_until(|| bench.log().contains(&"finished".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutting_down_ends_busy_environments_too() {
    let bench = Bench::new().await;
    let function = bench.python("busy", SLEEPER);
    let call = async {
        let spec = Arc::new(function.spec.clone());
        bench.runner.invoke(spec, bench.invocation(&function, "15")).await
    };
    let (_, ()) = tokio::join!(call, async {
        wait_until(|| bench.runner.environments("busy") == 1).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        bench.runner.shut_down().await;
        assert!(begun.elapsed() < Duration::from_secs(5));
    });
    assert_eq!(bench.runner.environments("busy"), 0);
}

/// Where the test below is run as the engine that is killed.
const VICTIM: &str = "UPDRAFT_RUNNER_TEST_VICTIM";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_leaves_nothing_behind() {
    if std::env::var_os(VICTIM).is_some() {
        return be_the_victim().await;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "life::a_killed_engine_leaves_nothing_behind", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let spawner = || processes().into_iter().find(|(_, parent, _)| *parent == victim.id());
    wait_until(|| spawner().is_some_and(|(pid, _, session)| pid == session)).await;
    let (spawner, ..) = spawner().unwrap();
    let sandboxed = || processes().into_iter().filter(|(_, _, session)| *session == spawner).count();
    // The spawner, and in each of two sandboxes an init and a runtime.
    wait_until(|| sandboxed() >= 5).await;
    let mark = format!("updraft.{}.", victim.id());
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until(|| sandboxed() == 0 && cgroups(&mark).is_empty()).await;
}

async fn be_the_victim() {
    let bench = Bench::new().await;
    let frozen = bench.python("frozen", SLEEPER);
    bench.call(&frozen, "0").await;
    let function = bench.python("forever", SLEEPER);
    bench.call(&function, "60").await;
}

/// Every process with its parent and its session.
fn processes() -> Vec<(u32, u32, u32)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
        let parent = fields.next()?.parse().ok()?;
        Some((pid, parent, fields.nth(1)?.parse().ok()?))
    })
    .collect()
}

/// The directories with a mark in every hierarchy.
fn cgroups(mark: &str) -> Vec<PathBuf> {
    fn search(directory: &Path, mark: &str, depth: usize, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(mark) {
                found.push(entry.path());
            } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                search(&entry.path(), mark, depth - 1, found);
            }
        }
    }
    let mut found = Vec::new();
    search(Path::new("/sys/fs/cgroup"), mark, 5, &mut found);
    found
}

async fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_was_started_early_finds_its_function_and_nobody_elses() {
    let bench = Bench::with(|config| (config.prepared, config.started) = (2, 2)).await;
    let code = "import os\ndef handler(event, context):\n    open('/tmp/mine', 'a').write('x')\n    return [os.environ['NAME'], os.getcwd(), os.listdir('/tmp'), sorted(os.listdir('.')), os.environ['AWS_LAMBDA_LOG_STREAM_NAME'] == context.log_stream_name, '_UPDRAFT_EARLY' in os.environ]\n";
    let node = "const fs = require('fs'); exports.handler = async () => [process.env.NAME, process.cwd(), fs.readdirSync('/tmp'), '_UPDRAFT_EARLY' in process.env];";
    for number in 0..4 {
        let name = format!("early{number}");
        let function = bench.python(&name, code).variable("NAME", &name);
        let report = bench.call(&function, "{}").await;
        assert_eq!(
            json(&report),
            serde_json::json!([name, "/var/task", ["mine"], ["app.py"], true, false]),
            "{:#?}",
            bench.log()
        );
        let name = format!("nodeearly{number}");
        let function = bench.node(&name, node).variable("NAME", &name);
        let report = bench.call(&function, "{}").await;
        assert_eq!(json(&report), serde_json::json!([name, "/var/task", [], false]), "{:#?}", bench.log());
        // The pools fill up.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    // What must be known when a program starts keeps it from being started early.
    let function =
        bench.node("preloaded", node).variable("NAME", "x").variable("NODE_OPTIONS", "--no-warnings");
    assert_eq!(json(&bench.call(&function, "{}").await)[0], "x");
    bench.runner.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_it_is_twice() {
    let bench = Bench::with(|config| (config.prepared, config.started) = (2, 2)).await;
    let code = "import http.client, os\ndef handler(event, context):\n    c = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n    c.request('GET', '/updraft/assignment')\n    return c.getresponse().status\n";
    for name in ["asks", "asksagain"] {
        assert_eq!(bench.call(&bench.python(name, code), "{}").await.payload, "404");
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}
