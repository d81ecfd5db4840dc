//! The engine: the parts plugged together, and the pipeline that calls between them pass.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::sync::watch;
use updraft_api::{ByteStream, Operation};
use updraft_types::{AccountId, Region, Scope, Timestamp};

use crate::fact::{self, Fact, FactKind};
use crate::job::Queue;
use crate::{
    Access, AuthorizationRequest, Authorizer, CallInfo, Caller, Clock, Fault, FunctionHost, Ids, Principal,
    Registry, Result, ServeCx, Sessions, Store, Target,
};

/// How callers outside are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// On loopback: any access key but a session's is the root of an account, which the key names
    /// if it has twelve digits. Sessions are verified all the same.
    Development,
    /// Every signature is verified; root keys are those of [`EngineParts::root_keys`].
    Enforce,
}

/// A long-lived key of an account's root.
#[derive(Clone)]
pub struct RootKey {
    /// The access key id.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// Whose root it is.
    pub account: AccountId,
}

/// The engine's own bounds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many calls from outside one account may have under way.
    pub calls_in_flight_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_in_flight_max: 4_096 }
    }
}

/// What an engine is made of.
pub struct EngineParts {
    /// The state.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub ids: Arc<dyn Ids>,
    /// Who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// Sessions of roles.
    pub sessions: Arc<dyn Sessions>,
    /// Where functions run.
    pub host: Arc<dyn FunctionHost>,
    /// The services.
    pub registry: Registry,
    /// How callers outside are told apart.
    pub auth: AuthMode,
    /// The root keys that [`AuthMode::Enforce`] knows.
    pub root_keys: Vec<RootKey>,
    /// The engine's bounds.
    pub limits: Limits,
    /// The folder for what can be made again.
    pub cache_dir: PathBuf,
}

/// A running engine.
pub struct Engine {
    parts: EngineParts,
    /// Facts not yet in the log.
    pending: Mutex<Vec<Fact>>,
    pub(crate) pending_changed: Notify,
    queues: HashMap<&'static str, Arc<Queue>>,
    stop: watch::Sender<bool>,
    pub(crate) in_flight: Mutex<HashMap<AccountId, usize>>,
}

/// Requests that are no AWS API calls: an HTTP API's own host name.
pub trait DataPlane: Send + Sync + 'static {
    /// Whether the request is for this data plane.
    fn claims(&self, request: &http::request::Parts) -> bool;

    /// The answer. The context belongs to nobody yet: the data plane enters the account it serves.
    fn answer<'a>(
        &'a self,
        cx: ServeCx,
        request: http::Request<ByteStream>,
    ) -> BoxFuture<'a, http::Response<ByteStream>>;
}

/// A service with work of its own that outlives the process: what it finds in its tables when the
/// engine starts, it goes on with.
pub trait AtStart: Send + Sync + 'static {
    /// Begins; the context belongs to nobody yet. What takes time is spawned.
    fn start(&self, cx: ServeCx);
}

/// How long a fact may wait in memory before it is written.
const FACTS_DELAY_MAX: Duration = Duration::from_millis(50);

/// With so many facts waiting they are written at once, and who records more writes with them.
const FACTS_PENDING_MAX: usize = 8_192;

impl Engine {
    /// Plugs an engine together and starts its background work on the present runtime.
    #[must_use]
    pub fn start(mut parts: EngineParts) -> Arc<Self> {
        parts.registry.jobs.insert(<crate::cx::CollectBlob as crate::Job>::KIND, collector());
        let queues = parts.registry.jobs.keys().map(|kind| (*kind, Arc::new(Queue::new()))).collect();
        let engine = Arc::new(Self {
            parts,
            pending: Mutex::default(),
            pending_changed: Notify::new(),
            queues,
            stop: watch::Sender::new(false),
            in_flight: Mutex::default(),
        });
        tokio::spawn(crate::job::run_due(engine.clone()));
        tokio::spawn(write_facts(engine.clone()));
        for starter in &engine.parts.registry.starters {
            let nobody =
                Caller { principal: Principal::Anonymous, account: AccountId::DEFAULT, access_key_id: None };
            starter.start(engine.enter(Scope::new(AccountId::DEFAULT, Region::us_east_1()), nobody));
        }
        engine
    }

    /// Ends the background work and the functions, and then writes the facts that wait.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        self.parts.host.shut_down().await;
        if let Err(fault) = self.settle_facts().await {
            tracing::error!(error = %crate::door::chain(&fault), "the last facts could not be written");
        }
    }

    /// Resolves when the engine stops.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as the engine, so waiting cannot fail.
        let _ = stop.wait_for(|stopped| *stopped).await;
    }

    /// The services.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.parts.registry
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    /// Ids and chance.
    #[must_use]
    pub fn ids(&self) -> &dyn Ids {
        &*self.parts.ids
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.parts.store
    }

    /// The function host.
    #[must_use]
    pub fn host(&self) -> &Arc<dyn FunctionHost> {
        &self.parts.host
    }

    pub(crate) fn parts(&self) -> &EngineParts {
        &self.parts
    }

    pub(crate) fn sessions(&self) -> &dyn Sessions {
        &*self.parts.sessions
    }

    pub(crate) fn cache_dir(&self) -> &std::path::Path {
        &self.parts.cache_dir
    }

    pub(crate) fn views(&self) -> &[Arc<dyn crate::FactView>] {
        &self.parts.registry.views
    }

    /// A context in an account and region, for work that no call began.
    #[must_use]
    pub fn enter(self: &Arc<Self>, scope: Scope, caller: Caller) -> ServeCx {
        let info = CallInfo {
            scope,
            caller: Arc::new(caller),
            request_id: self.ids().uuid().into(),
            received: self.clock().now(),
            source_ip: None,
            depth: 0,
        };
        ServeCx::new(self.clone(), info)
    }

    /// The pipeline past decoding: authorize, handle, record.
    pub async fn dispatch<Op: Operation>(
        self: &Arc<Self>,
        info: CallInfo,
        input: Op::Input,
    ) -> Result<Op::Output> {
        let begun = std::time::Instant::now();
        let mut decisions = Vec::new();
        let result = self.decide_and_run::<Op>(&info, input, &mut decisions).await;
        let error = result.as_ref().err().map(|e| e.code().to_owned());
        let kind = FactKind::ApiCall {
            caller: (*info.caller).clone(),
            service: Op::INFO.service.name.to_owned(),
            operation: Op::INFO.name.to_owned(),
            request_id: info.request_id.to_string(),
            decisions,
            error,
            micros: begun.elapsed().as_micros().try_into().unwrap_or(u64::MAX),
        };
        self.record(Fact { at: info.received, scope: info.scope, kind });
        result
    }

    async fn decide_and_run<Op: Operation>(
        self: &Arc<Self>,
        info: &CallInfo,
        input: Op::Input,
        decisions: &mut Vec<(String, String, bool, String)>,
    ) -> Result<Op::Output> {
        let endpoint = self
            .registry()
            .find::<Op>()
            .ok_or_else(|| Fault::new(format!("find a handler of {}", Op::INFO.name)))?;
        if info.caller.principal == Principal::Anonymous {
            return Err(crate::door::missing_authentication(Op::INFO).into());
        }
        for access in endpoint.access(&info.scope, &input)? {
            self.authorize(info, &access, Op::INFO, decisions)?;
        }
        endpoint.run(ServeCx::new(self.clone(), info.clone()), input).await
    }

    /// Asks the authorizer, notes the decision, and refuses where it denies.
    fn authorize(
        &self,
        info: &CallInfo,
        access: &Access,
        operation: &'static updraft_api::OperationInfo,
        decisions: &mut Vec<(String, String, bool, String)>,
    ) -> Result<()> {
        let snapshot = self.store().snapshot();
        let service = self.registry().services.get(operation.service.name);
        let mut access = access.clone();
        if let Some(service) = service
            && info.caller.principal != Principal::Root
        {
            service.complete_access(&*snapshot, &info.scope, &mut access)?;
        }
        let access = &access;
        let owner = match &access.target {
            Target::Arn(arn) if !access.makes => service.map(|service| (service, arn)),
            Target::Arn(_) | Target::Any => None,
        };
        let (resource_policy, resource_account) = match owner {
            Some((service, arn)) => (
                service.resource_policy(&*snapshot, arn)?,
                service.resource_owner(&*snapshot, arn)?.unwrap_or(info.scope.account),
            ),
            None => (None, info.scope.account),
        };
        let request = AuthorizationRequest {
            caller: &info.caller,
            access,
            resource_policy: resource_policy.as_deref(),
            resource_account,
            now: self.clock().now(),
            source_ip: info.source_ip,
        };
        let decision = self.parts.authorizer.decide(&*snapshot, &request)?;
        decisions.push((
            access.action.to_string(),
            access.target.to_string(),
            decision.allowed,
            decision.decided_by.clone(),
        ));
        if decision.allowed { Ok(()) } else { Err(crate::door::access_denied(operation, &decision).into()) }
    }

    /// Notes a fact; it is written within [`FACTS_DELAY_MAX`].
    pub(crate) fn record(&self, fact: Fact) {
        let mut pending = self.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pending.push(fact);
        if pending.len() == 1 || pending.len() >= FACTS_PENDING_MAX {
            self.pending_changed.notify_one();
        }
    }

    /// Writes every fact noted so far; resolves when they are in the log and its views.
    pub(crate) async fn settle_facts(&self) -> std::result::Result<(), Fault> {
        let facts =
            std::mem::take(&mut *self.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        // Even with none waiting, a batch taken before may not have been committed yet: the writer
        // works in order, so an empty transaction waits for it.
        let views: Vec<_> = self.views().to_vec();
        self.transact_raw(move |tx| fact::append(tx, &views, &facts)).await
    }

    /// The queues of all kinds of jobs.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (&'static str, &Arc<Queue>)> {
        self.queues.iter().map(|(kind, queue)| (*kind, queue))
    }

    /// A job has been committed; a kind that nobody runs here waits for an engine that knows it.
    pub(crate) fn job_committed(&self, kind: &str, due: Timestamp) {
        match self.queues.get(kind) {
            Some(queue) => queue.committed(due),
            None => tracing::error!(kind, "no service runs jobs of this kind"),
        }
    }

    /// Takes a place among the account's calls from outside, if one is free.
    pub(crate) fn take_place(self: &Arc<Self>, account: AccountId) -> Option<Place> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let taken = in_flight.entry(account).or_default();
        if *taken >= self.parts.limits.calls_in_flight_max {
            return None;
        }
        *taken += 1;
        Some(Place { engine: self.clone(), account })
    }
}

/// A place among an account's calls, given back when dropped.
pub(crate) struct Place {
    engine: Arc<Engine>,
    account: AccountId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut in_flight = self.engine.in_flight.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(taken) = in_flight.get_mut(&self.account) {
            *taken -= 1;
            if *taken == 0 {
                in_flight.remove(&self.account);
            }
        }
    }
}

/// Writes waiting facts, a batch at a time, until the engine stops.
async fn write_facts(engine: Arc<Engine>) {
    loop {
        tokio::select! {
            () = engine.pending_changed.notified() => {}
            () = engine.stopped() => return,
        }
        tokio::time::sleep(FACTS_DELAY_MAX).await;
        if let Err(fault) = engine.settle_facts().await {
            tracing::error!(error = %crate::door::chain(&fault), "facts could not be written");
        }
    }
}

/// The runner of the engine's own job: collecting blobs.
fn collector() -> crate::job::Runner {
    Arc::new(|cx, payload| {
        Box::pin(async move {
            let job = serde_json::from_value(payload).map_err(|e| Fault::because("read a blob job", e))?;
            cx.engine().collect_blob(job).await.map(|()| None::<(Timestamp, serde_json::Value)>)
        })
    })
}
