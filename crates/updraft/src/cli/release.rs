//! `updraft release`: look at a release, or say how it ends.

use clap::{Args, Subcommand};
use updraft_delivery::environment::Environment;
use updraft_delivery::release::{ApiWorld, Driver, Order, Release, Saved, StoreError};
use updraft_delivery::{Clock as _, ExitCode, Explain as _, Outcome, Problem, Stage};
use updraft_judge::{Metric, odds};

use super::delivery::{AppArguments, Session, owner};
use super::output;

/// Look at the environment's latest release, or say how it ends.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft release status
  updraft release status --env prod --json
  updraft release rollback
  updraft release promote --env prod")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    app: AppArguments,

    /// The environment.
    #[arg(long, short, default_value = "prod", global = true)]
    env: String,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Tell where the release stands and on which evidence.
    Status,
    /// Give the new versions all traffic now.
    Promote,
    /// Give the old versions all traffic now.
    Rollback,
}

/// Does what is asked.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let outcome = release(&session, &arguments).await;
    session.end(outcome)
}

async fn release(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let environment = session.environment(&arguments.app, &arguments.env).await?;
    let latest = environment.releases().latest().await;
    let latest = latest.explain(ExitCode::Failure, || "cannot read the environment's releases".to_owned())?;
    let Some((release, saved)) = latest.0 else {
        return Err(Problem::new(ExitCode::Failure, format!("{} has had no release", environment.name))
            .hint("`updraft deliver` makes one when a function of a running stack has changed"));
    };
    match arguments.command {
        Command::Status => tell(session, &release).map(|()| ExitCode::Success),
        Command::Promote => order(session, &environment, release, saved, Order::Promote).await,
        Command::Rollback => order(session, &environment, release, saved, Order::RollBack).await,
    }
}

/// Writes the order into the record. A process that does the release obeys it; without one, this
/// process does.
async fn order(
    session: &Session,
    environment: &Environment,
    mut release: Release,
    saved: Saved,
    order: Order,
) -> Outcome<ExitCode> {
    if let Some(ending) = release.ending() {
        let message = format!("release {} has ended already: {}", release.id, ending.verdict);
        return Err(Problem::new(ExitCode::Failure, message).hint("`updraft deliver` begins another"));
    }
    let (host, pid) = owner();
    let world = ApiWorld::new(&environment.client, environment.releases());
    let driver = Driver { world: &world, clock: &session.clock, progress: session.progress(), host, pid };
    release.order = Some(order);
    let saved = match environment.releases().save(&release, &saved).await {
        Ok(saved) => saved,
        Err(StoreError::Conflict) => {
            return Err(
                Problem::new(ExitCode::Busy, "the release moved on at the same moment").hint("say it again")
            );
        }
        Err(error) => {
            return Err(error).explain(ExitCode::Failure, || "cannot write the order down".to_owned());
        }
    };
    match driver.take_over(release, saved).await {
        Err(problem) if problem.exit == ExitCode::Busy => {
            session.progress().note(Stage::Release, "the process that does the release will obey");
            Ok(ExitCode::Success)
        }
        Err(problem) => Err(problem),
        Ok((mut release, saved)) => {
            release.obey(order, session.clock.now());
            let ended = driver.run(release, saved).await?;
            tell(session, &ended).map(|()| ExitCode::Success)
        }
    }
}

fn tell(session: &Session, release: &Release) -> Outcome<()> {
    if session.json {
        return output::json(release);
    }
    let line = |text: &str| session.terminal.line(text);
    let judge = &release.judge;
    line(&format!("release {} of {}", release.id, release.environment));
    if let Some(commit) = &release.commit {
        line(&format!("  commit    {commit}"));
    }
    line(&format!("  started   {}", release.started_at));
    for target in &release.targets {
        line(&format!("  alias     {}:{} {} -> {}", target.function, target.alias, target.from, target.to));
    }
    match release.ending() {
        Some(ending) => {
            let serves = if ending.promoted { "new" } else { "old" };
            line(&format!("  ended     {}; the {serves} versions serve", ending.verdict));
            line(&format!("  because   {}", ending.sentence));
        }
        None => {
            line(&format!("  canary    {}", release.weight()));
            line(&format!("  so far    {}", judge.explain()));
        }
    }
    let rows = Metric::ALL.map(|metric| {
        let evidence = judge.metric(metric);
        [
            metric.noun().to_owned(),
            evidence.canary.to_string(),
            evidence.all.to_string(),
            odds(evidence.log()),
        ]
    });
    line(&output::table(["evidence from", "canary's", "all", "against harmless"], rows));
    for entry in &release.log {
        line(&format!("  {}  {}", entry.at, entry.text));
    }
    Ok(())
}
