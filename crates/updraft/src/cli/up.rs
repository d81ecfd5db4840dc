//! `updraft up`: the app on the desk, kept up to date with every save.

use clap::Args;
use updraft_delivery::build::build_all;
use updraft_delivery::deploy::Deployer;
use updraft_delivery::environment::Environment;
use updraft_delivery::read::read;
use updraft_delivery::watch::{FileWatch, LogFollower, Reloaded, Reloader, log_groups};
use updraft_delivery::{Clock as _, ExitCode, Outcome, Problem, Stage};

use super::delivery::{AppArguments, Session};
use super::terminal::took;
use super::{engine, problem};

/// Run the app on this machine: start an engine if none runs, build, deploy, follow the logs, and
/// bring every save to the running functions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft up
  updraft up examples/shop
  updraft up --env dev --no-logs")]
pub struct Arguments {
    /// The folder that holds updraft.yaml and the template.
    #[arg(default_value = ".")]
    folder: std::path::PathBuf,

    /// The environment.
    #[arg(long, short, default_value = "dev")]
    env: String,

    /// Do not print the functions' logs.
    #[arg(long)]
    no_logs: bool,
}

/// Runs until it is stopped.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let outcome = tokio::select! {
        outcome = up(&session, &arguments) => outcome,
        // The way to end it; it did what was asked.
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::Success),
    };
    session.end(outcome)
}

async fn up(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let progress = session.progress();
    if engine::ensure_within().await? {
        progress.note(Stage::Watch, "no engine answered; this command runs one until it ends");
    }
    let app = AppArguments { app: arguments.folder.clone() };
    let app = read(&app.app).await?;
    let environment = Environment::open(&app.config, &arguments.env).await?;
    // Watching begins before building, so that no save is missed.
    let mut files = FileWatch::start(&app.config.root)?;
    let running = progress.start(Stage::Build, None);
    let built = build_all(&app.functions, app.template_folder(), &app.work_folder(), progress).await?;
    running.finish(format!("{} functions", built.len()));
    let running = progress.start(Stage::Deploy, Some(&environment.name));
    let deployer = Deployer {
        environment: &environment,
        clock: &session.clock,
        progress,
        hold_aliases: false,
        force: false,
    };
    let deployed = deployer.deploy(&app, &built).await?;
    running.finish(if deployed.changed { "is up" } else { "was up already" });
    let running = built.iter().map(|built| (built.function.logical_id.clone(), built.digest)).collect();
    let mut reloader = Reloader { environment: &environment, clock: &session.clock, progress, app, running };
    reloader.align(&built).await?;
    if let Some(url) = &deployed.url {
        session.terminal.line(&format!("\n{url}\n"));
    }
    let logs = follow_logs(session, &environment, arguments.no_logs);
    let reloads = async {
        let mut broken = false;
        while let Some(changed) = files.next().await {
            match reloader.reload(&changed).await {
                Ok(Some(reloaded)) => tell(session, &reloaded),
                Ok(None) if broken => progress.note(Stage::Watch, "mended: what runs is what is saved"),
                Ok(None) => continue,
                // A broken save is told, and the next one tried.
                Err(wrong) => {
                    broken = true;
                    problem::tell(&wrong, session.json).unwrap_or_default();
                    continue;
                }
            }
            broken = false;
        }
        Err(Problem::new(ExitCode::Failure, "watching the files has ended"))
    };
    tokio::select! {
        ended = logs => ended,
        ended = reloads => ended,
    }
}

async fn follow_logs(session: &Session, environment: &Environment, none: bool) -> Outcome<ExitCode> {
    if none {
        return std::future::pending().await;
    }
    let follower = LogFollower {
        environment,
        clock: &session.clock,
        progress: session.progress(),
        groups: log_groups(environment).await?,
        pattern: None,
    };
    follower.run(session.clock.now(), true).await?;
    Ok(ExitCode::Success)
}

fn tell(session: &Session, reloaded: &Reloaded) {
    let what = match (reloaded.deployed, reloaded.functions.as_slice()) {
        (true, _) => "template deployed".to_owned(),
        (false, []) => "nothing to change".to_owned(),
        (false, [function]) => format!("{function} runs the saved code"),
        (false, functions) => format!("{} run the saved code", functions.join(", ")),
    };
    session.progress().note(Stage::Watch, format!("{what}: save to running in {}", took(reloaded.took)));
}
