//! What may be wrong with a template, told in the official transform's words.

/// Why a template cannot be transformed: one or more problems, each told once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid Serverless Application Specification document. Number of errors found: {}. {}",
    .0.len(),
    .0.iter().map(SamProblem::told).collect::<Vec<_>>().join(" ")
)]
pub struct SamError(pub Vec<SamProblem>);

impl SamError {
    /// Several problems; one told twice counts once.
    pub(crate) fn of(problems: Vec<SamProblem>) -> Self {
        let mut told: Vec<SamProblem> = Vec::new();
        for problem in problems {
            if !told.contains(&problem) {
                told.push(problem);
            }
        }
        Self(told)
    }
}

impl From<SamProblem> for SamError {
    fn from(problem: SamProblem) -> Self {
        Self(vec![problem])
    }
}

/// What is wrong with one resource, or with the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamProblem {
    /// The resource's logical id, where it is one resource's.
    pub resource: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl SamProblem {
    /// A problem of one resource.
    pub(crate) fn resource(id: impl Into<String>, message: impl Into<String>) -> Self {
        Self { resource: Some(id.into()), message: message.into() }
    }

    /// A problem of the template as a whole.
    pub(crate) fn structure(message: &str) -> Self {
        Self { resource: None, message: format!("Structure of the SAM template is invalid. {message}") }
    }

    fn told(&self) -> String {
        match &self.resource {
            Some(id) => format!("Resource with id [{id}] is invalid. {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Why one resource could not be transformed.
#[derive(Debug)]
pub(crate) enum Fail {
    /// Something is wrong with the resource at hand.
    Here(String),
    /// Something is wrong elsewhere; the resources after this one are still looked at.
    Elsewhere(SamProblem),
    /// The transform goes no further.
    Document(SamProblem),
}

impl Fail {
    /// A fault in an event of the resource at hand.
    pub(crate) fn event(name: &str, message: &str) -> Self {
        Self::Here(format!("Event with id [{name}] is invalid. {message}"))
    }

    /// An OpenAPI document that cannot be worked on.
    pub(crate) fn document(message: &str) -> Self {
        Self::Document(SamProblem::structure(message))
    }
}

impl From<String> for Fail {
    fn from(message: String) -> Self {
        Self::Here(message)
    }
}

impl From<&str> for Fail {
    fn from(message: &str) -> Self {
        Self::Here(message.to_owned())
    }
}
