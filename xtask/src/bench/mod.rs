//! Benchmarks: each prints its figures as ratios to what the machine can do at best.

mod store;

use anyhow::{Result, bail};

/// The benchmarks there are.
const NAMES: &str = "store";

/// Runs one benchmark, or all of them.
pub fn run(name: Option<&str>) -> Result<()> {
    match name {
        None | Some("store") => store::run(),
        Some(other) => bail!("there is no benchmark '{other}'; there are: {NAMES}"),
    }
}
