//! `updraft deploy`: build and deploy to one environment, all at once.

use clap::Args;
use updraft_delivery::build::build_all;
use updraft_delivery::deploy::Deployer;
use updraft_delivery::environment::Environment;
use updraft_delivery::read::read;
use updraft_delivery::release::unfinished;
use updraft_delivery::{ExitCode, Explain as _, Outcome, Problem, Stage};

use super::delivery::{AppArguments, Session};

/// Build the app and deploy it to one environment, all traffic at once.
///
/// What is unchanged is not built, sent or deployed again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft deploy
  updraft deploy --env test --app examples/shop
  updraft deploy --env prod --force")]
pub struct Arguments {
    #[command(flatten)]
    app: AppArguments,

    /// The environment.
    #[arg(long, short, default_value = "dev")]
    env: String,

    /// Submit the template even when nothing seems changed.
    #[arg(long)]
    force: bool,
}

/// Deploys.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let unfinished = "the stack may still be changing; run the same command again";
    let outcome = session.until_stopped(deploy(&session, &arguments), unfinished).await;
    session.end(outcome)
}

async fn deploy(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let progress = session.progress();
    let app = read(&arguments.app.app).await?;
    let environment = Environment::open(&app.config, &arguments.env).await?;
    refuse_during_release(&environment).await?;
    let running = progress.start(Stage::Build, None);
    let built = build_all(&app.functions, app.template_folder(), &app.work_folder(), progress).await?;
    let new = built.iter().filter(|built| built.rebuilt.is_some()).count();
    running.finish(format!("{new} built, {} unchanged", built.len() - new));
    let running = progress.start(Stage::Deploy, Some(&environment.name));
    let deployer = Deployer {
        environment: &environment,
        clock: &session.clock,
        progress,
        hold_aliases: false,
        force: arguments.force,
    };
    let deployed = deployer.deploy(&app, &built).await?;
    let summary = if deployed.changed { "is up" } else { "is up already: no change" };
    running.finish(format!("stack {} {summary}", environment.stack));
    if session.json {
        let outputs = serde_json::json!({
            "stack": environment.stack,
            "changed": deployed.changed,
            "url": deployed.url,
            "outputs": deployed.state.outputs,
        });
        super::output::json(&outputs)?;
    } else {
        for (name, value) in &deployed.state.outputs {
            session.terminal.line(&format!("  {name} = {value}"));
        }
        if let Some(url) = &deployed.url {
            session.terminal.line(&format!("\n{url}"));
        }
    }
    Ok(ExitCode::Success)
}

/// A deployment would move the aliases that a release is moving.
async fn refuse_during_release(environment: &Environment) -> Outcome<()> {
    let found = unfinished(environment.releases())
        .await
        .explain(ExitCode::Failure, || "cannot read the environment's releases".to_owned())?;
    match found {
        None => Ok(()),
        Some((release, _)) => {
            Err(Problem::new(ExitCode::Busy, format!("release {} has not ended", release.id))
                .hint("go on with it by `updraft deliver`, or end it with `updraft release rollback`"))
        }
    }
}
