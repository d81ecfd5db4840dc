//! `updraft doctor`: what of the isolation holds on this machine, and which runtimes it has.

use clap::Args;
use updraft_delivery::{ExitCode, Outcome};
use updraft_kernel::Capability;

use super::output;

/// Tell what of the isolation holds on this machine, and what the rest would take.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft doctor
  updraft doctor --json")]
pub struct Arguments {}

/// Prints the table.
pub fn run(_: Arguments, json: bool) -> Outcome<ExitCode> {
    let capabilities = updraft_runner::capabilities();
    if json {
        output::json(&capabilities)?;
    } else {
        output::bytes(text(&capabilities).as_bytes())?;
    }
    Ok(ExitCode::Success)
}

fn text(capabilities: &[Capability]) -> String {
    let rows = capabilities.iter().map(|capability| {
        let holds = if capability.holds { "yes" } else { "NO" };
        [capability.name.to_owned(), holds.to_owned(), capability.detail.clone()]
    });
    let table = output::table(["part", "holds", "by which means, or what is missing"], rows);
    match capabilities.iter().filter(|capability| !capability.holds).count() {
        0 => format!("{table}\nEverything holds.\n"),
        n => format!(
            "{table}\n{n} of {} parts do not hold here; functions run all the same.\n",
            capabilities.len()
        ),
    }
}
