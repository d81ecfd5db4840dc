//! Running checks, one after another; the first failure ends the stage.

use std::path::Path;

use crate::config::Check;
use crate::process::{self, Tool, ToolError};
use crate::{ExitCode, Outcome, Problem, Progress, Stage};

/// What checks may know, as environment variables.
#[derive(Debug, Clone, Default)]
pub struct CheckContext {
    /// Names and values.
    pub env: Vec<(String, String)>,
}

/// Runs checks in order, in the app's folder.
pub async fn run(
    stage: Stage,
    checks: &[Check],
    root: &Path,
    context: &CheckContext,
    progress: &dyn Progress,
) -> Outcome<()> {
    for check in checks {
        progress.note(stage, check.name.clone());
        let dir = root.join(&check.dir);
        let tool = Tool {
            program: "sh",
            args: vec!["-c".to_owned(), check.run.clone()],
            dir: &dir,
            env: context.env.clone(),
            timeout: check.timeout,
        };
        process::run(tool, stage, progress).await.map_err(|error| failed(stage, check, error))?;
    }
    Ok(())
}

fn failed(stage: Stage, check: &Check, error: ToolError) -> Problem {
    let message = match &error {
        ToolError::Failed { status, .. } => format!("{}: `{}` failed with {status}", stage.name(), check.run),
        ToolError::TimedOut { secs, .. } => {
            format!("{}: `{}` took longer than {secs} s", stage.name(), check.run)
        }
        ToolError::Start { .. } => format!("{}: `{}` could not be started", stage.name(), check.run),
    };
    let problem = Problem::new(ExitCode::Check, message);
    match error {
        ToolError::Failed { lines, .. } if !lines.is_empty() => problem.because(lines.join("\n")),
        ToolError::TimedOut { .. } => problem.hint("give the check a longer `timeout` in updraft.yaml"),
        other => problem.because(other),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::Silent;

    fn check(run: &str) -> Check {
        Check { name: run.into(), run: run.into(), dir: PathBuf::new(), timeout: Duration::from_secs(10) }
    }

    #[tokio::test]
    async fn checks_see_the_environment_and_the_first_failure_ends_them() {
        let folder = tempfile::tempdir().unwrap();
        let context = CheckContext { env: vec![("UPDRAFT_URL".into(), "http://shop".into())] };
        let checks =
            [check("test $UPDRAFT_URL = http://shop"), check("echo no; exit 1"), check("touch late")];
        let problem = run(Stage::Smoke, &checks, folder.path(), &context, &Silent).await.unwrap_err();
        assert_eq!(problem.exit, ExitCode::Check);
        assert!(problem.message.contains("`echo no; exit 1` failed with exit status: 1"), "{problem}");
        assert!(!folder.path().join("late").exists());
    }
}
