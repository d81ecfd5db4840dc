//! Answers recorded conformance cases on standard input.
//!
//! `conformance sam` transforms one template. A request is `{"template": …, "parameters": …, "region": …, "partition": …}`; the answer is the
//! transformed template, or `{"errorMessage": …}`.
//!
//! `conformance jsonata` evaluates an expression for each line until the input ends. A request is
//! `{"expr": …, "input": …, "bindings": …, "timelimit": …, "depth": …}`; the answer is
//! `{"result": …}`, `{"undefined": true}` or `{"error": {"code": …, "message": …}}`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use updraft_lang::jsonata::{self, Dialect, Expression, Limits};
use updraft_lang::{Seeded, sam};
use updraft_types::Region;

/// The largest request that is read.
const REQUEST_BYTES_MAX: u64 = 16 << 20;

/// How long a sequence may be: cases of the reference suite make them this long.
const SEQUENCE_MAX: usize = 10_000_000;

fn main() -> ExitCode {
    match answer(std::env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody is left to tell when standard error is closed, too.
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn answer(language: Option<&str>) -> Result<(), String> {
    match language {
        Some("sam") => write(&sam_case(&request()?)?),
        Some("jsonata") => jsonata_cases(),
        other => Err(format!(
            "no cases of {:?}: say `conformance sam` or `conformance jsonata`",
            other.unwrap_or_default()
        )),
    }
}

fn write(answer: &Value) -> Result<(), String> {
    writeln!(std::io::stdout(), "{answer}").map_err(|error| format!("failed to write the answer: {error}"))
}

fn request() -> Result<Value, String> {
    let mut text = String::new();
    let read = std::io::stdin().take(REQUEST_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| format!("failed to read the request: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("failed to read the request: {error}"))
}

fn sam_case(case: &Value) -> Result<Value, String> {
    let text = |name: &str| case[name].as_str().ok_or_else(|| format!("the request has no {name:?}"));
    let region: Region = text("region")?.parse().map_err(|error| format!("the region is none: {error}"))?;
    if region.partition() != text("partition")? {
        return Err(format!("{region} lies in the partition {}", region.partition()));
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in case["parameters"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        parameters.insert(name.clone(), value);
    }
    let transformed = sam::transform(&case["template"], &parameters, &region);
    Ok(transformed.unwrap_or_else(|error| json!({"errorMessage": error.to_string()})))
}

fn jsonata_cases() -> Result<(), String> {
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("failed to read a request: {error}"))?;
        write(&jsonata_case(&line))?;
    }
    Ok(())
}

/// A text with half a surrogate pair is no Unicode: a case that has one is answered with an error.
fn jsonata_case(line: &str) -> Value {
    let refuse = |code: Option<String>, message: String| json!({"error": {"code": code, "message": message}});
    let case: Value = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => return refuse(None, error.to_string()),
    };
    let text = case["expr"].as_str().unwrap_or_default();
    let expression = match Expression::parse_as(text, Dialect::Reference) {
        Ok(expression) => expression,
        Err(error) => return refuse(error.code, error.message),
    };
    let bindings = case["bindings"].as_object().cloned().unwrap_or_default();
    let evaluated =
        expression.evaluate_within(case.get("input"), &bindings, &mut Seeded::new(0, 0), &limits(&case));
    match evaluated {
        Ok(Some(value)) => json!({"result": value}),
        Ok(None) => json!({"undefined": true}),
        Err(error) => refuse(error.code, error.message),
    }
}

/// The bounds that a case asks for; without any, those of Step Functions.
fn limits(case: &Value) -> Limits {
    let time = case["timelimit"].as_u64().map_or(jsonata::LIMITS.time, Duration::from_millis);
    let depth = case["depth"].as_u64().and_then(|depth| usize::try_from(depth).ok());
    Limits { time, depth: depth.unwrap_or(jsonata::LIMITS.depth), sequence: SEQUENCE_MAX }
}
