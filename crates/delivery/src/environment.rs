//! An environment, opened: its target, its account, its stack's and its bucket's names.

use updraft_api::sts;
use updraft_types::AccountId;

use crate::client::{CallError, Client, Target, TargetError};
use crate::config::{Config, EnvironmentConfig};
use crate::deploy::{Bucket, bucket_name};
use crate::release::ReleaseStore;
use crate::{ExitCode, Outcome, Problem};

/// An environment of an app, as it can be called.
#[derive(Clone)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// What `updraft.yaml` says of it.
    pub config: EnvironmentConfig,
    /// The calls.
    pub client: Client,
    /// The stack's name.
    pub stack: String,
    /// The bucket of packages and records.
    pub bucket: Bucket,
}

impl Environment {
    /// Opens an environment: finds its target and asks whose it is. An environment that
    /// `updraft.yaml` does not name is opened too when it names none (`dev`, `test`, `prod` need no
    /// file to begin with).
    pub async fn open(app: &Config, name: &str) -> Outcome<Self> {
        let config = match app.environments.get(name) {
            Some(config) => config.clone(),
            None if app.environments.is_empty() || name == "dev" => EnvironmentConfig::default(),
            None => {
                let known: Vec<_> = app.environments.keys().map(String::as_str).collect();
                return Err(Problem::new(
                    ExitCode::Config,
                    format!("updraft.yaml has no environment `{name}`"),
                )
                .hint(format!("it has {}", known.join(", "))));
            }
        };
        let target = Target::of(&config).map_err(no_target)?;
        let client = Client::new(target);
        let account = account(&client).await?;
        if let Some(wanted) = config.account.as_deref().filter(|wanted| *wanted != account.as_str()) {
            let message =
                format!("`{name}` belongs to account {wanted}, and the credentials are for {account}");
            return Err(Problem::new(ExitCode::Refused, message).hint("use the right profile or key"));
        }
        let stack = config.stack.clone().unwrap_or_else(|| format!("{}-{name}", app.app));
        let bucket = bucket_name(&stack, &account, &client.target().region);
        let bucket = Bucket::new(client.clone(), bucket);
        Ok(Self { name: name.to_owned(), config, client, stack, bucket })
    }

    /// Its releases.
    #[must_use]
    pub fn releases(&self) -> ReleaseStore<'_> {
        ReleaseStore::new(&self.client, &self.bucket.name)
    }
}

async fn account(client: &Client) -> Outcome<AccountId> {
    let input = sts::GetCallerIdentityRequest::default();
    let identity = client.call::<sts::ops::GetCallerIdentity>(input).await.map_err(call_failed)?;
    let account = identity.account.unwrap_or_default();
    account.parse().map_err(|_| Problem::new(ExitCode::Failure, format!("`{account}` is not an account id")))
}

fn no_target(error: TargetError) -> Problem {
    let hint = match &error {
        TargetError::Credentials(_) => {
            "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `eval $(aws configure \
             export-credentials --format env)`"
        }
        _ => "see the environment in updraft.yaml",
    };
    Problem::new(ExitCode::Config, error.to_string()).hint(hint)
}

/// What a person is told of a call that failed.
#[must_use]
pub fn call_failed(error: CallError) -> Problem {
    let (exit, hint) = match &error {
        CallError::Transport { endpoint, .. } if endpoint.contains("127.0.0.1") => {
            (ExitCode::Unreachable, Some("start the engine with `updraft serve`"))
        }
        CallError::Transport { .. } => (ExitCode::Unreachable, None),
        CallError::Refused { refusal, .. } if refusal.status == 403 => {
            (ExitCode::Refused, Some("check the credentials and their permissions"))
        }
        _ => (ExitCode::Failure, None),
    };
    let problem = Problem::new(exit, error.to_string());
    let problem = match std::error::Error::source(&error) {
        Some(cause) => problem.because(cause.to_string()),
        None => problem,
    };
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
