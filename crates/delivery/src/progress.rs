//! What a command says while it works, as values; how they look is the command line's business.

use std::time::Duration;

/// A stage of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the commit, `updraft.yaml` and the template.
    Read,
    /// Building the functions.
    Build,
    /// The unit checks.
    Unit,
    /// Packaging what was built.
    Package,
    /// Deploying a stack.
    Deploy,
    /// The smoke checks.
    Smoke,
    /// The end-to-end checks.
    EndToEnd,
    /// Moving traffic to the new versions.
    Release,
    /// Watching files and logs.
    Watch,
    /// Taking an environment away.
    Destroy,
}

impl Stage {
    /// Its name in a line of progress.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Build => "build",
            Self::Unit => "unit tests",
            Self::Package => "package",
            Self::Deploy => "deploy",
            Self::Smoke => "smoke tests",
            Self::EndToEnd => "end-to-end tests",
            Self::Release => "release",
            Self::Watch => "watch",
            Self::Destroy => "destroy",
        }
    }
}

/// Something worth saying.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage begins.
    Started {
        /// Which.
        stage: Stage,
        /// The environment it works on, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
    },
    /// A stage has something to say.
    Note {
        /// Which.
        stage: Stage,
        /// What.
        text: String,
    },
    /// A line that a tool run by the stage printed.
    Output {
        /// Which.
        stage: Stage,
        /// The line.
        line: String,
    },
    /// A stage has ended well.
    Finished {
        /// Which.
        stage: Stage,
        /// The environment it worked on, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// What it comes to.
        summary: String,
        /// How long it took.
        #[serde(serialize_with = "as_millis", rename = "millis")]
        took: Duration,
    },
    /// The canary after an interval.
    Canary {
        /// Its weight, as a share.
        weight: f64,
        /// Requests of the old version so far.
        baseline_requests: u64,
        /// Errors of the old version so far.
        baseline_errors: u64,
        /// Requests of the canary so far.
        canary_requests: u64,
        /// Errors of the canary so far.
        canary_errors: u64,
        /// ln E of the danger test.
        danger_log: f64,
        /// ln S of the safety test.
        safety_log: f64,
    },
    /// A log line of a function.
    Log {
        /// The function's name.
        function: String,
        /// When, in milliseconds since the epoch.
        at: i64,
        /// The line.
        line: String,
    },
}

fn as_millis<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(took.as_millis() as u64)
}

/// Whoever wants to hear it.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event);
}

impl dyn Progress + '_ {
    /// Says something within a stage.
    pub fn note(&self, stage: Stage, text: impl Into<String>) {
        self.event(Event::Note { stage, text: text.into() });
    }

    /// Begins a stage; the returned value ends it.
    #[must_use]
    pub fn start(&self, stage: Stage, environment: Option<&str>) -> Running<'_> {
        let environment = environment.map(str::to_owned);
        self.event(Event::Started { stage, environment: environment.clone() });
        Running { progress: self, stage, environment, began: std::time::Instant::now() }
    }
}

/// A stage under way.
pub struct Running<'a> {
    progress: &'a dyn Progress,
    stage: Stage,
    environment: Option<String>,
    began: std::time::Instant,
}

impl Running<'_> {
    /// Ends the stage well, and says what it comes to.
    pub fn finish(self, summary: impl Into<String>) -> Duration {
        let took = self.began.elapsed();
        self.progress.event(Event::Finished {
            stage: self.stage,
            environment: self.environment,
            summary: summary.into(),
            took,
        });
        took
    }
}

/// Says nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event) {}
}
