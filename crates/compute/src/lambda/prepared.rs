//! What every call of a version needs and few calls change: its environment's specification and the
//! credentials of its role. Kept for a while, as Lambda keeps them with the environment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use updraft_kernel::{As, Credentials, Error, FunctionSpec, Result, ServeCx};
use updraft_types::Timestamp;

use super::invoke::Call;
use super::model::Version;
use super::{Shared, refusals, show};

/// How long the credentials of an environment are good: a role session's usual longest.
const CREDENTIALS_GOOD_FOR: Duration = Duration::from_secs(12 * 3_600);

/// After this the role is asked again whether Lambda may still assume it. What the role may do is
/// decided at each of the function's calls, so only a changed trust policy waits for it.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// How many versions are kept.
const VERSIONS_MAX: usize = 10_000;

/// A version made ready to be called.
#[derive(Clone)]
pub(crate) struct Prepared {
    /// What its environments are like.
    pub spec: Arc<FunctionSpec>,
    /// For a fresh environment.
    pub credentials: Credentials,
    until: Timestamp,
}

/// The versions called lately, by instance: another configuration is another instance.
#[derive(Default)]
pub(crate) struct PreparedVersions(Mutex<HashMap<String, Prepared>>);

impl PreparedVersions {
    /// The version made ready, now or lately.
    pub async fn find(
        &self,
        shared: &Shared,
        cx: &ServeCx,
        call: &Call,
        version: &Version,
    ) -> Result<Prepared> {
        let kept = self.lock().get(&version.instance).cloned();
        if let Some(kept) = kept.filter(|kept| cx.now() < kept.until && kept.spec.code.is_dir()) {
            return Ok(kept);
        }
        let prepared = prepare(shared, cx, call, version).await?;
        let mut all = self.lock();
        if all.len() >= VERSIONS_MAX {
            all.retain(|_, kept| cx.now() < kept.until);
        }
        if all.len() < VERSIONS_MAX {
            all.insert(version.instance.clone(), prepared.clone());
        }
        Ok(prepared)
    }

    /// Forgets instances that are gone.
    pub fn forget(&self, instances: &[String]) {
        let mut all = self.lock();
        for instance in instances {
            all.remove(instance);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Prepared>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn prepare(shared: &Shared, cx: &ServeCx, call: &Call, version: &Version) -> Result<Prepared> {
    let session = As::Role {
        role: version.role.clone(),
        session: call.target.name.to_string(),
        service: "lambda.amazonaws.com",
    };
    let role_session = cx.resolve(session).map_err(|error| match error {
        Error::Refused(_) => refusals::role_not_assumable().into(),
        fault => fault,
    })?;
    let credentials = cx.credentials(&role_session, cx.now().plus(CREDENTIALS_GOOD_FOR))?;
    shared.logs.know(&version.instance, &version.role);
    let spec = FunctionSpec {
        instance_key: version.instance.clone(),
        function: call.target.function_arn(),
        name: call.target.name.to_string(),
        version: version.qualifier.to_string(),
        account: call.target.scope.account,
        region: call.target.scope.region.clone(),
        runtime: version.runtime.clone(),
        handler: version.handler.clone(),
        code: shared.code.folder(cx, &version.code).await?,
        layers: Vec::new(),
        environment: version.environment.clone().unwrap_or_default(),
        memory_mib: version.memory_mib,
        timeout: Duration::from_secs(version.timeout_secs.into()),
        ephemeral_mib: version.ephemeral_mib,
        log_group: show::log_group(&call.target.name, version),
    };
    Ok(Prepared { spec: Arc::new(spec), credentials, until: cx.now().plus(KEPT_FOR) })
}
