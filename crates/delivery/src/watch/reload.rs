//! Save to running: a changed function is built and its code replaced, past the stack; a changed
//! template is deployed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use updraft_api::lambda;

use crate::build::{Built, build_all};
use crate::deploy::Deployer;
use crate::environment::{Environment, call_failed};
use crate::invoke::physical_name;
use crate::read::{App, read};
use crate::{Clock, Digest, ExitCode, Explain, Outcome, Progress};

/// Keeps an environment at what the app's files say.
pub struct Reloader<'a> {
    /// Where it runs.
    pub environment: &'a Environment,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Whom it tells.
    pub progress: &'a dyn Progress,
    /// The app as it was last read.
    pub app: App,
    /// What runs, by logical id.
    pub running: BTreeMap<String, Digest>,
}

/// What a change brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The functions whose code was replaced.
    pub functions: Vec<String>,
    /// Whether the template was deployed.
    pub deployed: bool,
    /// From the first look at the change to the last function's new code.
    pub took: Duration,
}

impl Reloader<'_> {
    /// Gives functions their built code where another runs: a save of an earlier run went past the
    /// stack, which therefore does not know of it.
    pub async fn align(&self, built: &[Built]) -> Outcome<()> {
        for built in built {
            let function_name = physical_name(self.environment, &built.function.logical_id).await?;
            let input = lambda::GetFunctionConfigurationRequest { function_name, ..Default::default() };
            let client = &self.environment.client;
            let found =
                client.call::<lambda::ops::GetFunctionConfiguration>(input).await.map_err(call_failed)?;
            if found.code_sha256.is_some_and(|digest| digest != built.digest.base64()) {
                self.replace(built).await?;
            }
        }
        Ok(())
    }

    /// Brings changed files to the environment; none when they change nothing that runs.
    pub async fn reload(&mut self, changed: &[PathBuf]) -> Outcome<Option<Reloaded>> {
        let began = Instant::now();
        let config = self.app.config.root.join(crate::config::FILE_NAME);
        if changed.iter().any(|path| *path == self.app.template_file || *path == config) {
            return self.redeploy(began).await.map(Some);
        }
        let functions: Vec<_> = self
            .app
            .functions
            .iter()
            .filter(|function| {
                let folder = self.app.template_folder().join(&function.code);
                let folder = folder.canonicalize().unwrap_or(folder);
                changed.iter().any(|path| path.starts_with(&folder))
            })
            .cloned()
            .collect();
        if functions.is_empty() {
            return Ok(None);
        }
        let work = self.app.work_folder();
        let built = build_all(&functions, self.app.template_folder(), &work, self.progress).await?;
        let mut replaced = Vec::new();
        for built in &built {
            if self.running.get(&built.function.logical_id) == Some(&built.digest) {
                continue;
            }
            self.replace(built).await?;
            self.running.insert(built.function.logical_id.clone(), built.digest);
            replaced.push(built.function.logical_id.clone());
        }
        let reloaded = Reloaded { functions: replaced, deployed: false, took: began.elapsed() };
        Ok((!reloaded.functions.is_empty()).then_some(reloaded))
    }

    /// Code, and the alias that callers use: a development environment serves the latest at once.
    async fn replace(&self, built: &Built) -> Outcome<()> {
        let function = physical_name(self.environment, &built.function.logical_id).await?;
        let zip = tokio::fs::read(&built.zip).await.explain(ExitCode::Failure, || {
            format!("cannot read the package of {}", built.function.logical_id)
        })?;
        let input = lambda::UpdateFunctionCodeRequest {
            function_name: function.clone(),
            zip_file: Some(zip.into()),
            publish: Some(true),
            ..Default::default()
        };
        let client = &self.environment.client;
        let updated = client.call::<lambda::ops::UpdateFunctionCode>(input).await.map_err(call_failed)?;
        let input = lambda::ListAliasesRequest { function_name: function.clone(), ..Default::default() };
        let aliases = client.call::<lambda::ops::ListAliases>(input).await.map_err(call_failed)?;
        for alias in aliases.aliases.into_iter().flatten() {
            let input = lambda::UpdateAliasRequest {
                function_name: function.clone(),
                name: alias.name.unwrap_or_default(),
                function_version: updated.version.clone(),
                ..Default::default()
            };
            client.call::<lambda::ops::UpdateAlias>(input).await.map_err(call_failed)?;
        }
        Ok(())
    }

    async fn redeploy(&mut self, began: Instant) -> Outcome<Reloaded> {
        let app = read(&self.app.config.root).await?;
        let work = app.work_folder();
        let built = build_all(&app.functions, app.template_folder(), &work, self.progress).await?;
        let deployer = Deployer {
            environment: self.environment,
            clock: self.clock,
            progress: self.progress,
            hold_aliases: false,
            force: false,
        };
        let deployed = deployer.deploy(&app, &built).await?;
        self.running = built.iter().map(|built| (built.function.logical_id.clone(), built.digest)).collect();
        self.app = app;
        Ok(Reloaded { functions: Vec::new(), deployed: deployed.changed, took: began.elapsed() })
    }
}
