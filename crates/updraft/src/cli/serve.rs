//! `updraft serve`: the engine alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use updraft_delivery::{ExitCode, Explain as _, Outcome, Problem};
use updraft_kernel::AuthMode;

use super::output;
use crate::compose::{self, EngineOptions};

/// Run the engine: an AWS-compatible platform on one port.
///
/// It listens on loopback only, unless another address is given; then every signature is verified.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft serve
  updraft serve --listen 127.0.0.1:0 --data ./state
  AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws lambda list-functions")]
pub struct Arguments {
    /// The address and port to listen on; port 0 takes a free one and prints it.
    #[arg(long, default_value = "127.0.0.1:4566", env = "UPDRAFT_LISTEN")]
    listen: SocketAddr,

    /// The folder that holds all state.
    #[arg(long, env = "UPDRAFT_DATA")]
    data: Option<PathBuf>,

    /// Whether signatures of root keys are verified [default: development on loopback, else enforce].
    #[arg(long, value_enum)]
    auth: Option<Auth>,
}

/// How callers outside are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Auth {
    /// Any access key is the root of an account; one of twelve digits names the account.
    Development,
    /// Every signature is verified against known keys.
    Enforce,
}

/// Runs the engine until it is told to stop.
pub async fn run(arguments: Arguments) -> Outcome<ExitCode> {
    let auth = auth_mode(arguments.auth, arguments.listen)?;
    init_log();
    let data = arguments.data.map_or_else(compose::default_data_dir, Ok)?;
    let begun = std::time::Instant::now();
    let engine = compose::start(EngineOptions { listen: arguments.listen, data, auth })
        .await
        .explain(ExitCode::Failure, || "cannot start the engine".to_owned())?;
    let mut told =
        format!("updraft listens on http://{} (ready in {:.0?})\n", engine.address(), begun.elapsed());
    if let Some(path) = engine.root_key_file() {
        told.push_str(&format!("signatures are verified; the root's key is in {}\n", path.display()));
    }
    output::bytes(told.as_bytes())?;
    engine.run(told_to_stop()).await;
    Ok(ExitCode::Success)
}

/// The mode asked for, or the safe one for the address.
fn auth_mode(asked: Option<Auth>, listen: SocketAddr) -> Outcome<AuthMode> {
    match (asked, listen.ip().is_loopback()) {
        (Some(Auth::Development), false) => Err(Problem::new(
            ExitCode::Usage,
            format!(
                "development credentials are for loopback only, and {listen} can be reached from elsewhere"
            ),
        )
        .hint("leave out --auth, or listen on 127.0.0.1")),
        (Some(Auth::Enforce), _) | (None, false) => Ok(AuthMode::Enforce),
        (Some(Auth::Development) | None, true) => Ok(AuthMode::Development),
    }
}

/// The engine's log goes to standard error; `UPDRAFT_LOG` sets what is told.
fn init_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("UPDRAFT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,fjall=warn,lsm_tree=warn"));
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr).init();
}

/// Resolves on Ctrl-C or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_takes_development_credentials() {
        let here: SocketAddr = "127.0.0.1:4566".parse().unwrap();
        let everywhere: SocketAddr = "0.0.0.0:4566".parse().unwrap();
        assert_eq!(auth_mode(None, here).unwrap(), AuthMode::Development);
        assert_eq!(auth_mode(Some(Auth::Enforce), here).unwrap(), AuthMode::Enforce);
        assert_eq!(auth_mode(None, everywhere).unwrap(), AuthMode::Enforce);
        assert_eq!(auth_mode(Some(Auth::Development), everywhere).unwrap_err().exit, ExitCode::Usage);
    }
}
