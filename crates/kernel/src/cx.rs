//! What a handler holds: its view of the state, who called, the time, and ways to act.

use std::net::IpAddr;
use std::sync::Arc;

use updraft_api::value::Members;
use updraft_api::{Operation, OperationInfo};
use updraft_types::{AccountId, Region, Scope, Timestamp};

use crate::engine::Engine;
use crate::fact::{self, Fact, FactKind};
use crate::job::{self, Job};
use crate::store::{Blobs, Outcome, Read, Scan, Tx};
use crate::{As, BlobId, Caller, Credentials, Error, Fault, FunctionHost, Ids, Result, Table};

/// What is known of a call before its handler runs.
#[derive(Debug, Clone)]
pub struct CallInfo {
    /// The account and region the call is for.
    pub scope: Scope,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The request's id.
    pub request_id: Arc<str>,
    /// When the call came in.
    pub received: Timestamp,
    /// The caller's address, where there is one.
    pub source_ip: Option<IpAddr>,
    /// How many calls stand above this one; bounded, so that no circle of calls runs for ever.
    pub depth: u8,
}

impl CallInfo {
    /// The account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.scope.account
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.scope.region
    }
}

/// A snapshot to read from: what a [`Query`](crate::Query) gets. It is itself a [`Read`].
pub struct View<'a> {
    pub(crate) read: &'a dyn Read,
    pub(crate) info: &'a CallInfo,
    pub(crate) engine: &'a Arc<Engine>,
}

impl View<'_> {
    /// The call.
    #[must_use]
    pub fn info(&self) -> &CallInfo {
        self.info
    }

    /// The account and region the call is for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.info.scope
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }
}

impl Read for View<'_> {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<bytes::Bytes>, Fault> {
        self.read.get(key)
    }

    fn scan(
        &self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> std::ops::ControlFlow<()>,
    ) -> std::result::Result<(), Fault> {
        self.read.scan(scan, visit)
    }
}

/// A transaction and the means to decide in it: what a [`Handle`](crate::Handle) gets. It is
/// itself a [`Tx`]. Everything done through it happens with the commit, or not at all.
pub struct Cx<'a> {
    tx: &'a mut dyn Tx,
    info: &'a CallInfo,
    engine: &'a Arc<Engine>,
    facts: Vec<Fact>,
    /// The jobs written here: their kinds and when they are due.
    scheduled: Vec<(&'static str, Timestamp)>,
}

/// How many records refer to a blob.
const BLOB_USES: Table<BlobId, u64> = Table::new("kernel.blob_uses");

impl Cx<'_> {
    /// The call.
    #[must_use]
    pub fn info(&self) -> &CallInfo {
        self.info
    }

    /// The account and region the call is for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.info.scope
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// Ids and chance.
    #[must_use]
    pub fn ids(&self) -> &dyn Ids {
        self.engine.ids()
    }

    /// Records that something happened in this call's account and region.
    pub fn emit(&mut self, kind: FactKind) {
        self.facts.push(Fact { at: self.now(), scope: self.info.scope.clone(), kind });
    }

    /// Has `job` run at `at` or soon after, in this call's account and region.
    pub fn schedule<J: Job>(&mut self, at: Timestamp, job: &J) -> std::result::Result<(), Fault> {
        let id = self.ids().uuid();
        self.scheduled.push((J::KIND, at));
        job::schedule(self.tx, at, id, &self.info.scope, job)
    }

    /// Says that one more record refers to the blob.
    pub fn retain_blob(&mut self, id: BlobId) -> std::result::Result<(), Fault> {
        let uses = BLOB_USES.get(self.tx, &id)?.unwrap_or(0);
        BLOB_USES.put(self.tx, &id, &(uses + 1))
    }

    /// Says that one record less refers to the blob. With the last one gone, the blob goes too.
    pub fn release_blob(&mut self, id: BlobId) -> std::result::Result<(), Fault> {
        match BLOB_USES.get(self.tx, &id)?.unwrap_or(0) {
            0 | 1 => {
                BLOB_USES.delete(self.tx, &id);
                let at = self.now();
                self.schedule(at, &CollectBlob { id })
            }
            uses => BLOB_USES.put(self.tx, &id, &(uses - 1)),
        }
    }
}

impl Read for Cx<'_> {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<bytes::Bytes>, Fault> {
        self.tx.get(key)
    }

    fn scan(
        &self,
        scan: &Scan,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> std::ops::ControlFlow<()>,
    ) -> std::result::Result<(), Fault> {
        self.tx.scan(scan, visit)
    }
}

impl Tx for Cx<'_> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.tx.put(key, value);
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.tx.delete(key);
    }
}

/// Removes a blob that no record refers to any more.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct CollectBlob {
    id: BlobId,
}

impl Job for CollectBlob {
    const KIND: &'static str = "kernel.collect_blob";
}

/// The async context: what a [`Serve`](crate::Serve) handler, a job and a data plane hold.
#[derive(Clone)]
pub struct ServeCx {
    engine: Arc<Engine>,
    info: CallInfo,
}

/// How deep calls may nest: an invocation that calls a service that invokes, and so on.
const DEPTH_MAX: u8 = 16;

impl ServeCx {
    pub(crate) fn new(engine: Arc<Engine>, info: CallInfo) -> Self {
        Self { engine, info }
    }

    pub(crate) fn set_source_ip(&mut self, address: Option<IpAddr>) {
        self.info.source_ip = address;
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The call.
    #[must_use]
    pub fn info(&self) -> &CallInfo {
        &self.info
    }

    /// The account and region the call is for.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.info.scope
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.engine.clock().now()
    }

    /// Ids and chance.
    #[must_use]
    pub fn ids(&self) -> &dyn Ids {
        self.engine.ids()
    }

    /// Waits until the clock shows `at`.
    pub async fn sleep_until(&self, at: Timestamp) {
        self.engine.clock().sleep_until(at).await;
    }

    /// The bodies beside the records.
    #[must_use]
    pub fn blobs(&self) -> Arc<dyn Blobs> {
        self.engine.store().blobs()
    }

    /// The function host.
    #[must_use]
    pub fn host(&self) -> &Arc<dyn FunctionHost> {
        self.engine.host()
    }

    /// The engine's folder for what can be made again, such as unpacked code.
    #[must_use]
    pub fn cache_dir(&self) -> &std::path::Path {
        self.engine.cache_dir()
    }

    /// Reads on a snapshot taken now.
    pub fn view<R>(&self, read: impl FnOnce(&View<'_>) -> R) -> R {
        let snapshot = self.engine.store().snapshot();
        read(&View { read: &*snapshot, info: &self.info, engine: &self.engine })
    }

    /// Runs `work` in a write transaction; resolves when its commit is durable.
    pub async fn transact<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&mut Cx<'_>) -> Result<R> + Send + 'static,
    {
        self.engine.transact(self.info.clone(), work).await
    }

    /// Calls another service's operation, through the whole pipeline.
    pub async fn call<Op: Operation>(&self, who: As, input: Op::Input) -> Result<Op::Output> {
        self.call_in::<Op>(who, self.info.scope.clone(), input).await
    }

    /// The same, in another account or region.
    pub async fn call_in<Op: Operation>(
        &self,
        who: As,
        scope: Scope,
        input: Op::Input,
    ) -> Result<Op::Output> {
        let info = self.deeper(who, scope, Op::INFO.name)?;
        self.engine.dispatch::<Op>(info, input).await
    }

    /// The table of an operation that the engine has, by our name of its service.
    #[must_use]
    pub fn operation(&self, service: &str, operation: &str) -> Option<&'static OperationInfo> {
        let service = self.engine.registry().services.get(service)?.info();
        let endpoint =
            self.engine.registry().wire.get(&(service.name, service.operation(operation)?.name))?;
        Some(endpoint.info())
    }

    /// The wire facts of a service that the engine has, by our name of it.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&'static updraft_api::ServiceInfo> {
        Some(self.engine.registry().services.get(name)?.info())
    }

    /// Calls an operation that is known by name only, through the whole pipeline.
    pub async fn call_named(
        &self,
        who: As,
        scope: Scope,
        operation: &'static OperationInfo,
        input: Members,
    ) -> Result<Members> {
        let info = self.deeper(who, scope, operation.name)?;
        let endpoint = self.engine.registry().wire.get(&(operation.service.name, operation.name)).cloned();
        let endpoint = endpoint.ok_or_else(|| Fault::new(format!("find a handler of {}", operation.name)))?;
        updraft_api::wire::check_input(operation, &input)?;
        endpoint.call(&self.engine, info, input).await
    }

    /// How callers outside are told apart.
    #[must_use]
    pub fn auth_mode(&self) -> crate::AuthMode {
        self.engine.parts().auth
    }

    /// A call from within this one.
    fn deeper(&self, who: As, scope: Scope, operation: &str) -> Result<CallInfo> {
        if self.info.depth >= DEPTH_MAX {
            return Err(Fault::new(format!("call {operation}: calls nest too deep")).into());
        }
        Ok(CallInfo {
            scope,
            caller: Arc::new(self.resolve(who)?),
            request_id: self.ids().uuid().into(),
            received: self.now(),
            source_ip: None,
            depth: self.info.depth + 1,
        })
    }

    /// The caller that `who` stands for, if it may be.
    pub fn resolve(&self, who: As) -> Result<Caller> {
        match who {
            As::Caller => Ok((*self.info.caller).clone()),
            As::Principal(caller) => Ok(caller),
            As::Service { name, source } => Ok(Caller::service(name, self.info.scope.account, source)),
            As::Role { role, session, service } => {
                self.view(|view| self.engine.sessions().assume_for_service(view, &role, &session, service))
            }
        }
    }

    /// Credentials for a session of a role.
    pub fn credentials(&self, caller: &Caller, expires: Timestamp) -> Result<Credentials> {
        self.view(|view| self.engine.sessions().issue(view, caller, expires))
    }

    /// The same context for another principal and scope, one call deeper.
    #[must_use]
    pub fn enter(&self, scope: Scope, caller: Caller) -> Self {
        let info = CallInfo { scope, caller: Arc::new(caller), ..self.info.clone() };
        Self { engine: self.engine.clone(), info }
    }

    /// Records that something happened, soon and not waited for.
    pub fn emit(&self, kind: FactKind) {
        self.engine.record(Fact { at: self.now(), scope: self.info.scope.clone(), kind });
    }

    /// Waits until every fact recorded so far is in the log and in its views.
    pub async fn settle_facts(&self) -> Result<()> {
        Ok(self.engine.settle_facts().await?)
    }

    /// The newest facts of the log, newest first, until `visit` breaks.
    pub fn facts(&self, visit: impl FnMut(Fact) -> std::ops::ControlFlow<()>) -> Result<()> {
        Ok(fact::newest(&*self.engine.store().snapshot(), visit)?)
    }

    /// Runs a future that outlives this call. What must survive a crash is a job instead.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(future);
    }
}

impl Engine {
    /// Runs `work` in a write transaction for the call `info`.
    pub(crate) async fn transact<R, F>(self: &Arc<Self>, info: CallInfo, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: FnOnce(&mut Cx<'_>) -> Result<R> + Send + 'static,
    {
        let (send, receive) = tokio::sync::oneshot::channel();
        let engine = self.clone();
        self.store().submit(Box::new(move |tx| {
            let mut cx = Cx { tx, info: &info, engine: &engine, facts: Vec::new(), scheduled: Vec::new() };
            let result = work(&mut cx).and_then(|output| {
                fact::append(cx.tx, engine.views(), &cx.facts)?;
                Ok(output)
            });
            let scheduled = cx.scheduled;
            match result {
                Ok(output) => Outcome::Commit(Box::new(move |committed| {
                    if committed.is_ok() {
                        scheduled.iter().for_each(|(kind, due)| engine.job_committed(kind, *due));
                    }
                    // Nobody waits any more when the caller hung up; the commit stands all the same.
                    let _ = send.send(committed.map(|()| output).map_err(Error::from));
                })),
                Err(error) => Outcome::Abort(Box::new(move |_| {
                    let _ = send.send(Err(error));
                })),
            }
        }));
        receive.await.unwrap_or_else(|_| Err(Fault::new("run a handler: it panicked").into()))
    }

    /// Runs `work` in a write transaction outside any call.
    pub(crate) async fn transact_raw<F>(&self, work: F) -> std::result::Result<(), Fault>
    where
        F: FnOnce(&mut dyn Tx) -> std::result::Result<(), Fault> + Send + 'static,
    {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.store().submit(Box::new(move |tx| match work(tx) {
            Ok(()) => Outcome::Commit(Box::new(move |committed| drop(send.send(committed)))),
            Err(fault) => Outcome::Abort(Box::new(move |_| drop(send.send(Err(fault))))),
        }));
        receive.await.unwrap_or_else(|_| Err(Fault::new("run a transaction: it panicked")))
    }

    /// Removes a blob that nothing refers to.
    pub(crate) async fn collect_blob(self: &Arc<Self>, job: CollectBlob) -> Result<()> {
        Ok(self.remove_unused(job.id).await?)
    }

    /// Removes the blobs that no record refers to: bodies that were written just before a crash.
    pub(crate) async fn collect_orphans(self: &Arc<Self>) -> std::result::Result<(), Fault> {
        for id in self.store().blobs().all().await? {
            if !BLOB_USES.contains(&*self.store().snapshot(), &id)? {
                self.remove_unused(id).await?;
            }
        }
        Ok(())
    }

    async fn remove_unused(self: &Arc<Self>, id: BlobId) -> std::result::Result<(), Fault> {
        let engine = self.clone();
        let in_use = move || BLOB_USES.contains(&*engine.store().snapshot(), &id);
        self.store().blobs().remove(id, Box::new(in_use)).await
    }
}
