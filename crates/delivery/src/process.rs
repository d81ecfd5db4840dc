//! Running tools: a command, its lines as they come, and a bound on its time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::{Event, Progress, Stage};

/// How many of a tool's last lines are kept for the failure's report.
const LINES_KEPT: usize = 40;
/// How long a line may be before it is cut.
const LINE_LEN_MAX: usize = 4_096;

/// A command to run.
#[derive(Debug, Clone)]
pub(crate) struct Tool<'a> {
    pub program: &'a str,
    pub args: Vec<String>,
    pub dir: &'a Path,
    pub env: Vec<(String, String)>,
    pub timeout: Duration,
}

/// Why a tool did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not there, or may not be run.
    #[error("cannot run `{program}`")]
    Start {
        /// Which.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It said no.
    #[error("`{program}` ended with {status}")]
    Failed {
        /// Which.
        program: String,
        /// Its exit status, in words.
        status: String,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// It took too long, and was ended.
    #[error("`{program}` took longer than {secs} s and was ended")]
    TimedOut {
        /// Which.
        program: String,
        /// The bound.
        secs: u64,
    },
}

/// Runs a tool to its end, telling `progress` each line that it prints.
pub(crate) async fn run(
    tool: Tool<'_>,
    stage: Stage,
    progress: &dyn Progress,
) -> Result<Vec<String>, ToolError> {
    let program = tool.program.to_owned();
    let mut child = Command::new(tool.program)
        .args(&tool.args)
        .current_dir(tool.dir)
        .envs(tool.env.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| ToolError::Start { program: program.clone(), source })?;
    let (sender, mut receiver) = mpsc::channel(256);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(send_lines(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(send_lines(stderr, sender));
    }
    let mut lines = Vec::new();
    let work = async {
        while let Some(line) = receiver.recv().await {
            if lines.len() == LINES_KEPT {
                lines.remove(0);
            }
            lines.push(line.clone());
            progress.event(Event::Output { stage, line });
        }
        child.wait().await
    };
    match tokio::time::timeout(tool.timeout, work).await {
        Err(_) => Err(ToolError::TimedOut { program, secs: tool.timeout.as_secs() }),
        Ok(Err(source)) => Err(ToolError::Start { program, source }),
        Ok(Ok(status)) if status.success() => Ok(lines),
        Ok(Ok(status)) => Err(ToolError::Failed { program, status: status.to_string(), lines }),
    }
}

async fn send_lines(from: impl AsyncRead + Unpin, to: mpsc::Sender<String>) {
    let mut reader = BufReader::new(from);
    let mut bytes = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut bytes).await {
        let line = String::from_utf8_lossy(&bytes);
        let mut line = line.trim_end().to_owned();
        if line.len() > LINE_LEN_MAX {
            line = line.chars().take(LINE_LEN_MAX).collect();
        }
        bytes.clear();
        if to.send(line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;

    fn shell(script: &str, timeout: Duration) -> Tool<'_> {
        let args = vec!["-c".to_owned(), script.to_owned()];
        Tool { program: "sh", args, dir: Path::new("/"), env: Vec::new(), timeout }
    }

    #[tokio::test]
    async fn a_failing_tool_shows_its_last_lines() {
        let script = "for i in $(seq 100); do echo line $i; done; echo why >&2; exit 3";
        let error = run(shell(script, Duration::from_secs(10)), Stage::Build, &Silent).await.unwrap_err();
        let ToolError::Failed { status, lines, .. } = error else { panic!("{error}") };
        assert_eq!(status, "exit status: 3");
        assert_eq!(lines.len(), LINES_KEPT);
        assert!(lines.contains(&"why".to_owned()));
    }

    #[tokio::test]
    async fn a_slow_tool_is_ended() {
        let error =
            run(shell("sleep 60", Duration::from_millis(50)), Stage::Unit, &Silent).await.unwrap_err();
        assert!(matches!(error, ToolError::TimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_missing_tool_is_named() {
        let tool = Tool { program: "no-such-tool", ..shell("", Duration::from_secs(1)) };
        let error = run(tool, Stage::Build, &Silent).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot run `no-such-tool`");
    }
}
