//! `updraft destroy`: take an environment away.

use std::io::{IsTerminal as _, Write as _};

use clap::Args;
use updraft_delivery::deploy::destroy;
use updraft_delivery::environment::Environment;
use updraft_delivery::{ExitCode, Explain as _, Outcome, Problem, Stage};

use super::delivery::{AppArguments, Session};

/// Delete an environment: its stack with everything in it, its packages and its records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft destroy --env test
  updraft destroy --env dev --yes")]
pub struct Arguments {
    /// The environment.
    #[arg(long, short, default_value = "dev")]
    env: String,

    /// Do not ask.
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    app: AppArguments,
}

/// Deletes.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let outcome = take_away(&session, &arguments).await;
    session.end(outcome)
}

async fn take_away(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let environment = session.environment(&arguments.app, &arguments.env).await?;
    if !arguments.yes {
        ask(&environment)?;
    }
    let running = session.progress().start(Stage::Destroy, Some(&environment.name));
    let objects = destroy(&environment, &session.clock, session.progress()).await?;
    running.finish(format!("stack {} is gone, and {objects} packages and records", environment.stack));
    Ok(ExitCode::Success)
}

fn ask(environment: &Environment) -> Outcome<()> {
    let target = environment.client.target();
    let place = target.endpoint.clone().unwrap_or_else(|| format!("AWS, {}", target.region));
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            ExitCode::Usage,
            "deleting an environment asks first, and nobody is there to answer",
        )
        .hint("say `--yes`"));
    }
    let mut answer = String::new();
    let question =
        format!("Delete stack {} on {place} with all its data? Type its name: ", environment.stack);
    let asked = std::io::stdout()
        .write_all(question.as_bytes())
        .and_then(|()| std::io::stdout().flush())
        .and_then(|()| std::io::stdin().read_line(&mut answer));
    asked.explain(ExitCode::Failure, || "cannot ask".to_owned())?;
    if answer.trim() == environment.stack {
        Ok(())
    } else {
        Err(Problem::new(ExitCode::Interrupted, "not deleted: the name was another"))
    }
}
