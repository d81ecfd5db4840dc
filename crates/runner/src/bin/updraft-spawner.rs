//! The spawner as a program of its own, for hosts that are not the `updraft` binary: tests and
//! benches. The `updraft` binary becomes the spawner by starting itself again.

use std::process::ExitCode;

fn main() -> ExitCode {
    updraft_runner::maybe_become_spawner().unwrap_or(ExitCode::FAILURE)
}
