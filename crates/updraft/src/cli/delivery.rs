//! What the delivery commands share: the app and environment arguments, the terminal, the ending.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use updraft_delivery::environment::Environment;
use updraft_delivery::{ExitCode, Outcome, Problem, Progress, SystemClock, config};

use super::terminal::Terminal;

/// Which app.
#[derive(Debug, Clone, Args)]
pub struct AppArguments {
    /// The folder that holds updraft.yaml and the template.
    #[arg(long, short = 'C', value_name = "DIR", default_value = ".", env = "UPDRAFT_APP", global = true)]
    pub app: PathBuf,
}

/// A delivery command at work.
pub struct Session {
    /// Whether JSON is printed.
    pub json: bool,
    /// What tells the person.
    pub terminal: Arc<Terminal>,
    /// The time.
    pub clock: SystemClock,
}

impl Session {
    /// Begins.
    pub fn new(json: bool) -> Self {
        Self { json, terminal: Arc::new(Terminal::new(json)), clock: SystemClock }
    }

    /// Whom the stages tell.
    pub fn progress(&self) -> &dyn Progress {
        &*self.terminal
    }

    /// Opens an environment of an app.
    pub async fn environment(&self, app: &AppArguments, name: &str) -> Outcome<Environment> {
        Environment::open(&config::load(&app.app)?, name).await
    }

    /// Ends: the progress is taken off the terminal before anything else is said.
    pub fn end(&self, outcome: Outcome<ExitCode>) -> Outcome<ExitCode> {
        self.terminal.clear();
        outcome
    }

    /// Does work until it ends or the person stops it; `unfinished` says what is left behind then.
    pub async fn until_stopped<T>(
        &self,
        work: impl Future<Output = Outcome<T>>,
        unfinished: &str,
    ) -> Outcome<T> {
        tokio::select! {
            outcome = work => outcome,
            _ = tokio::signal::ctrl_c() => {
                Err(Problem::new(ExitCode::Interrupted, "stopped").hint(unfinished))
            }
        }
    }
}

/// This machine's name and this process: who does a release.
pub fn owner() -> (String, u32) {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    (host, std::process::id())
}
