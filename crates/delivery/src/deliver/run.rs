//! Doing a delivery.

use std::time::Duration;

use updraft_judge::Verdict;

use crate::build::{Built, build_all};
use crate::check::{self, CheckContext};
use crate::config::Strategy;
use crate::deploy::{Deployed, Deployer};
use crate::environment::Environment;
use crate::read::{App, read};
use crate::release::{ApiWorld, Driver, Ending, LoadGenerator, Release, Saved, start, unfinished};
use crate::{Clock, Digest, ExitCode, Explain, Outcome, Problem, Progress, Stage};

/// Whoever delivers.
pub struct Deliverer<'a> {
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Whom it tells.
    pub progress: &'a dyn Progress,
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
}

/// What a delivery came to.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Delivery {
    /// The commit, in words.
    pub commit: Option<String>,
    /// Each stage with its time.
    pub stages: Vec<StageTime>,
    /// The app's address in the last environment.
    pub url: Option<String>,
    /// The digest of all packages together: what moved from environment to environment.
    pub artifact: Option<Digest>,
    /// How the release ended, when there was one.
    pub ending: Option<Ending>,
    /// The release's id, when there was one.
    pub release: Option<String>,
}

/// A stage's line in the summary.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StageTime {
    /// Which.
    pub stage: Stage,
    /// Where.
    pub environment: Option<String>,
    /// What it came to.
    pub summary: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Delivery {
    fn new() -> Self {
        Self { commit: None, stages: Vec::new(), url: None, artifact: None, ending: None, release: None }
    }

    fn stage(&mut self, stage: Stage, environment: Option<&str>, summary: &str, took: Duration) {
        self.stages.push(StageTime {
            stage,
            environment: environment.map(str::to_owned),
            summary: summary.to_owned(),
            millis: took.as_millis() as u64,
        });
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        match &self.ending {
            Some(Ending { promoted: true, .. }) | None => ExitCode::Success,
            Some(Ending { verdict: Verdict::Inconclusive, .. }) => ExitCode::Inconclusive,
            Some(_) => ExitCode::RolledBack,
        }
    }
}

impl Deliverer<'_> {
    /// Delivers an app through its environments, the last of which gets a canary.
    pub async fn deliver(&self, app_folder: &std::path::Path, through: &[&str]) -> Outcome<Delivery> {
        let mut delivery = Delivery::new();
        let app = self.read(app_folder, &mut delivery).await?;
        let (last, before) = through
            .split_last()
            .ok_or_else(|| Problem::new(ExitCode::Usage, "a delivery needs at least one environment"))?;
        // An unfinished release comes first: its aliases must be whole before anything moves.
        let production = Environment::open(&app.config, last).await?;
        self.finish_earlier(&app, &production).await?;
        let built = self.build(&app, &mut delivery).await?;
        self.unit(&app, &mut delivery).await?;
        self.package(&built, &mut delivery);
        for name in before {
            let environment = Environment::open(&app.config, name).await?;
            let deployed = self.deploy(&app, &environment, &built, false, &mut delivery).await?;
            self.check(&app, &environment, &deployed, &mut delivery).await?;
        }
        let canary = app.config.release.strategy == Strategy::Evidence;
        let deployed = self.deploy(&app, &production, &built, canary, &mut delivery).await?;
        delivery.url = deployed.url.clone();
        if !deployed.candidates.is_empty() {
            self.release(&app, &production, &deployed, &mut delivery).await?;
        } else if canary && deployed.created {
            self.first_release(&production, &mut delivery);
        }
        Ok(delivery)
    }

    async fn read(&self, folder: &std::path::Path, delivery: &mut Delivery) -> Outcome<App> {
        let running = self.progress.start(Stage::Read, None);
        let app = read(folder).await?;
        delivery.commit = app.commit.as_ref().map(ToString::to_string);
        let commit = delivery.commit.clone().unwrap_or_else(|| "no commit".to_owned());
        let summary = format!("{} at {commit}, {} functions", app.config.app, app.functions.len());
        delivery.stage(Stage::Read, None, &summary, running.finish(&summary));
        Ok(app)
    }

    async fn build(&self, app: &App, delivery: &mut Delivery) -> Outcome<Vec<Built>> {
        let running = self.progress.start(Stage::Build, None);
        let built =
            build_all(&app.functions, app.template_folder(), &app.work_folder(), self.progress).await?;
        let new = built.iter().filter(|built| built.rebuilt.is_some()).count();
        let summary = format!("{new} built, {} unchanged", built.len() - new);
        delivery.stage(Stage::Build, None, &summary, running.finish(&summary));
        Ok(built)
    }

    async fn unit(&self, app: &App, delivery: &mut Delivery) -> Outcome<()> {
        self.checks(Stage::Unit, app, None, &CheckContext::default(), delivery).await
    }

    fn package(&self, built: &[Built], delivery: &mut Delivery) {
        let running = self.progress.start(Stage::Package, None);
        let digest = artifact(built);
        let bytes: u64 = built.iter().map(|built| built.size).sum();
        let summary = format!("{} packages, {} KB, {}", built.len(), bytes.div_ceil(1024), digest.short());
        delivery.artifact = Some(digest);
        delivery.stage(Stage::Package, None, &summary, running.finish(&summary));
    }

    async fn deploy(
        &self,
        app: &App,
        environment: &Environment,
        built: &[Built],
        hold_aliases: bool,
        delivery: &mut Delivery,
    ) -> Outcome<Deployed> {
        let name = Some(environment.name.as_str());
        let running = self.progress.start(Stage::Deploy, name);
        let deployer =
            Deployer { environment, clock: self.clock, progress: self.progress, hold_aliases, force: false };
        let deployed = deployer.deploy(app, built).await?;
        let summary = match (deployed.changed, deployed.candidates.len()) {
            (false, 0) => "no change".to_owned(),
            (false, waiting) => format!("no change, {waiting} versions wait for release"),
            (true, 0) => format!("stack {} is up", environment.stack),
            (true, new) => format!("stack {} is up, {new} new versions published", environment.stack),
        };
        delivery.stage(Stage::Deploy, name, &summary, running.finish(&summary));
        Ok(deployed)
    }

    async fn check(
        &self,
        app: &App,
        environment: &Environment,
        deployed: &Deployed,
        delivery: &mut Delivery,
    ) -> Outcome<()> {
        let context = context(environment, deployed);
        self.checks(Stage::Smoke, app, Some(&environment.name), &context, delivery).await?;
        self.checks(Stage::EndToEnd, app, Some(&environment.name), &context, delivery).await
    }

    async fn checks(
        &self,
        stage: Stage,
        app: &App,
        environment: Option<&str>,
        context: &CheckContext,
        delivery: &mut Delivery,
    ) -> Outcome<()> {
        let declared = &app.config.checks;
        let checks = match stage {
            Stage::Unit => &declared.unit,
            Stage::Smoke => &declared.smoke,
            _ => &declared.e2e,
        };
        if checks.is_empty() {
            return Ok(());
        }
        let running = self.progress.start(stage, environment);
        check::run(stage, checks, &app.config.root, context, self.progress).await?;
        let summary = format!("{} passed", checks.len());
        delivery.stage(stage, environment, &summary, running.finish(&summary));
        Ok(())
    }

    /// What serves for the first time has nothing to be compared with: it takes all traffic at once.
    fn first_release(&self, environment: &Environment, delivery: &mut Delivery) {
        let name = Some(environment.name.as_str());
        let running = self.progress.start(Stage::Release, name);
        let summary = "first versions, all traffic; the next ones begin as canaries";
        delivery.stage(Stage::Release, name, summary, running.finish(summary));
    }

    async fn release(
        &self,
        app: &App,
        environment: &Environment,
        deployed: &Deployed,
        delivery: &mut Delivery,
    ) -> Outcome<()> {
        let running = self.progress.start(Stage::Release, Some(&environment.name));
        let (release, saved) = start(
            &environment.client,
            environment.releases(),
            &app.config.release,
            &environment.name,
            delivery.commit.clone(),
            &deployed.candidates,
            (self.host.clone(), self.pid),
            self.clock.now(),
        )
        .await?;
        for entry in &release.log {
            self.progress.note(Stage::Release, entry.text.clone());
        }
        let ended = self.drive(app, environment, deployed.url.as_deref(), release, saved).await?;
        let ending = ended
            .ending()
            .cloned()
            .ok_or_else(|| Problem::new(ExitCode::Failure, "the release did not end"))?;
        let word = if ending.promoted { "promoted" } else { "rolled back" };
        let took = running.finish(format!("{word}: {}", ending.sentence));
        delivery.stage(Stage::Release, Some(&environment.name), word, took);
        delivery.release = Some(ended.id);
        delivery.ending = Some(ending);
        Ok(())
    }

    async fn drive(
        &self,
        app: &App,
        environment: &Environment,
        url: Option<&str>,
        release: Release,
        saved: Saved,
    ) -> Outcome<Release> {
        let _load = self.load(app, environment, url, &release);
        let world = ApiWorld::new(&environment.client, environment.releases());
        self.driver(&world).run(release, saved).await
    }

    /// Sends the declared requests, as many as real traffic is short of the declared rate.
    fn load(
        &self,
        app: &App,
        environment: &Environment,
        url: Option<&str>,
        release: &Release,
    ) -> Option<LoadGenerator> {
        let (load, url) = (app.config.load.as_ref()?, url?);
        let rate = load.rate - release.recent_rate;
        if rate <= 0.0 {
            return None;
        }
        self.progress
            .note(Stage::Release, format!("real traffic is thin: sending {rate:.0} requests/s to {url}"));
        Some(LoadGenerator::start(environment.client.http().clone(), url, load, rate))
    }

    fn driver<'w>(&'w self, world: &'w ApiWorld<'w>) -> Driver<'w> {
        Driver { world, clock: self.clock, progress: self.progress, host: self.host.clone(), pid: self.pid }
    }

    /// Goes on with a release that a process before this one left unfinished.
    async fn finish_earlier(&self, app: &App, environment: &Environment) -> Outcome<()> {
        let found = unfinished(environment.releases())
            .await
            .explain(ExitCode::Failure, || "cannot read the environment's releases".to_owned())?;
        let Some((release, saved)) = found else { return Ok(()) };
        self.progress
            .note(Stage::Release, format!("release {} was left unfinished; going on with it", release.id));
        let (release, saved) = {
            let world = ApiWorld::new(&environment.client, environment.releases());
            self.driver(&world).take_over(release, saved).await?
        };
        let url = Deployer {
            environment,
            clock: self.clock,
            progress: self.progress,
            hold_aliases: true,
            force: false,
        }
        .current_url()
        .await?;
        let ended = self.drive(app, environment, url.as_deref(), release, saved).await?;
        if let Some(ending) = ended.ending() {
            self.progress.note(Stage::Release, format!("{}: {}", ending.verdict, ending.sentence));
        }
        Ok(())
    }
}

/// The digest of all packages together.
fn artifact(built: &[Built]) -> Digest {
    let names: Vec<_> =
        built.iter().map(|built| (built.function.logical_id.as_bytes(), built.digest.to_string())).collect();
    Digest::of_parts(names.iter().flat_map(|(name, digest)| [*name, digest.as_bytes()]))
}

/// What checks may know of an environment: its outputs as they are and by name, its address, and how
/// to call it.
#[must_use]
pub fn context(environment: &Environment, deployed: &Deployed) -> CheckContext {
    let mut env = vec![
        ("UPDRAFT_ENVIRONMENT".to_owned(), environment.name.clone()),
        ("UPDRAFT_STACK".to_owned(), environment.stack.clone()),
    ];
    if let Some(url) = &deployed.url {
        env.push(("UPDRAFT_URL".to_owned(), url.trim_end_matches('/').to_owned()));
    }
    for (name, value) in &deployed.state.outputs {
        env.push((format!("UPDRAFT_OUTPUT_{}", screaming(name)), value.clone()));
    }
    let target = environment.client.target();
    if let Some(endpoint) = &target.endpoint {
        env.push(("AWS_ENDPOINT_URL".to_owned(), endpoint.clone()));
    }
    env.push(("AWS_REGION".to_owned(), target.region.to_string()));
    env.push(("AWS_DEFAULT_REGION".to_owned(), target.region.to_string()));
    env.push(("AWS_ACCESS_KEY_ID".to_owned(), target.credentials.key_id.clone()));
    env.push(("AWS_SECRET_ACCESS_KEY".to_owned(), target.credentials.secret.clone()));
    if let Some(token) = &target.credentials.token {
        env.push(("AWS_SESSION_TOKEN".to_owned(), token.clone()));
    }
    CheckContext { env }
}

/// `CartTableName` as `CART_TABLE_NAME`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    let mut last_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && last_lower {
            text.push('_');
        }
        last_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(c.to_ascii_uppercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outputs_name_becomes_a_variables() {
        for (name, variable) in
            [("Url", "URL"), ("CartTableName", "CART_TABLE_NAME"), ("ApiURL2", "API_URL2")]
        {
            assert_eq!(screaming(name), variable);
        }
    }
}
