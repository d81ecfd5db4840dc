//! Answers recorded conformance cases on standard input: `conformance sam` transforms one template.
//!
//! A request is `{"template": …, "parameters": …, "region": …, "partition": …}`; the answer is the
//! transformed template, or `{"errorMessage": …}`.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use serde_json::{Value, json};
use updraft_lang::sam;
use updraft_types::Region;

/// The largest request that is read.
const REQUEST_BYTES_MAX: u64 = 16 << 20;

fn main() -> ExitCode {
    match answer(std::env::args().nth(1).as_deref()) {
        Ok(answer) => match writeln!(std::io::stdout(), "{answer}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(message) => {
            // Nobody is left to tell when standard error is closed, too.
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn answer(language: Option<&str>) -> Result<Value, String> {
    match language {
        Some("sam") => sam_case(&request()?),
        other => Err(format!("no cases of {:?}: say `conformance sam`", other.unwrap_or_default())),
    }
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
