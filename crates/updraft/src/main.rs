//! The `updraft` binary: arguments in, exit code out.

mod cli;
mod compose;
mod world;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // The spawner of sandboxes is this binary again; it must not have started a thread before.
    if let Some(code) = updraft_runner::maybe_become_spawner() {
        return code;
    }
    let arguments = cli::Arguments::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => ExitCode::from(runtime.block_on(cli::run(arguments)) as u8),
        Err(error) => {
            // With standard error closed there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "error: cannot start the runtime\n  | {error}");
            ExitCode::FAILURE
        }
    }
}
