//! Beginning a release: which aliases move, what the old versions were like, and the first record.

use updraft_judge::{Baseline, Judge};
use updraft_types::Timestamp;

use super::observe;
use super::record::{FORMAT, Owner, Phase, Release, Source, Target};
use super::store::{ReleaseStore, Saved, StoreError};
use super::world::Alias;
use crate::client::{CallError, Client};
use crate::config::ReleaseConfig;
use crate::{ExitCode, Explain, Outcome, Problem};

/// An alias whose function has a new version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that serves.
    pub from: String,
    /// The new one.
    pub to: String,
}

/// Writes the record of a new release, as the latest of its environment.
#[expect(clippy::too_many_arguments, reason = "each is one fact of the record's first state")]
pub async fn start(
    client: &Client,
    store: ReleaseStore<'_>,
    config: &ReleaseConfig,
    environment: &str,
    commit: Option<String>,
    candidates: &[Candidate],
    owner: (String, u32),
    now: Timestamp,
) -> Outcome<(Release, Saved)> {
    let (latest, head) =
        store.latest().await.explain(ExitCode::Failure, || "cannot read the latest release".to_owned())?;
    if let Some((latest, _)) = latest.filter(|(latest, _)| !latest.is_ended()) {
        return Err(Problem::new(ExitCode::Busy, format!("release {} has not ended", latest.id))
            .hint("go on with it by `updraft deliver`, or end it with `updraft release rollback`"));
    }
    let (mut targets, mut recent_rate) = (Vec::new(), 0.0);
    for candidate in candidates {
        let looked = target(client, candidate, now).await;
        let (target, rate) =
            looked.explain(ExitCode::Failure, || format!("cannot look at {}", candidate.function))?;
        targets.push(target);
        recent_rate += rate;
    }
    let source = if client.is_engine() { Source::ENGINE } else { Source::AWS };
    let judge = Judge::new(config.policy.clone(), pooled(&targets));
    let mut release = Release {
        format: FORMAT,
        id: now.basic(),
        environment: environment.to_owned(),
        commit,
        started_at: now,
        deadline_at: now.plus(config.deadline),
        on_inconclusive: config.on_inconclusive,
        phase: Phase::Shift { to: judge.weight() },
        targets,
        source,
        recent_rate,
        cold_at: now,
        judge,
        order: None,
        owner: Owner { host: owner.0, pid: owner.1, until: now },
        log: Vec::new(),
    };
    release.owner.until = now.plus(release.lease());
    for target in &release.targets.clone() {
        let Target { function, alias, from, to, .. } = target;
        release.note(now, format!("{function}:{alias} goes from version {from} to version {to}"));
    }
    match store.begin(&release, head.as_ref()).await {
        Ok(saved) => Ok((release, saved)),
        Err(StoreError::Conflict) => Err(Problem::new(ExitCode::Busy, "another release has just begun")
            .hint("watch it with `updraft release status`")),
        Err(error) => Err(error).explain(ExitCode::Failure, || "cannot write the release down".to_owned()),
    }
}

async fn target(client: &Client, candidate: &Candidate, now: Timestamp) -> Result<(Target, f64), CallError> {
    let Candidate { function, alias, from, to } = candidate.clone();
    let (baseline, recent_rate) = observe::baseline(client, &function, &alias, now).await?;
    Ok((Target { function, alias, from, to, baseline }, recent_rate))
}

/// The old versions taken together, as the judge takes the canaries together.
fn pooled(targets: &[Target]) -> Baseline {
    Baseline {
        requests: targets.iter().map(|target| target.baseline.requests).sum(),
        errors: targets.iter().map(|target| target.baseline.errors).sum(),
        durations_ms: None,
    }
}

impl Candidate {
    /// Refuses an alias that is split without a release's record: someone's hand is on it.
    pub fn check(&self, alias: &Alias) -> Outcome<()> {
        if alias.canary.is_none() {
            return Ok(());
        }
        let name = format!("{}:{}", self.function, self.alias);
        Err(Problem::new(
            ExitCode::Busy,
            format!("{name} is at {}, and no release of updraft's did that", alias.describe()),
        )
        .hint(format!(
            "make it whole: aws lambda update-alias --function-name {} --name {} --routing-config '{{}}'",
            self.function, self.alias
        )))
    }
}
