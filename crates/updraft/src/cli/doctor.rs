//! `updraft doctor`: what of the isolation holds on this machine, and which runtimes it has.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table};
use updraft_kernel::Capability;

use crate::exit::Exit;

/// Tell what of the isolation holds on this machine, and what the rest would take.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft doctor
  updraft doctor --json")]
pub struct Arguments {}

/// Prints the table.
pub async fn run(_: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let capabilities = updraft_runner::capabilities();
    let mut out = std::io::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&capabilities)?)?;
    } else {
        writeln!(out, "{}", table(&capabilities))?;
        let missing = capabilities.iter().filter(|c| !c.holds).count();
        match missing {
            0 => writeln!(out, "Everything holds.")?,
            n => writeln!(
                out,
                "{n} of {} parts do not hold here; functions run all the same.",
                capabilities.len()
            )?,
        }
    }
    Ok(Exit::Success.into())
}

fn table(capabilities: &[Capability]) -> Table {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["part", "holds", "by which means, or what is missing"]);
    for capability in capabilities {
        let holds = if capability.holds { "yes" } else { "NO" };
        table.add_row([capability.name, holds, &capability.detail]);
    }
    table
}
