//! Benchmarks: each prints its figures as ratios to what the machine can do at best. They live with
//! the crates that they measure; this knows their names and what they need.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// A benchmark: its name here, its crate, its name there.
struct Bench {
    name: &'static str,
    package: &'static str,
    bench: &'static str,
    /// Whether it runs the example function of the runner.
    example: bool,
}

const BENCHES: [Bench; 5] = [
    Bench { name: "store", package: "updraft-store", bench: "store", example: false },
    Bench { name: "functions", package: "updraft-runner", bench: "calls", example: true },
    Bench { name: "engine", package: "updraft", bench: "engine", example: false },
    Bench { name: "invoke", package: "updraft", bench: "invoke", example: true },
    Bench { name: "delivery", package: "updraft", bench: "delivery", example: false },
];

/// Runs one benchmark, or all of them.
pub fn run(name: Option<&str>) -> Result<()> {
    let chosen: Vec<_> = BENCHES.iter().filter(|bench| name.is_none_or(|name| name == bench.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = BENCHES.iter().map(|bench| bench.name).collect();
        bail!("there is no benchmark {:?}; there are: {}", name.unwrap_or_default(), names.join(", "));
    }
    chosen.into_iter().try_for_each(Bench::run)
}

impl Bench {
    /// Builds and runs it with optimisation, on the disk of the present folder.
    fn run(&self) -> Result<()> {
        if self.example {
            cargo(&["build", "--quiet", "--profile", "bench", "-p", "updraft-runner", "--example", "echo"])?;
        }
        cargo(&["bench", "--quiet", "--package", self.package, "--bench", self.bench])
            .with_context(|| format!("the benchmark {} failed", self.name))
    }
}

fn cargo(args: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(args)
        .env("UPDRAFT_BENCH_DIR", std::env::current_dir().context("failed to find the present folder")?)
        .status()
        .context("failed to start cargo")?;
    ensure!(status.success(), "cargo {} ended with {status}", args.join(" "));
    Ok(())
}
