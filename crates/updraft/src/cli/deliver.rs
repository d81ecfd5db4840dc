//! `updraft deliver`: from the commit to a released application.

use std::time::Duration;

use clap::Args;
use updraft_delivery::deliver::{Deliverer, Delivery};
use updraft_delivery::{ExitCode, Outcome};

use super::delivery::{AppArguments, Session, owner};
use super::terminal::took;
use super::{engine, output};

/// Deliver the app: build, unit tests, package, deploy to test, smoke and end-to-end tests, the same
/// packages to prod, and a canary that is promoted or rolled back on evidence.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft deliver --app examples/shop
  updraft deliver --through test,staging,prod
  updraft deliver --start-engine

Exit codes: 0 delivered, 3 configuration, 4 build, 5 checks, 6 deployment, 7 rolled back on evidence,
8 not judged and the old version serves, 9 engine or AWS unreachable, 11 another release is under way.")]
pub struct Arguments {
    #[command(flatten)]
    app: AppArguments,

    /// The environments in order; the last one gets the canary.
    #[arg(long, value_delimiter = ',', default_value = "test,prod")]
    through: Vec<String>,

    /// Start an engine that stays, when none answers on this machine.
    #[arg(long)]
    start_engine: bool,
}

/// Delivers.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let unfinished = "the next `updraft deliver` goes on with a release under way; `updraft release \
                      rollback` takes it back";
    let outcome = session.until_stopped(Box::pin(deliver(&session, &arguments)), unfinished).await;
    session.end(outcome)
}

async fn deliver(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    if arguments.start_engine {
        engine::ensure_detached(session).await?;
    }
    let (host, pid) = owner();
    let deliverer = Deliverer { clock: &session.clock, progress: session.progress(), host, pid };
    let through: Vec<&str> = arguments.through.iter().map(String::as_str).collect();
    let delivery = deliverer.deliver(&arguments.app.app, &through).await?;
    session.terminal.clear();
    if session.json {
        output::json(&delivery)?;
    } else {
        tell(session, &delivery);
    }
    Ok(delivery.exit())
}

fn tell(session: &Session, delivery: &Delivery) {
    let total: u64 = delivery.stages.iter().map(|stage| stage.millis).sum();
    let row = |stage: &updraft_delivery::deliver::StageTime| {
        let environment = stage.environment.clone().unwrap_or_default();
        let time = took(Duration::from_millis(stage.millis));
        [stage.stage.name().to_owned(), environment, stage.summary.clone(), time]
    };
    let rows = delivery.stages.iter().map(row).chain(std::iter::once([
        "total".to_owned(),
        String::new(),
        String::new(),
        took(Duration::from_millis(total)),
    ]));
    session.terminal.line(&format!("\n{}", output::table(["stage", "environment", "result", "time"], rows)));
    if let Some(ending) = &delivery.ending {
        let word = if ending.promoted { "Promoted" } else { "Rolled back" };
        session.terminal.line(&format!("\n{word}: {}.", ending.sentence));
    }
    if let Some(url) = &delivery.url {
        session.terminal.line(&format!("\n{url}"));
    }
}
