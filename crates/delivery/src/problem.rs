//! What a person reads when a command fails: what, where, and what to do next.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::ExitCode;

/// A failure on its way to the person (or machine) at the command line.
///
/// The message is a lowercase fragment; each hint names something to do.
#[derive(Debug)]
pub struct Problem {
    /// The process's exit code, and with it the kind of failure.
    pub exit: ExitCode,
    /// What went wrong.
    pub message: String,
    /// Where, when it is in a file of the app's.
    pub place: Option<Box<Place>>,
    /// What to do next.
    pub hints: Vec<String>,
    /// What caused it.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Its text, for showing the line.
    pub text: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// The characters meant.
    pub chars: Range<usize>,
}

/// A result whose failure is for people.
pub type Outcome<T> = Result<T, Problem>;

impl Problem {
    /// A failure without place or cause.
    #[must_use]
    pub fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), place: None, hints: Vec::new(), source: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds where it is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }

    /// Adds what caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}:{}:{}: ", place.file.display(), place.line, place.column)?;
        }
        f.write_str(&self.message)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Turns a module's error into one for people.
pub trait Explain<T> {
    /// With the kind of failure and what was attempted.
    fn explain(self, exit: ExitCode, what: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Explain<T> for Result<T, E> {
    fn explain(self, exit: ExitCode, what: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Problem::new(exit, what()).because(error))
    }
}
