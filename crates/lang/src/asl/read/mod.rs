//! Definitions, read and checked in one go: what is wrong is told with AWS's words and its place.
//!
//! Words and codes: recorded answers of AWS, and "ValidateStateMachineDefinitionDiagnostic" in the
//! API reference (read 2026-11).

mod fields;
mod map;
mod state;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::graph;
use super::json::read_json;
use super::machine::{Flow, Language, Machine, State};

/// The largest definition ("Step Functions service quotas", developer guide, read 2026-11).
pub const DEFINITION_BYTES_MAX: usize = 1 << 20;

/// The longest name of a state (the specification).
const STATE_NAME_CHARS_MAX: usize = 80;

/// How deep flows may stand in one another.
const DEPTH_MAX: usize = 24;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// It can be, but is likely not what is meant.
    Warning,
}

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the API reference")]
pub enum Code {
    InvalidJsonDescription,
    SchemaValidationFailed,
    MissingTransitionTarget,
    MissingEndState,
    DuplicateStateName,
    InvalidStateName,
    DuplicateLabelName,
    TooDeeplyNested,
    NoDollar,
    NoPath,
    PassResultIsStatic,
}

impl Code {
    /// The code's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::MissingEndState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidStateName => "INVALID_STATE_NAME",
            Self::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Self::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Self::NoDollar => "NO_DOLLAR",
            Self::NoPath => "NO_PATH",
            Self::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Code,
    /// What a person reads.
    pub message: String,
    /// Where: `/States/Charge/Next`.
    pub location: Option<String>,
}

impl Diagnostic {
    pub(super) fn error(code: Code, message: impl Into<String>, location: Option<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), location }
    }
}

impl std::fmt::Display for Diagnostic {
    /// As `CreateStateMachine` has it: `SCHEMA_VALIDATION_FAILED: … at /States/Charge/Resource`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.code.as_str(), self.message)?;
        match &self.location {
            Some(location) if self.code != Code::InvalidJsonDescription => {
                write!(formatter, " at {location}")
            }
            _ => Ok(()),
        }
    }
}

impl Machine {
    /// Reads a definition; on errors, all that were found. Warnings come in both cases.
    pub fn read(text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let mut reader = Reader::default();
        let machine = reader.machine(text);
        let wrong = reader.diagnostics.iter().any(|one| one.severity == Severity::Error);
        (machine.filter(|_| !wrong), reader.diagnostics)
    }

    /// Reads a single state, as `TestState` takes it; it may go on to states that are not there.
    pub fn read_state(text: &str, name: &str) -> (Option<Arc<State>>, Vec<Diagnostic>) {
        let mut reader = Reader { lone: true, ..Reader::default() };
        let Some(Value::Object(fields)) = reader.json(text) else { return (None, reader.diagnostics) };
        let state = reader.state(name, &fields, "", Language::JsonPath, 0);
        let wrong = reader.diagnostics.iter().any(|one| one.severity == Severity::Error);
        (state.filter(|_| !wrong).map(Arc::new), reader.diagnostics)
    }
}

/// The reader of one definition.
#[derive(Default)]
pub(super) struct Reader {
    pub diagnostics: Vec<Diagnostic>,
    names: HashSet<String>,
    labels: HashSet<String>,
    /// Whether a state is read without its machine.
    lone: bool,
    /// The language of the machine: what the states inside a Map or a Parallel have, unless they
    /// say otherwise.
    whole_language: Language,
}

impl Reader {
    pub fn fail(&mut self, message: impl Into<String>, at: &str) {
        let location = if at.is_empty() { "/" } else { at };
        self.diagnostics.push(Diagnostic::error(
            Code::SchemaValidationFailed,
            message,
            Some(location.to_owned()),
        ));
    }

    fn told(&mut self, code: Code, message: impl Into<String>, at: &str) {
        self.diagnostics.push(Diagnostic::error(code, message, Some(at.to_owned())));
    }

    fn json(&mut self, text: &str) -> Option<Value> {
        let not_an_object = "Definition must be a valid JSON object";
        if text.trim().is_empty() {
            self.diagnostics.push(Diagnostic::error(Code::SchemaValidationFailed, not_an_object, None));
            return None;
        }
        match read_json(text) {
            Ok(value @ Value::Object(_)) => Some(value),
            Ok(_) => {
                self.diagnostics.push(Diagnostic::error(Code::SchemaValidationFailed, not_an_object, None));
                None
            }
            Err(error) => {
                let message = format!("{}\n at {}", error.message, error.location);
                self.diagnostics.push(Diagnostic::error(
                    Code::InvalidJsonDescription,
                    message,
                    Some(error.location),
                ));
                None
            }
        }
    }

    fn machine(&mut self, text: &str) -> Option<Machine> {
        let Value::Object(fields) = self.json(text)? else { return None };
        self.only(
            &fields,
            &[
                "Comment",
                "QueryLanguage",
                "StartAt",
                "States",
                "TimeoutSeconds",
                "Version",
                "ProcessorConfig",
            ],
            "",
        );
        if fields.get("Version").is_some_and(|version| version != "1.0") {
            self.fail("The field 'Version' should have one of these values: [1.0]", "/Version");
        }
        let timeout_seconds = self.whole(&fields, "TimeoutSeconds", "", 1);
        let language = self.language(&fields, Language::JsonPath, "").unwrap_or(Language::JsonPath);
        self.whole_language = language;
        let flow = self.flow(&fields, "", language, 0)?;
        Some(Machine { flow, timeout_seconds })
    }

    /// The language a part says it has, or the one around it.
    fn language(&mut self, fields: &Map<String, Value>, around: Language, at: &str) -> Option<Language> {
        match fields.get("QueryLanguage") {
            None => Some(around),
            Some(Value::String(name)) if name == "JSONata" => Some(Language::Jsonata),
            Some(Value::String(name)) if name == "JSONPath" => Some(Language::JsonPath),
            Some(_) => {
                let message =
                    "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]";
                self.fail(message, &format!("{at}/QueryLanguage"));
                None
            }
        }
    }

    /// States that follow one another.
    fn flow(
        &mut self,
        fields: &Map<String, Value>,
        at: &str,
        language: Language,
        depth: usize,
    ) -> Option<Flow> {
        if depth > DEPTH_MAX {
            self.told(Code::TooDeeplyNested, "States are nested too deeply.", at);
            return None;
        }
        let missing: Vec<_> =
            ["States", "StartAt"].into_iter().filter(|name| !fields.contains_key(*name)).collect();
        if !missing.is_empty() {
            self.fail(format!("These fields are required: [{}]", missing.join(", ")), at);
            return None;
        }
        let start_at = self.text(fields, "StartAt", at)?;
        let Some(states) = fields.get("States").and_then(Value::as_object) else {
            self.fail("Expected value of type Object", &format!("{at}/States"));
            return None;
        };
        if states.is_empty() {
            self.fail("Value must not be empty", &format!("{at}/States"));
            return None;
        }
        let mut flow = Flow { start_at, states: HashMap::new() };
        let names: Vec<String> = states.keys().cloned().collect();
        for (name, state) in states {
            let place = format!("{at}/States/{name}");
            self.name(name, &place);
            match state.as_object() {
                Some(fields) => {
                    if let Some(state) = self.state(name, fields, &place, language, depth) {
                        flow.states.insert(name.clone(), Arc::new(state));
                    }
                }
                None => self.fail("Expected value of type Object", &place),
            }
        }
        // A state that could not be read would look like a missing target.
        if flow.states.len() == names.len() {
            graph::check(&flow, &names, at, &mut self.diagnostics);
        }
        Some(flow)
    }

    fn name(&mut self, name: &str, at: &str) {
        if name.chars().count() > STATE_NAME_CHARS_MAX {
            let message =
                format!("State name '{name}' exceeds the maximum length of {STATE_NAME_CHARS_MAX}.");
            self.told(Code::InvalidStateName, message, at);
        }
        if !self.names.insert(name.to_owned()) {
            self.told(Code::DuplicateStateName, format!("Duplicate State name: {name}"), at);
        }
    }
}
