//! What the engine costs before it does anything: the time to its first answer, its memory when idle,
//! the binary's size.
//!
//! `cargo bench -p updraft --bench engine`. The floor of a start is the same binary saying its version
//! and ending; of memory, a bare Python interpreter that waits.

#![expect(clippy::unwrap_used, reason = "a bench whose preparation fails has failed")]
#![expect(clippy::print_stdout, reason = "the figures are for a reader")]

mod support;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Engine, UPDRAFT, millis, timed};

const STARTS: usize = 20;
/// After this an engine that starts nothing more is idle.
const SETTLED: Duration = Duration::from_secs(3);

fn main() {
    starts();
    memory();
    let size = std::fs::metadata(UPDRAFT).unwrap().len();
    println!("binary                     {:>8.1} MiB", size as f64 / 1_048_576.0);
}

fn starts() {
    let mut floor: Vec<_> = (0..STARTS)
        .map(|_| timed(|| Command::new(UPDRAFT).arg("--version").stdout(Stdio::null()).status().unwrap()).0)
        .collect();
    let floor = millis(&mut floor, 50);
    let mut empty: Vec<_> = (0..STARTS)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            first_answer(folder.path())
        })
        .collect();
    let kept = tempfile::tempdir().unwrap();
    first_answer(kept.path());
    let mut again: Vec<_> = (0..STARTS).map(|_| first_answer(kept.path())).collect();
    println!(
        "start to first answer, {STARTS} of each: p50, p99, p50 over the binary's own start of {floor:.1} ms"
    );
    for (name, times) in [("empty data folder", &mut empty), ("data folder kept", &mut again)] {
        let (p50, p99) = (millis(times, 50), millis(times, 99));
        println!("{name:<26} {p50:>8.1} ms {p99:>8.1} ms {:>6.1}", p50 / floor);
    }
}

fn first_answer(data: &std::path::Path) -> Duration {
    let (took, _engine) = timed(|| {
        let engine = Engine::start(data);
        assert!(engine.get("localhost", "/_updraft/health").starts_with("HTTP/1.1 200"));
        engine
    });
    took
}

fn memory() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::start(folder.path());
    let mut python = Command::new("python3").args(["-c", "input()"]).stdin(Stdio::piped()).spawn().unwrap();
    settle();
    let floor = proportional_mib(python.id());
    let mut mib = proportional_mib(engine.pid());
    for child in children(engine.pid()) {
        mib += proportional_mib(child);
    }
    end(&mut python);
    println!(
        "idle memory                {mib:>8.1} MiB, {:.1} of a waiting Python interpreter ({floor:.1} MiB)",
        mib / floor
    );
}

#[expect(clippy::disallowed_methods, reason = "being idle has no other sign than the time it lasts")]
fn settle() {
    std::thread::sleep(SETTLED);
}

/// A process's share of its memory, in MiB.
fn proportional_mib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}

fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
