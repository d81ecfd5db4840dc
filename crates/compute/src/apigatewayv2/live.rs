//! APIs as the data plane serves them: read once, kept until they change.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use updraft_kernel::{Read, Result};
use updraft_types::Scope;

use super::model::{Cors, Home, Integration};
use super::route::RouteKey;
use super::store::{APIS, DEPLOYMENTS, HOMES, deployment_key};

/// How many APIs are kept ready.
const KEPT_MAX: usize = 1_000;

/// An API ready to serve.
pub(crate) struct LiveApi {
    pub id: String,
    pub scope: Scope,
    pub endpoint_disabled: bool,
    pub stages: BTreeMap<String, LiveStage>,
}

/// A stage with what is deployed to it.
#[derive(Default)]
pub(crate) struct LiveStage {
    pub variables: BTreeMap<String, String>,
    pub cors: Option<Cors>,
    pub routes: Vec<(RouteKey, Option<Integration>)>,
}

/// The APIs that were asked for lately, each with the revision it was read at.
#[derive(Default)]
pub(crate) struct LiveApis(Mutex<HashMap<String, (u64, Arc<LiveApi>)>>);

impl LiveApis {
    /// The API of that id as it is now, wherever it lives.
    pub fn find(&self, read: &dyn Read, id: &str) -> Result<Option<Arc<LiveApi>>> {
        let Some(home) = HOMES.get(read, &id.to_owned())? else { return Ok(None) };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, live)) = kept.get(id).filter(|(revision, _)| *revision == home.revision) {
            return Ok(Some(live.clone()));
        }
        let Some(live) = load(read, &home, id)?.map(Arc::new) else { return Ok(None) };
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(id.to_owned(), (home.revision, live.clone()));
        Ok(Some(live))
    }
}

fn load(read: &dyn Read, home: &Home, id: &str) -> Result<Option<LiveApi>> {
    let scope = home.scope.clone();
    let Some(api) = APIS.get(read, &(scope.clone(), id.to_owned()))? else { return Ok(None) };
    let mut stages = BTreeMap::new();
    for (name, stage) in &api.stages {
        let deployment = match &stage.deployment {
            Some(id) => DEPLOYMENTS.get(read, &deployment_key(&scope, &api, id))?,
            None => None,
        };
        let (cors, routes) = deployment.map(|d| (d.cors, d.routes)).unwrap_or_default();
        stages.insert(name.clone(), LiveStage { variables: stage.variables.clone(), cors, routes });
    }
    Ok(Some(LiveApi { id: id.to_owned(), scope, endpoint_disabled: api.endpoint_disabled, stages }))
}
