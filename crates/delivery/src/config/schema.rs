//! The shape of `updraft.yaml` after reading, with every default filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use updraft_judge::Policy;

/// An app's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The app's name; stacks are called `<app>-<environment>`.
    pub app: String,
    /// The folder that holds `updraft.yaml`.
    pub root: PathBuf,
    /// The template, relative to the root.
    pub template: PathBuf,
    /// The environments by name.
    pub environments: BTreeMap<String, EnvironmentConfig>,
    /// The commands that must succeed.
    pub checks: Checks,
    /// How a release is done and judged.
    pub release: ReleaseConfig,
    /// Requests to send while real traffic is thin.
    pub load: Option<Load>,
}

/// One environment: where it is, and how it differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentConfig {
    /// The template's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The stack's name, when it is not `<app>-<environment>`.
    pub stack: Option<String>,
    /// Where the API is: an engine's address, or none for AWS itself when a region or profile is given.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The account that must be met there.
    pub account: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The stack output that holds the app's address.
    pub url: Option<String>,
}

/// The commands that must succeed, by when they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// Before packaging.
    pub unit: Vec<Check>,
    /// Right after a deployment.
    pub smoke: Vec<Check>,
    /// After the smoke checks.
    pub e2e: Vec<Check>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is called; the command itself when nothing else is given.
    pub name: String,
    /// The command, for `sh -c`.
    pub run: String,
    /// The folder it runs in, relative to the root.
    pub dir: PathBuf,
    /// How long it may take.
    pub timeout: Duration,
}

/// How a release is done.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseConfig {
    /// All at once, or a canary judged by evidence.
    pub strategy: Strategy,
    /// What it is judged by.
    pub policy: Policy,
    /// When to stop waiting for evidence.
    pub deadline: Duration,
    /// What to do then.
    pub on_inconclusive: OnInconclusive,
}

/// How traffic moves to a new version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strategy {
    /// A canary whose exposure grows with the evidence that it is safe.
    #[default]
    Evidence,
    /// Everything at once.
    AllAtOnce,
}

/// What to do with a release that could not be judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnInconclusive {
    /// Go back to the old version.
    #[default]
    RollBack,
    /// Take the new one all the same.
    Promote,
}

/// Requests to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// How many a second.
    pub rate: f64,
    /// Which, by weight.
    pub requests: Vec<LoadRequest>,
}

/// One kind of request.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadRequest {
    /// The method.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The body.
    pub body: Option<String>,
    /// How often, in proportion to the others.
    pub weight: f64,
    /// Its headers.
    pub headers: Vec<(String, String)>,
}
