//! An engine on this machine: found, or started.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use updraft_delivery::client::{DEFAULT_ENDPOINT, HttpClient};
use updraft_delivery::{ExitCode, Explain as _, Outcome, Problem, Stage};
use updraft_kernel::AuthMode;

use super::delivery::Session;
use crate::compose::{self, EngineOptions};

/// How long an engine may take to answer for the first time.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it may take to say that it is there.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Whether an engine answers at the default address.
pub async fn answers() -> bool {
    let url = format!("{DEFAULT_ENDPOINT}/_updraft/health");
    let asked = HttpClient::new().send("GET", &url, &[], Default::default(), HEALTH_TIMEOUT).await;
    asked.is_ok_and(|answer| answer.status.is_success())
}

/// Starts an engine that outlives this command, unless one answers.
pub async fn ensure_detached(session: &Session) -> Outcome<()> {
    if answers().await {
        return Ok(());
    }
    let failed = || "cannot start an engine".to_owned();
    let data = compose::default_data_dir()?;
    std::fs::create_dir_all(&data).explain(ExitCode::Failure, failed)?;
    let log_file = data.join("engine.log");
    let log = std::fs::File::options().create(true).append(true).open(&log_file);
    let log = log.explain(ExitCode::Failure, failed)?;
    let program = std::env::current_exe().explain(ExitCode::Failure, failed)?;
    let mut command = std::process::Command::new(program);
    command.arg("serve").stdin(Stdio::null());
    command.stdout(log.try_clone().explain(ExitCode::Failure, failed)?).stderr(log);
    // Its own group, so that a Ctrl-C meant for this command does not end the engine.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().explain(ExitCode::Failure, failed)?;
    let began = Instant::now();
    while !answers().await {
        let ended = child.try_wait().explain(ExitCode::Failure, failed)?;
        if ended.is_some() || began.elapsed() > START_TIMEOUT {
            return Err(Problem::new(ExitCode::Unreachable, "the engine did not start")
                .hint(format!("its log is {}", log_file.display())));
        }
        tokio::time::sleep(LOOK).await;
    }
    let pid = child.id();
    session
        .progress()
        .note(Stage::Watch, format!("engine started (process {pid}, log {})", log_file.display()));
    Ok(())
}

/// Runs an engine within this process, unless one answers; it ends with the command.
pub async fn ensure_within() -> Outcome<bool> {
    if answers().await {
        return Ok(false);
    }
    let listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 4566));
    let failed =
        |error: anyhow::Error| Problem::new(ExitCode::Failure, format!("cannot start an engine: {error:#}"));
    let data = compose::default_data_dir().map_err(|error| failed(error.into()))?;
    let options = EngineOptions { listen, data, auth: AuthMode::Development };
    let engine = compose::start(options).await.map_err(failed)?;
    tokio::spawn(engine.run(std::future::pending()));
    Ok(true)
}
