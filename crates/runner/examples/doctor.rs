//! Prints what of the isolation holds on this machine.

#![expect(clippy::print_stdout, reason = "the table is for a reader")]

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = updraft_runner::maybe_become_spawner() {
        return code;
    }
    for part in updraft_runner::capabilities() {
        println!("{:<34} {:<8} {}", part.name, if part.holds { "holds" } else { "MISSING" }, part.detail);
    }
    ExitCode::SUCCESS
}
