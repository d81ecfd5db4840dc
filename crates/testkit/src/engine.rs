//! An engine in memory with chosen services, and typed calls to it.

use std::sync::Arc;
use std::time::Duration;

use updraft_api::{Operation, Refusal};
use updraft_kernel::{
    As, AuthMode, AuthorizationRequest, Authorizer, Caller, Credentials, Decision, Engine, EngineParts,
    Error, Fault, Identified, Limits, Principal, Read, Registry, Result, ServeCx, Sessions,
};
use updraft_store::MemoryStore;
use updraft_types::{AccountId, Arn, Region, Scope, Timestamp};

use crate::{FakeHost, SeededIds, VirtualClock};

/// Builds a [`Bench`].
pub struct BenchBuilder {
    registry: Registry,
    authorizer: Option<Arc<dyn Authorizer>>,
    sessions: Option<Arc<dyn Sessions>>,
}

/// An engine under test.
pub struct Bench {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its clock.
    pub clock: Arc<VirtualClock>,
    /// Its function host.
    pub host: Arc<FakeHost>,
    /// Where its cache lives; gone with the bench.
    _folder: Folder,
}

/// A temporary folder that goes with its owner.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Bench {
    /// A bench whose services `register` adds: `Bench::with(|r| updraft_data::dynamodb::register(r))`.
    #[must_use]
    pub fn with(register: impl FnOnce(&mut Registry)) -> BenchBuilder {
        let mut registry = Registry::default();
        register(&mut registry);
        BenchBuilder { registry, authorizer: None, sessions: None }
    }

    /// A context as the account's root in `us-east-1`.
    #[must_use]
    pub fn root(&self) -> ServeCx {
        let account: AccountId = "123456789012".parse().expect("twelve digits");
        self.engine.enter(Scope::new(account, Region::us_east_1()), Caller::root(account))
    }

    /// Calls an operation as root.
    pub async fn call<Op: Operation>(&self, input: Op::Input) -> Result<Op::Output> {
        self.root().call::<Op>(As::Caller, input).await
    }

    /// Calls an operation as root and expects a refusal.
    pub async fn refused<Op: Operation>(&self, input: Op::Input) -> Refusal {
        match self.call::<Op>(input).await {
            Err(Error::Refused(refusal)) => refusal,
            Err(Error::Fault(fault)) => panic!("{}: expected a refusal, got a fault: {fault}", Op::INFO.name),
            Ok(_) => panic!("{}: expected a refusal, got an answer", Op::INFO.name),
        }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Lets jobs and waits run, leaping through virtual time, until `done` holds.
    pub async fn until(&self, mut done: impl FnMut() -> bool) {
        // Real pauses are short: they only let other tasks take their turn.
        for _ in 0..2_000 {
            if done() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            if !done() {
                self.clock.leap();
            }
        }
        panic!("what the test waits for did not come about");
    }
}

impl BenchBuilder {
    /// With an authorizer and sessions; without, root may all and nobody else anything.
    #[must_use]
    pub fn guarded(mut self, authorizer: Arc<dyn Authorizer>, sessions: Arc<dyn Sessions>) -> Self {
        self.authorizer = Some(authorizer);
        self.sessions = Some(sessions);
        self
    }

    /// Starts the engine on the present runtime.
    #[must_use]
    pub fn start(self) -> Bench {
        let clock = Arc::new(VirtualClock::default());
        let host = Arc::new(FakeHost::default());
        let unique = format!("updraft-bench-{}-{:p}", std::process::id(), Arc::as_ptr(&clock));
        let folder = Folder(std::env::temp_dir().join(unique));
        let engine = Engine::start(EngineParts {
            store: Arc::new(MemoryStore::default()),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(7)),
            authorizer: self.authorizer.unwrap_or_else(|| Arc::new(RootOnly)),
            sessions: self.sessions.unwrap_or_else(|| Arc::new(RootOnly)),
            host: host.clone(),
            registry: self.registry,
            auth: AuthMode::Development,
            root_keys: Vec::new(),
            limits: Limits::default(),
            cache_dir: folder.0.clone(),
        });
        Bench { engine, clock, host, _folder: folder }
    }
}

/// Root and services may all, roles may all, anonymous callers nothing; every role can be assumed.
struct RootOnly;

impl Authorizer for RootOnly {
    fn decide(
        &self,
        _read: &dyn Read,
        request: &AuthorizationRequest<'_>,
    ) -> std::result::Result<Decision, Fault> {
        Ok(Decision {
            allowed: request.caller.principal != Principal::Anonymous,
            decided_by: "test".to_owned(),
            message: "denied".to_owned(),
        })
    }
}

impl Sessions for RootOnly {
    fn assume_for_service(
        &self,
        _read: &dyn Read,
        role: &Arn,
        session: &str,
        _service: &str,
    ) -> Result<Caller> {
        let account = role.account().unwrap_or(AccountId::DEFAULT);
        Ok(Caller {
            principal: Principal::Role {
                role: role.clone(),
                role_id: "AROATEST".to_owned(),
                session: session.to_owned(),
                session_arn: role.clone(),
                session_policy: None,
            },
            account,
            access_key_id: None,
        })
    }

    fn issue(&self, _read: &dyn Read, _caller: &Caller, expires: Timestamp) -> Result<Credentials> {
        Ok(Credentials {
            access_key_id: "ASIATEST".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: "token".to_owned(),
            expires,
        })
    }

    fn identify(
        &self,
        _read: &dyn Read,
        _access_key_id: &str,
        _session_token: &str,
        _now: Timestamp,
    ) -> std::result::Result<Identified, Refusal> {
        Err(Refusal::new(
            "UnrecognizedClientException",
            403,
            "The security token included in the request is invalid.",
        ))
    }
}
