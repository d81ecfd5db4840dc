//! Doing a deployment.

use std::collections::BTreeMap;

use serde_json::Value;
use updraft_api::cloudformation as cfn;
use updraft_api::lambda;
use updraft_types::Arn;

use super::bucket::{PutError, artifact_key};
use super::plan::{AliasPlan, Deployment, aliases, fingerprint, pin};
use super::stack::{Stack, StackError, StackState};
use crate::build::Built;
use crate::environment::{Environment, call_failed};
use crate::read::{App, expand, place_code};
use crate::release::{Alias, Candidate};
use crate::{Clock, Digest, ExitCode, Explain, Outcome, Problem, Progress, Stage};

/// The record of the environment's latest deployment.
const RECORD_KEY: &str = "deployments/latest.json";
/// The form of that record.
const FORMAT: u32 = 1;
/// A template longer than this goes through the bucket ("CloudFormation quotas": template body in a request).
const TEMPLATE_BODY_MAX: usize = 51_200;

/// A deployment's doing.
pub struct Deployer<'a> {
    /// Where to.
    pub environment: &'a Environment,
    /// Its clock.
    pub clock: &'a dyn Clock,
    /// Whom it tells.
    pub progress: &'a dyn Progress,
    /// Whether aliases stay where they are, for a release to move them.
    pub hold_aliases: bool,
    /// Whether to submit even what seems unchanged.
    pub force: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// Whether the stack is new.
    pub created: bool,
    /// Whether anything changed.
    pub changed: bool,
    /// The stack.
    pub state: StackState,
    /// The app's address, as it is reached from here.
    pub url: Option<String>,
    /// Aliases whose function has a version that does not serve yet.
    pub candidates: Vec<Candidate>,
    /// How many packages were sent.
    pub sent: usize,
}

impl Deployer<'_> {
    /// Deploys an app's packages.
    pub async fn deploy(&self, app: &App, built: &[Built]) -> Outcome<Deployed> {
        let parameters = self.parameters(app)?;
        let template = self.template(app, built, &parameters)?;
        let fingerprint = fingerprint(&template, &parameters);
        let stack = self.stack();
        let state = stack.settled().await.map_err(stack_failed)?;
        if let Some(state) = state.as_ref().filter(|_| !self.force)
            && self.is_unchanged(state, fingerprint).await?
        {
            return self.nothing_to_do(state.clone(), &template).await;
        }
        self.environment.bucket.ensure().await.map_err(call_failed)?;
        let sent = self.send(built).await?;
        let created = state.is_none();
        let (state, deployed, held) = self.submit(&stack, state, template, &parameters).await?;
        self.remember(app, built, fingerprint, &state).await?;
        let candidates = self.candidates(&deployed, &held).await?;
        let url = self.url(&state);
        let changed = !matches!(deployed, Submitted::Nothing);
        Ok(Deployed { created, changed, state, url, candidates, sent })
    }

    /// The app's address as it is now, if it is up.
    pub async fn current_url(&self) -> Outcome<Option<String>> {
        let state = self.stack().state().await.map_err(call_failed)?;
        Ok(state.and_then(|state| self.url(&state)))
    }

    /// The environment's values for the template's parameters; a value for none of them is a mistake.
    fn parameters(&self, app: &App) -> Outcome<BTreeMap<String, String>> {
        let parameters = &self.environment.config.parameters;
        let declared = app.template.value["Parameters"].as_object();
        for name in parameters.keys() {
            if !declared.is_some_and(|declared| declared.contains_key(name)) {
                let name_of = &self.environment.name;
                let message =
                    format!("environments.{name_of} gives `{name}`, which the template does not declare");
                let known: Vec<_> = declared.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
                return Err(Problem::new(ExitCode::Config, message)
                    .hint(format!("the template's parameters are {}", known.join(", "))));
            }
        }
        Ok(parameters.clone())
    }

    fn template(&self, app: &App, built: &[Built], parameters: &BTreeMap<String, String>) -> Outcome<Value> {
        let mut template = app.template.value.clone();
        for built in built {
            place_code(
                &mut template,
                &built.function,
                &self.environment.bucket.name,
                &artifact_key(built.digest),
            );
        }
        expand(&app.template, &template, parameters, &self.environment.client.target().region)
    }

    fn stack(&self) -> Stack<'_> {
        Stack {
            client: &self.environment.client,
            clock: self.clock,
            progress: self.progress,
            name: self.environment.stack.clone(),
        }
    }

    async fn is_unchanged(&self, state: &StackState, fingerprint: Digest) -> Outcome<bool> {
        if !state.is_good() {
            return Ok(false);
        }
        let record = self.environment.bucket.get(RECORD_KEY).await.map_err(call_failed)?;
        let record: Option<Deployment> = record.and_then(|text| serde_json::from_slice(&text).ok());
        Ok(record.is_some_and(|record| {
            record.format == FORMAT
                && record.fingerprint == fingerprint
                && record.stack_id == state.id
                && record.stack_changed_at == state.changed_at.millis()
        }))
    }

    /// Nothing is submitted; but an alias may still hold back from a version, when its release was
    /// rolled back or never done.
    async fn nothing_to_do(&self, state: StackState, template: &Value) -> Outcome<Deployed> {
        let candidates = match self.hold_aliases {
            false => Vec::new(),
            true => {
                let held = self.held(&self.stack(), template).await?;
                self.candidates(&Submitted::Nothing, &held).await?
            }
        };
        let url = self.url(&state);
        Ok(Deployed { created: false, changed: false, state, url, candidates, sent: 0 })
    }

    async fn send(&self, built: &[Built]) -> Outcome<usize> {
        let mut sent = 0;
        for built in built {
            let read = async || tokio::fs::read(&built.zip).await.map(bytes::Bytes::from);
            let new = self.environment.bucket.put_artifact(built.digest, read).await;
            let new = new.map_err(|error| match error {
                PutError::Call(error) => call_failed(error),
                PutError::Read(error) => {
                    let message = format!("cannot read the package of {}", built.function.logical_id);
                    Problem::new(ExitCode::Failure, message).because(error)
                }
            })?;
            sent += usize::from(new);
        }
        Ok(sent)
    }

    async fn submit(
        &self,
        stack: &Stack<'_>,
        state: Option<StackState>,
        mut template: Value,
        parameters: &BTreeMap<String, String>,
    ) -> Outcome<(StackState, Submitted, Vec<Held>)> {
        let mut state = state;
        if state.as_ref().is_some_and(StackState::is_husk) {
            self.progress.note(Stage::Deploy, format!("{} never came up; it is deleted first", stack.name));
            stack.delete().await.map_err(stack_failed)?;
            state = None;
        }
        let exists = state.as_ref().is_some_and(|state| !state.is_empty());
        let mut held = Vec::new();
        if exists && self.hold_aliases {
            held = self.held(stack, &template).await?;
            for alias in &held {
                pin(&mut template, &alias.plan.alias_id, &alias.candidate.from);
            }
        }
        let input = self.change_set_input(&template, parameters, exists).await?;
        let Some(change_set) = stack.change_set(input).await.map_err(stack_failed)? else {
            let Some(state) = state else {
                return Err(Problem::new(ExitCode::Deploy, "the template makes no resource"));
            };
            return Ok((state, Submitted::Nothing, held));
        };
        self.progress.note(Stage::Deploy, format!("{} changes", change_set.changes.len()));
        let state = stack.execute(&change_set).await.map_err(stack_failed)?;
        Ok((state, if exists { Submitted::Updated } else { Submitted::Created }, held))
    }

    async fn change_set_input(
        &self,
        template: &Value,
        parameters: &BTreeMap<String, String>,
        exists: bool,
    ) -> Outcome<cfn::CreateChangeSetInput> {
        let text = template.to_string();
        let (template_body, template_url) = if text.len() <= TEMPLATE_BODY_MAX {
            (Some(text), None)
        } else {
            (None, Some(self.upload_template(text).await?))
        };
        let parameters = parameters.iter().map(|(name, value)| cfn::Parameter {
            parameter_key: Some(name.clone()),
            parameter_value: Some(value.clone()),
            ..Default::default()
        });
        let now = self.clock.now();
        Ok(cfn::CreateChangeSetInput {
            stack_name: self.environment.stack.clone(),
            change_set_name: format!("updraft-{}", now.millis()),
            change_set_type: Some(if exists { "UPDATE" } else { "CREATE" }.into()),
            template_body,
            template_url,
            parameters: Some(parameters.collect()),
            capabilities: Some(vec!["CAPABILITY_IAM".into(), "CAPABILITY_NAMED_IAM".into()]),
            ..Default::default()
        })
    }

    async fn upload_template(&self, text: String) -> Outcome<String> {
        let key = format!("templates/{}.json", Digest::of(text.as_bytes()));
        let bucket = &self.environment.bucket;
        bucket.put(&key, "application/json", text.into(), None).await.map_err(call_failed)?;
        let target = self.environment.client.target();
        let endpoint = target.service_endpoint(&updraft_api::s3::SERVICE);
        Ok(format!("{endpoint}/{}/{key}", bucket.name))
    }

    /// The stack's aliases that exist already, where they are, and which resource is their next version.
    async fn held(&self, stack: &Stack<'_>, template: &Value) -> Outcome<Vec<Held>> {
        let resources = stack.resources().await.map_err(call_failed)?;
        let mut held = Vec::new();
        for plan in aliases(template) {
            let Some((function, alias)) = resources.get(&plan.alias_id).and_then(|id| alias_of(id)) else {
                continue;
            };
            let input = lambda::GetAliasRequest { function_name: function.clone(), name: alias.clone() };
            let live = match self.environment.client.call::<lambda::ops::GetAlias>(input).await {
                Err(error) if error.is_not_found() => continue,
                other => Alias::read(&other.map_err(call_failed)?),
            };
            let candidate = Candidate { function, alias, from: live.version.clone(), to: String::new() };
            candidate.check(&live)?;
            held.push(Held { plan, candidate });
        }
        Ok(held)
    }

    /// The held aliases whose next version is another than the one that serves.
    async fn candidates(&self, submitted: &Submitted, held: &[Held]) -> Outcome<Vec<Candidate>> {
        if held.is_empty() || matches!(submitted, Submitted::Created) {
            return Ok(Vec::new());
        }
        let resources = self.stack().resources().await.map_err(call_failed)?;
        let candidates = held.iter().filter_map(|held| {
            let to = resources.get(&held.plan.version_id)?.rsplit(':').next()?.to_owned();
            (to != held.candidate.from).then(|| Candidate { to, ..held.candidate.clone() })
        });
        Ok(candidates.collect())
    }

    async fn remember(
        &self,
        app: &App,
        built: &[Built],
        fingerprint: Digest,
        state: &StackState,
    ) -> Outcome<()> {
        let record = Deployment {
            format: FORMAT,
            fingerprint,
            stack_id: state.id.clone(),
            stack_changed_at: state.changed_at.millis(),
            commit: app.commit.clone(),
            artifacts: built.iter().map(|built| (built.function.logical_id.clone(), built.digest)).collect(),
            at: self.clock.now().millis(),
        };
        let text = serde_json::to_vec(&record)
            .explain(ExitCode::Failure, || "cannot write the deployment down".to_owned())?;
        let bucket = &self.environment.bucket;
        bucket.put(RECORD_KEY, "application/json", text.into(), None).await.map_err(call_failed)
    }

    fn url(&self, state: &StackState) -> Option<String> {
        let url = app_url(&state.outputs, self.environment.config.url.as_deref())?;
        Some(self.environment.client.target().reachable_url(url))
    }
}

/// What a deployment did to the stack.
enum Submitted {
    Created,
    Updated,
    Nothing,
}

/// An alias that stays where it is.
struct Held {
    plan: AliasPlan,
    candidate: Candidate,
}

/// Function and alias of an alias's ARN.
fn alias_of(arn: &str) -> Option<(String, String)> {
    let arn: Arn = arn.parse().ok()?;
    let (function, alias) = arn.resource().strip_prefix("function:")?.split_once(':')?;
    Some((function.to_owned(), alias.to_owned()))
}

/// The output that holds the app's address: the one that is named, or one whose name says so.
fn app_url<'o>(outputs: &'o BTreeMap<String, String>, named: Option<&str>) -> Option<&'o str> {
    if let Some(name) = named {
        return outputs.get(name).map(String::as_str);
    }
    let is_url = |value: &&String| value.starts_with("http://") || value.starts_with("https://");
    let exact = ["Url", "URL", "AppUrl", "ApiUrl", "HttpApiUrl", "ApiEndpoint"];
    exact
        .iter()
        .filter_map(|name| outputs.get(*name))
        .find(is_url)
        .or_else(|| outputs.values().find(is_url))
        .map(String::as_str)
}

/// What a person is told of a stack that failed.
pub(crate) fn stack_failed(error: StackError) -> Problem {
    match error {
        StackError::Call(error) => call_failed(error),
        StackError::Failed { ref reasons, .. } => {
            let reasons = reasons.join("\n");
            let problem = Problem::new(ExitCode::Deploy, error.to_string());
            if reasons.is_empty() { problem } else { problem.because(reasons) }
        }
        other => Problem::new(ExitCode::Deploy, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_address_is_found_by_name_or_by_look() {
        let outputs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
        };
        let both = outputs(&[("Console", "https://console"), ("Url", "https://shop"), ("Table", "t")]);
        assert_eq!(app_url(&both, None), Some("https://shop"));
        assert_eq!(app_url(&both, Some("Console")), Some("https://console"));
        assert_eq!(app_url(&both, Some("Nothing")), None);
        assert_eq!(app_url(&outputs(&[("Front", "https://front"), ("A", "a")]), None), Some("https://front"));
        assert_eq!(app_url(&outputs(&[("A", "a")]), None), None);
    }

    #[test]
    fn an_aliass_arn_says_whose_it_is() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:shop-cart:live";
        assert_eq!(alias_of(arn), Some(("shop-cart".into(), "live".into())));
        assert_eq!(alias_of("arn:aws:lambda:us-east-1:000000000000:function:shop-cart"), None);
        assert_eq!(alias_of("shop-cart|live"), None);
    }
}
