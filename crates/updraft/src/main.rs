//! The `updraft` binary: arguments in, exit code out.

mod cli;
mod compose;
mod exit;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // The spawner of sandboxes is this binary again; it must not have started a thread before.
    if let Some(code) = updraft_runner::maybe_become_spawner() {
        return code;
    }
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::report(&anyhow::Error::from(error).context("failed to start the runtime"));
        }
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}
