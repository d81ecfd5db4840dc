//! `updraft logs`: what the app's functions write.

use std::time::Duration;

use clap::Args;
use updraft_delivery::watch::{LogFollower, log_groups};
use updraft_delivery::{Clock as _, ExitCode, Outcome, Problem};

use super::delivery::{AppArguments, Session};

/// Print the logs of the app's functions, or follow them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft logs
  updraft logs -f --env prod
  updraft logs -f CartFunction --filter ERROR --since 3600")]
pub struct Arguments {
    /// Only these functions, by their logical ids.
    functions: Vec<String>,

    /// Go on as lines are written.
    #[arg(long, short)]
    follow: bool,

    /// Only lines that match this CloudWatch Logs filter pattern.
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,

    /// How far back to begin, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    since: u64,

    /// The environment.
    #[arg(long, default_value = "dev")]
    env: String,

    #[command(flatten)]
    app: AppArguments,
}

/// Prints.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let outcome = tokio::select! {
        outcome = logs(&session, &arguments) => outcome,
        // The only way to end following; it did what was asked.
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::Success),
    };
    session.end(outcome)
}

async fn logs(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let environment = session.environment(&arguments.app, &arguments.env).await?;
    let mut groups = log_groups(&environment).await?;
    for name in &arguments.functions {
        if !groups.contains_key(name) {
            let known: Vec<_> = groups.keys().map(String::as_str).collect();
            return Err(Problem::new(
                ExitCode::Usage,
                format!("{} has no function `{name}`", environment.stack),
            )
            .hint(format!("it has {}", known.join(", "))));
        }
    }
    if !arguments.functions.is_empty() {
        groups.retain(|name, _| arguments.functions.contains(name));
    }
    let since = session.clock.now().minus(Duration::from_secs(arguments.since));
    let follower = LogFollower {
        environment: &environment,
        clock: &session.clock,
        progress: session.progress(),
        groups,
        pattern: arguments.filter.clone(),
    };
    follower.run(since, arguments.follow).await?;
    Ok(ExitCode::Success)
}
