//! Which service answers which operation, runs which job and derives which view.
//!
//! [`register_service!`](crate::register_service) plugs a service in; it names every listed
//! operation, so a listed operation without a handler does not compile.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use updraft_api::Operation;
use updraft_types::Scope;

use crate::door::WireEndpoint;
use crate::engine::{AtStart, DataPlane};
use crate::job::{self, Job, RunJob};
use crate::{Access, FactView, Handle, Query, Result, Serve, ServeCx, Service};

/// What the engine is composed of.
#[derive(Default)]
pub struct Registry {
    pub(crate) services: HashMap<&'static str, Arc<dyn Service>>,
    typed: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    pub(crate) wire: HashMap<(&'static str, &'static str), Arc<dyn WireEndpoint>>,
    pub(crate) jobs: HashMap<&'static str, job::Runner>,
    pub(crate) views: Vec<Arc<dyn FactView>>,
    pub(crate) data_planes: Vec<Arc<dyn DataPlane>>,
    pub(crate) starters: Vec<Arc<dyn AtStart>>,
}

/// One operation of one service, its kind forgotten.
pub(crate) trait Endpoint<Op: Operation>: Send + Sync {
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>>;
    fn run(&self, cx: ServeCx, input: Op::Input) -> BoxFuture<'_, Result<Op::Output>>;
}

impl Registry {
    /// Adds a service; its operations follow.
    pub fn service(&mut self, service: Arc<dyn Service>) {
        self.services.insert(service.info().name, service);
    }

    /// Adds an operation that reads.
    pub fn query<S: Query<Op>, Op: Operation>(&mut self, service: &Arc<S>) {
        self.endpoint::<Op>(Arc::new(Querying(service.clone())));
    }

    /// Adds an operation that writes.
    pub fn handle<S: Handle<Op>, Op: Operation>(&mut self, service: &Arc<S>) {
        self.endpoint::<Op>(Arc::new(Handling(service.clone())));
    }

    /// Adds an operation that streams, waits or calls.
    pub fn serve<S: Serve<Op>, Op: Operation>(&mut self, service: &Arc<S>) {
        self.endpoint::<Op>(Arc::new(Serving(service.clone())));
    }

    /// Adds a kind of job.
    pub fn job<S: RunJob<J>, J: Job>(&mut self, service: &Arc<S>) {
        self.jobs.insert(J::KIND, job::runner::<S, J>(service.clone()));
    }

    /// Adds a view of the event log.
    pub fn view(&mut self, view: Arc<dyn FactView>) {
        self.views.push(view);
    }

    /// Adds a data plane: requests that are no AWS API calls.
    pub fn data_plane(&mut self, data_plane: Arc<dyn DataPlane>) {
        self.data_planes.push(data_plane);
    }

    /// Adds work that a service goes on with when the engine starts.
    pub fn at_start(&mut self, starter: Arc<dyn AtStart>) {
        self.starters.push(starter);
    }

    /// The services' names, sorted.
    pub fn services(&self) -> impl Iterator<Item = &'static str> {
        let mut names: Vec<_> = self.services.keys().copied().collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// Every operation that has a handler, as (service, operation), sorted.
    #[must_use]
    pub fn operations(&self) -> Vec<(&'static str, &'static str)> {
        let mut all: Vec<_> = self.wire.keys().copied().collect();
        all.sort_unstable();
        all
    }

    fn endpoint<Op: Operation>(&mut self, endpoint: Arc<dyn Endpoint<Op>>) {
        self.wire.insert((Op::INFO.service.name, Op::INFO.name), crate::door::wire_endpoint::<Op>());
        self.typed.insert(TypeId::of::<Op>(), Box::new(endpoint));
    }

    /// The endpoint of an operation.
    pub(crate) fn find<Op: Operation>(&self) -> Option<&Arc<dyn Endpoint<Op>>> {
        self.typed.get(&TypeId::of::<Op>())?.downcast_ref()
    }
}

struct Querying<S>(Arc<S>);

impl<S: Query<Op>, Op: Operation> Endpoint<Op> for Querying<S> {
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>> {
        self.0.access(scope, input)
    }

    fn run(&self, cx: ServeCx, input: Op::Input) -> BoxFuture<'_, Result<Op::Output>> {
        Box::pin(async move { cx.view(|view| self.0.query(view, input)) })
    }
}

struct Handling<S>(Arc<S>);

impl<S: Handle<Op>, Op: Operation> Endpoint<Op> for Handling<S> {
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>> {
        self.0.access(scope, input)
    }

    fn run(&self, cx: ServeCx, input: Op::Input) -> BoxFuture<'_, Result<Op::Output>> {
        let service = self.0.clone();
        Box::pin(async move { cx.transact(move |cx| service.handle(cx, input)).await })
    }
}

struct Serving<S>(Arc<S>);

impl<S: Serve<Op>, Op: Operation> Endpoint<Op> for Serving<S> {
    fn access(&self, scope: &Scope, input: &Op::Input) -> Result<Vec<Access>> {
        self.0.access(scope, input)
    }

    fn run(&self, cx: ServeCx, input: Op::Input) -> BoxFuture<'_, Result<Op::Output>> {
        Box::pin(self.0.serve(cx, input))
    }
}

/// Registers a service with every operation its `operations.toml` lists:
/// `register_service!(registry, service, for_each_lambda_operation, updraft_api::lambda::ops)`.
#[macro_export]
macro_rules! register_service {
    ($registry:expr, $service:expr, $for_each:ident, $($ops:ident)::+) => {{
        let registry: &mut $crate::Registry = $registry;
        let service = $service;
        registry.service(service.clone());
        use $crate::__register_operations;
        updraft_api::$for_each!(__register_operations registry, service, ($($ops)::+));
    }};
}

/// The callback of [`register_service!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __register_operations {
    ($registry:ident, $service:ident, $ops:tt; $($kind:ident $op:ident;)*) => {
        $( $crate::__register_operation!($registry, $service, $ops, $kind, $op); )*
    };
}

/// One operation of [`register_service!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __register_operation {
    ($registry:ident, $service:ident, ($($ops:ident)::+), $kind:ident, $op:ident) => {
        $registry.$kind::<_, $($ops)::+::$op>(&$service)
    };
}
