//! What a release does to the world: aliases, counts, the record. A trait, so that tests can end the
//! process between any two acts.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use updraft_api::lambda::{self, AliasConfiguration, AliasRoutingConfiguration};
use updraft_judge::{Interval, Weight};
use updraft_types::Timestamp;

use super::observe;
use super::record::{Release, Target};
use super::store::{ReleaseStore, Saved, StoreError};
use crate::client::{CallError, Client};

/// Where an alias points.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The version with the rest of the traffic.
    pub version: String,
    /// The other version, and its weight.
    pub canary: Option<(String, Weight)>,
}

impl Alias {
    /// Wholly on one version.
    #[must_use]
    pub fn whole(version: &str) -> Self {
        Self { version: version.to_owned(), canary: None }
    }

    /// As the API has it; weights of zero are none.
    #[must_use]
    pub fn read(alias: &AliasConfiguration) -> Self {
        let weights =
            alias.routing_config.as_ref().and_then(|routing| routing.additional_version_weights.as_ref());
        let canary = weights
            .and_then(|weights| weights.iter().find(|(_, share)| **share > 0.0))
            .map(|(version, share)| (version.clone(), Weight::from_share(*share).unwrap_or(Weight::FULL)));
        Self { version: alias.function_version.clone().unwrap_or_default(), canary }
    }

    /// In words: `version 3`, or `version 3 with 10 % on version 4`.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.canary {
            None => format!("version {}", self.version),
            Some((canary, weight)) => format!("version {} with {weight} on version {canary}", self.version),
        }
    }

    fn routing(&self) -> AliasRoutingConfiguration {
        // An empty map, not an absent one, is what takes the weights away.
        let weights: BTreeMap<_, _> =
            self.canary.iter().map(|(version, weight)| (version.clone(), weight.share())).collect();
        AliasRoutingConfiguration { additional_version_weights: Some(weights) }
    }
}

/// The acts of a release.
pub trait World: Send + Sync {
    /// Reads an alias, with its revision.
    fn alias<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(Alias, String), WorldError>>;
    /// Moves an alias, if it still has this revision.
    fn place<'a>(
        &'a self,
        target: &'a Target,
        to: &'a Alias,
        revision: &'a str,
    ) -> BoxFuture<'a, Result<(), WorldError>>;
    /// Counts each target's requests between two points in time.
    fn count<'a>(
        &'a self,
        release: &'a Release,
        weight: Weight,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Interval>, WorldError>>;
    /// Writes the record down, if no one else has since.
    fn save<'a>(&'a self, release: &'a Release, last: &'a Saved) -> BoxFuture<'a, Result<Saved, StoreError>>;
    /// Reads the record again.
    fn reload<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(Release, Saved), StoreError>>;
}

/// Why an act failed.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The alias was moved since it was read.
    #[error("the alias was moved by someone else at the same time")]
    LostRace,
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl WorldError {
    /// Whether the same act may succeed a little later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::LostRace => true,
            Self::Call(error) => error.status().is_none_or(|status| status >= 500 || status == 429),
        }
    }
}

/// The world behind the API.
pub struct ApiWorld<'c> {
    client: &'c Client,
    store: ReleaseStore<'c>,
}

impl<'c> ApiWorld<'c> {
    /// With the environment's store.
    #[must_use]
    pub fn new(client: &'c Client, store: ReleaseStore<'c>) -> Self {
        Self { client, store }
    }
}

impl World for ApiWorld<'_> {
    fn alias<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<(Alias, String), WorldError>> {
        Box::pin(async move {
            let input = lambda::GetAliasRequest {
                function_name: target.function.clone(),
                name: target.alias.clone(),
            };
            let found = self.client.call::<lambda::ops::GetAlias>(input).await?;
            Ok((Alias::read(&found), found.revision_id.unwrap_or_default()))
        })
    }

    fn place<'a>(
        &'a self,
        target: &'a Target,
        to: &'a Alias,
        revision: &'a str,
    ) -> BoxFuture<'a, Result<(), WorldError>> {
        Box::pin(async move {
            let input = lambda::UpdateAliasRequest {
                function_name: target.function.clone(),
                name: target.alias.clone(),
                function_version: Some(to.version.clone()),
                routing_config: Some(to.routing()),
                revision_id: (!revision.is_empty()).then(|| revision.to_owned()),
                ..Default::default()
            };
            match self.client.call::<lambda::ops::UpdateAlias>(input).await {
                Ok(_) => Ok(()),
                Err(error) if error.code() == Some("PreconditionFailedException") => {
                    Err(WorldError::LostRace)
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    fn count<'a>(
        &'a self,
        release: &'a Release,
        weight: Weight,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<Interval>, WorldError>> {
        Box::pin(async move {
            Ok(observe::count(self.client, &release.targets, release.source, weight, from, until).await?)
        })
    }

    fn save<'a>(&'a self, release: &'a Release, last: &'a Saved) -> BoxFuture<'a, Result<Saved, StoreError>> {
        Box::pin(self.store.save(release, last))
    }

    fn reload<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(Release, Saved), StoreError>> {
        Box::pin(self.store.load(id))
    }
}
