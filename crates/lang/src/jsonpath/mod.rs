//! The paths and payload templates of Step Functions' JSONPath mode.
//!
//! AWS's dialect is Jayway's, not RFC 9535: a definite path gives the value itself and fails where it
//! is absent, an indefinite one gives a list. On top of it come `$$.` (the context object), `$name`
//! (a variable), reference paths and intrinsic functions. Sources: "Using JSONPath paths" and
//! "Intrinsic functions for JSONPath states in Step Functions" in the Step Functions developer guide
//! (`amazon-states-language-paths.html`, `intrinsic-functions.html`), the Amazon States Language
//! specification (`states-language.net`), Jayway's README; read 2026-11.

mod filter;
mod intrinsic;
mod parse;
mod put;
mod select;
mod template;

use serde_json::{Map, Value};

pub use intrinsic::{CALL_DEPTH_MAX, Call};
pub use template::{Template, TemplateError};

/// The longest path that is read. AWS bounds the definition as a whole (1 MiB); no path that a person
/// writes comes near this.
pub const PATH_LENGTH_MAX: usize = 16_384;

/// How many steps a path may have, and how deep its filters may nest.
pub const PATH_DEPTH_MAX: usize = 256;

/// A path, read.
///
/// ```
/// use serde_json::{Map, json};
/// use updraft_lang::jsonpath::Path;
/// let path = Path::parse("$.orders[?(@.total > 10)].id").unwrap();
/// let input = json!({"orders": [{"id": 1, "total": 5}, {"id": 2, "total": 50}]});
/// assert_eq!(path.select(&input, &json!({}), &Map::new()).unwrap(), json!([2]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    text: String,
    root: Root,
    steps: Vec<Step>,
    function: Option<Function>,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Root {
    /// `$`: the input.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// `.name`, `['name']`, `['one','two']`.
    Properties(Vec<String>),
    /// `.*`, `[*]`.
    Wildcard,
    /// `[0]`, `[-1]`, `[0,2]`.
    Indices(Vec<i64>),
    /// `[1:3]`, `[1:]`, `[:-1]`.
    Slice(Option<i64>, Option<i64>),
    /// `[?(…)]`, and `[?(…),?(…)]` where any may hold.
    Filter(Vec<filter::Filter>),
    /// `..`: the step after it is tried on every node from here down.
    Scan,
}

/// A function at the end of a path (`$.items.length()`), as Jayway has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Length,
    Min,
    Max,
    Average,
    StandardDeviation,
    Sum,
    Keys,
    First,
    Last,
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid path {text:?} at character {at}: {message}")]
pub struct SyntaxError {
    text: String,
    /// The character, counted from 1, at which reading failed.
    pub at: usize,
    /// What is wrong, and what is expected.
    pub message: String,
}

/// Why a path or a template gives no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A path on its own (`InputPath`, `OutputPath`, `ItemsPath` …) leads nowhere.
    #[error("Invalid path '{path}' : {reason}")]
    NoResult {
        /// The path as written.
        path: String,
        /// Jayway's words for what is missing.
        reason: String,
    },
    /// The path of a field leads nowhere.
    #[error(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
    )]
    NotFound {
        /// The path as written.
        path: String,
        /// The field as written, with its `.$`.
        field: String,
        /// The value that was searched, as JSON.
        input: String,
    },
    /// An intrinsic function refuses its arguments.
    #[error("The function '{call}' had the following error: {reason}")]
    Intrinsic {
        /// The call as written.
        call: String,
        /// What it refuses.
        reason: String,
    },
    /// A result cannot be put where a reference path points to.
    #[error("Unable to apply ReferencePath {path} to input {input}")]
    Unapplicable {
        /// The path as written.
        path: String,
        /// The value it was to be put into, as JSON.
        input: String,
    },
}

impl PathError {
    /// The name under which `Retry` and `Catch` know the error.
    ///
    /// A missing path is `States.Runtime`, in payload templates, too: recorded answers of AWS agree
    /// on that, whatever the specification says of `States.ParameterPathFailure`.
    pub const fn error_name(&self) -> &'static str {
        match self {
            Self::NoResult { .. } | Self::NotFound { .. } => "States.Runtime",
            Self::Intrinsic { .. } => "States.IntrinsicFailure",
            Self::Unapplicable { .. } => "States.ResultPathMatchFailure",
        }
    }
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parse::path(text)
    }

    /// The text the path was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variable it begins with, if it begins with one.
    pub fn variable(&self) -> Option<&str> {
        match &self.root {
            Root::Variable(name) => Some(name),
            Root::Input | Root::Context => None,
        }
    }

    /// Whether it begins at the context object.
    pub fn is_context(&self) -> bool {
        self.root == Root::Context
    }

    /// Whether it is `$` and nothing more.
    pub fn is_root(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty() && self.function.is_none()
    }

    /// Whether it names one node at most: no `@`, `,`, `:`, `?`, `*` or `..`
    /// (`amazon-states-language-paths.html`, "Reference paths").
    pub fn is_reference(&self) -> bool {
        let single = |step: &Step| match step {
            Step::Properties(names) => names.len() == 1,
            Step::Indices(indices) => indices.len() == 1,
            Step::Wildcard | Step::Slice(..) | Step::Filter(_) | Step::Scan => false,
        };
        self.function.is_none() && self.steps.iter().all(single)
    }

    /// The value at a definite path; the list of values at an indefinite one.
    pub fn select(
        &self,
        input: &Value,
        context: &Value,
        variables: &Map<String, Value>,
    ) -> Result<Value, PathError> {
        let selected = match self.origin(input, context, variables) {
            Some(origin) => select::select(self, origin),
            None => Err(format!("No results for path: {}", self.text)),
        };
        selected.map_err(|reason| PathError::NoResult { path: self.text.clone(), reason })
    }

    /// As [`select`](Self::select), for a field: the error names it and shows what was searched.
    pub fn select_for(
        &self,
        field: &str,
        input: &Value,
        context: &Value,
        variables: &Map<String, Value>,
    ) -> Result<Value, PathError> {
        self.select(input, context, variables).map_err(|_| PathError::NotFound {
            path: self.text.clone(),
            field: field.to_owned(),
            input: self.origin(input, context, variables).unwrap_or(&Value::Null).to_string(),
        })
    }

    /// `root` with `value` in place of what this reference path names; missing objects are made.
    ///
    /// A path that is no reference path, or begins elsewhere than at `$`, is refused.
    pub fn put(&self, root: Value, value: Value) -> Result<Value, PathError> {
        put::put(self, root, value)
    }

    fn origin<'a>(
        &self,
        input: &'a Value,
        context: &'a Value,
        variables: &'a Map<String, Value>,
    ) -> Option<&'a Value> {
        match &self.root {
            Root::Input => Some(input),
            Root::Context => Some(context),
            Root::Variable(name) => variables.get(name),
        }
    }
}

impl std::str::FromStr for Path {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
