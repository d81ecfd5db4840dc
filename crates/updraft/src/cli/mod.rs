//! The command line: one file per command.

mod deliver;
mod delivery;
mod deploy;
mod destroy;
mod doctor;
mod engine;
mod invoke;
mod logs;
mod output;
mod problem;
mod release;
mod serve;
mod terminal;
mod up;

use clap::{Parser, Subcommand};
use updraft_delivery::{ExitCode, Outcome};

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
    Up(up::Arguments),
    Deploy(deploy::Arguments),
    Deliver(deliver::Arguments),
    Release(release::Arguments),
    Invoke(invoke::Arguments),
    Logs(logs::Arguments),
    Destroy(destroy::Arguments),
    Serve(serve::Arguments),
    Doctor(doctor::Arguments),
}

/// Runs the command and tells the problem it ends with, if any.
pub async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json;
    match dispatch(arguments).await {
        Ok(code) => code,
        Err(problem) => {
            // With standard error closed there is nobody left to tell.
            let _ = problem::tell(&problem, json);
            problem.exit
        }
    }
}

async fn dispatch(Arguments { command, json }: Arguments) -> Outcome<ExitCode> {
    match command {
        Command::Up(arguments) => up::run(arguments, json).await,
        Command::Deploy(arguments) => deploy::run(arguments, json).await,
        Command::Deliver(arguments) => Box::pin(deliver::run(arguments, json)).await,
        Command::Release(arguments) => release::run(arguments, json).await,
        Command::Invoke(arguments) => invoke::run(arguments, json).await,
        Command::Logs(arguments) => logs::run(arguments, json).await,
        Command::Destroy(arguments) => destroy::run(arguments, json).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments, json),
    }
}
