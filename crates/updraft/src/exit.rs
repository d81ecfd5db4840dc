//! Exit codes and how an error is told to a person. The codes are public: scripts rely on them.

use std::io::Write as _;
use std::process::ExitCode;

/// What an exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Success = 0,
    /// Something failed that has no code of its own.
    Failure = 1,
    /// The arguments are wrong (clap's own code).
    Usage = 2,
    /// The template or `updraft.yaml` is wrong.
    Input = 3,
    /// The build failed.
    Build = 4,
    /// A check of the app failed: unit, smoke or end-to-end.
    Check = 5,
    /// The deployment failed and was rolled back.
    Deploy = 6,
    /// The release was rolled back on evidence.
    RolledBack = 7,
    /// The release could not be judged; it waits.
    Inconclusive = 8,
    /// No engine answers, or AWS cannot be reached.
    Unreachable = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that knows its exit code and what to do next.
#[derive(Debug)]
pub struct Report {
    /// The code to exit with.
    pub exit: Exit,
    /// What to do next, a line each.
    pub hints: Vec<String>,
    /// What failed.
    pub message: String,
}

impl Report {
    /// A report without hints.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, hints: Vec::new(), message: message.into() }
    }

    /// With a line on what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

/// Tells a person what failed, why and what to do next; answers with the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let report = error.downcast_ref::<Report>();
    let mut text = format!("error: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("  caused by: {cause}\n"));
    }
    for hint in report.iter().flat_map(|report| &report.hints) {
        text.push_str(&format!("hint: {hint}\n"));
    }
    // With standard error closed there is nobody left to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
    report.map_or(Exit::Failure, |report| report.exit).into()
}
