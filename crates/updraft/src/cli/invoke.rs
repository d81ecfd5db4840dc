//! `updraft invoke`: one function, one event.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use updraft_delivery::{ExitCode, Explain as _, Outcome, Problem, invoke};

use super::delivery::{AppArguments, Session};
use super::output;

/// An event is a request body of Invoke, 6 MB at most ("Lambda quotas").
const EVENT_BYTES_MAX: u64 = 6 * 1024 * 1024;

/// Invoke a function of the app and print what it answers.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  updraft invoke CatalogueFunction
  updraft invoke OrdersFunction --event order.json --env test
  echo '{\"id\": 1}' | updraft invoke CartFunction --event -")]
pub struct Arguments {
    /// The function, by its logical id in the template or by its name.
    function: String,

    /// The event: a JSON file, or `-` for standard input.
    #[arg(long, short, value_name = "FILE")]
    event: Option<PathBuf>,

    /// The version or alias.
    #[arg(long, short)]
    qualifier: Option<String>,

    /// The environment.
    #[arg(long, default_value = "dev")]
    env: String,

    #[command(flatten)]
    app: AppArguments,
}

/// Invokes.
pub async fn run(arguments: Arguments, json: bool) -> Outcome<ExitCode> {
    let session = Session::new(json);
    let outcome = call(&session, &arguments).await;
    session.end(outcome)
}

async fn call(session: &Session, arguments: &Arguments) -> Outcome<ExitCode> {
    let event = event(arguments.event.as_ref())?;
    let environment = session.environment(&arguments.app, &arguments.env).await?;
    let answer =
        invoke::invoke(&environment, &arguments.function, arguments.qualifier.clone(), event.into()).await?;
    if session.json {
        let payload: serde_json::Value = serde_json::from_slice(&answer.payload)
            .unwrap_or_else(|_| String::from_utf8_lossy(&answer.payload).into());
        output::json(&serde_json::json!({
            "function": answer.function,
            "version": answer.version,
            "error": answer.error,
            "payload": payload,
            "log": answer.log,
        }))?;
    } else {
        output::bytes(&answer.payload)?;
        output::bytes(b"\n")?;
        for line in answer.log.lines() {
            tell_log(line);
        }
    }
    Ok(if answer.error.is_some() { ExitCode::Failure } else { ExitCode::Success })
}

/// The log goes to standard error, so that the answer alone can be piped on.
fn tell_log(line: &str) {
    use std::io::Write as _;
    // With standard error closed there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "  | {line}");
}

fn event(file: Option<&PathBuf>) -> Outcome<Vec<u8>> {
    let Some(file) = file else { return Ok(b"{}".to_vec()) };
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().take(EVENT_BYTES_MAX + 1).read_to_end(&mut bytes),
        _ => {
            std::fs::File::open(file).and_then(|open| open.take(EVENT_BYTES_MAX + 1).read_to_end(&mut bytes))
        }
    };
    let length = read.explain(ExitCode::Usage, || format!("cannot read the event {}", file.display()))?;
    if length as u64 > EVENT_BYTES_MAX {
        return Err(Problem::new(
            ExitCode::Usage,
            format!("the event is larger than {EVENT_BYTES_MAX} bytes"),
        ));
    }
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(&bytes) {
        let message =
            format!("{}:{}:{}: the event is not JSON", file.display(), error.line(), error.column());
        return Err(Problem::new(ExitCode::Usage, message).because(error));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_is_not_json_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("event.json");
        std::fs::write(&file, "{\n  \"a\": }").unwrap();
        let problem = event(Some(&file)).unwrap_err();
        assert!(problem.message.ends_with(":2:8: the event is not JSON"), "{problem}");
        assert_eq!(event(None).unwrap(), b"{}");
    }
}
