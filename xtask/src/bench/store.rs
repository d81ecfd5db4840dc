//! The store's benchmark lives with the store, in `crates/store/benches/store.rs`.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Builds and runs it with optimisation, on the disk of the present folder.
pub fn run() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["bench", "--quiet", "--package", "updraft-store", "--bench", "store"])
        .env("UPDRAFT_BENCH_DIR", std::env::current_dir().context("failed to find the present folder")?)
        .status()
        .context("failed to start cargo bench")?;
    ensure!(status.success(), "the store's benchmark failed: {status}");
    Ok(())
}
