//! The command line: one file per command.

mod doctor;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Delivers serverless applications on evidence, on an engine that is real.
#[derive(Debug, Parser)]
#[command(name = "updraft", version, propagate_version = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Print machine-readable JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Doctor(doctor::Arguments),
}

/// Runs the command.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Serve(serve) => serve::run(serve).await,
        Command::Doctor(doctor) => doctor::run(doctor, arguments.json).await,
    }
}
