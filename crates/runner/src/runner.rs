//! The runner: the function host of an engine.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use updraft_kernel::{
    Capability, Clock, ConnectionSink, Fault, FunctionHost, FunctionSpec, HostError, Ids, Invocation,
    InvocationReport, LogSink,
};

use crate::cgroup::Cgroups;
use crate::config::{FREEZE_AFTER, REAP_EVERY, RunnerConfig, STARTS_PER_CPU};
use crate::environment::{Environment, World};
use crate::instances::{Instances, Lease};
use crate::pool::Pool;
use crate::runtimes::Runtimes;
use crate::sandbox::Factory;
use crate::spawner::{Request, Spawner};
use crate::{call, doctor};

/// Why the runner could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its directory could not be made.
    #[error("failed to make the runner's directory {path}")]
    Scratch {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The spawner could not be started.
    #[error("failed to start the spawner, which builds the functions' sandboxes")]
    Spawner(#[source] std::io::Error),
    /// The machine does not let us build sandboxes.
    #[error(
        "failed to prepare sandboxes; run as root, or allow user namespaces \
         (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)"
    )]
    Sandboxes(#[source] Fault),
}

/// Runs functions in sandboxes on this machine.
pub struct Runner {
    inner: Arc<Inner>,
    janitor: JoinHandle<()>,
}

struct Inner {
    world: Arc<World>,
    instances: Arc<Instances>,
    runtimes: Arc<Runtimes>,
    capabilities: Vec<Capability>,
}

/// Tells runners of one process apart.
static RUNNERS: AtomicU32 = AtomicU32::new(0);

impl Runner {
    /// Starts the runner: its spawner, its cgroups, its janitor.
    pub async fn start(
        config: RunnerConfig,
        logs: Arc<dyn LogSink>,
        door: Arc<dyn ConnectionSink>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Arc<Self>, StartError> {
        let number = RUNNERS.fetch_add(1, Ordering::Relaxed);
        let scratch = config.scratch.join(format!("mounts-{number}"));
        fs::create_dir_all(&scratch)
            .map_err(|source| StartError::Scratch { path: scratch.clone(), source })?;
        open_more_files();
        let spawner = Spawner::start(&config.spawner, &scratch).map_err(StartError::Spawner)?;
        let probed = spawner.probe().await.map_err(StartError::Sandboxes)?;
        let mark = format!("updraft.{}.{number}", std::process::id());
        let cgroups = Cgroups::set_up(&mark);
        spawner.tell(Request::OwnCgroups(cgroups.roots()));
        let capabilities = doctor::isolation(&probed, &cgroups);
        for missing in capabilities.iter().filter(|part| !part.holds) {
            tracing::warn!(
                part = missing.name,
                detail = missing.detail,
                "functions run without a part of isolation"
            );
        }
        let factory = Arc::new(Factory::new(spawner, cgroups, config.door_port));
        let pool = Pool::new(Arc::clone(&factory), config.prepared, config.started);
        let instances = Arc::new(Instances::new(config.environments_max, config.queue_max));
        let janitor = tokio::spawn(tidy(Arc::clone(&instances), Arc::clone(&clock), config.idle_max));
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let world = World {
            factory,
            pool,
            logs,
            door,
            clock,
            ids,
            door_port: config.door_port,
            starts: Semaphore::new(STARTS_PER_CPU * cpus),
        };
        let inner = Inner {
            world: Arc::new(world),
            instances,
            runtimes: Arc::new(Runtimes::default()),
            capabilities,
        };
        Ok(Arc::new(Self { inner: Arc::new(inner), janitor }))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.janitor.abort();
        // The environments hold what holds them; this ends the idle ones.
        self.inner.instances.close();
    }
}

impl Inner {
    async fn invoke(
        &self,
        spec: Arc<FunctionSpec>,
        invocation: Invocation,
    ) -> Result<InvocationReport, HostError> {
        let runtime = self.find_runtime(&spec.runtime).await?;
        let lease = self.instances.acquire(&spec, self.world.clock.now()).await?;
        lease.wake();
        let (mut environment, epoch) = match lease {
            Lease::Warm(environment, epoch) => (environment, epoch),
            Lease::New(ticket, epoch) => {
                let world = Arc::clone(&self.world);
                let credentials = invocation.credentials.clone();
                open_to_functions(&spec);
                let environment = Environment::new(world, Arc::clone(&spec), runtime, credentials, ticket);
                (Box::new(environment), epoch)
            }
        };
        let report = call::run(&mut environment, &invocation).await?;
        if invocation.end_after_failure && report.function_error.is_some() {
            drop(environment);
        } else {
            self.instances.release(environment, epoch);
        }
        Ok(report)
    }

    async fn find_runtime(&self, name: &str) -> Result<Arc<crate::runtimes::Runtime>, HostError> {
        if let Some(runtime) = self.runtimes.known(name) {
            return Ok(runtime);
        }
        // Asks programs for their versions: not on a thread that serves others.
        let (runtimes, name) = (Arc::clone(&self.runtimes), name.to_owned());
        let found = tokio::task::spawn_blocking(move || runtimes.find(&name)).await;
        found.map_err(|error| Fault::because("look for a runtime", error))?
    }
}

/// Allows this process as many open files as it may have: every environment takes eight, and the
/// usual limit of 1,024 is a relic. Functions have a limit of their own.
fn open_more_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files could not be raised; many functions may not run at once");
    }
}

/// Lets the function's own uid enter the directory of its code, as on Lambda. What is below has the
/// modes of the package, which count there, too.
fn open_to_functions(spec: &FunctionSpec) {
    use std::os::unix::fs::PermissionsExt;
    for directory in [&spec.code].into_iter().chain(&spec.layers) {
        let Ok(metadata) = fs::metadata(directory) else { continue };
        let mode = metadata.permissions().mode();
        if mode & 0o005 != 0o005 {
            let opened = fs::set_permissions(directory, fs::Permissions::from_mode(mode | 0o555));
            if let Err(error) = opened {
                tracing::warn!(path = %directory.display(), %error, "functions cannot read their code");
            }
        }
    }
}

impl FunctionHost for Runner {
    fn invoke(
        &self,
        spec: Arc<FunctionSpec>,
        invocation: Invocation,
    ) -> BoxFuture<'_, Result<InvocationReport, HostError>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(GoesOn(Some(Box::pin(async move { inner.invoke(spec, invocation).await }))))
    }

    fn retire(&self, instance_key: &str) {
        self.inner.instances.retire(instance_key);
    }

    fn environments(&self, instance_key: &str) -> usize {
        self.inner.instances.count(instance_key)
    }

    fn capabilities(&self) -> Vec<Capability> {
        self.inner.capabilities.clone()
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let instances = &self.inner.instances;
            instances.close();
            self.inner.world.pool.close().await;
            self.inner.world.factory.end_all();
            while instances.live() > 0 {
                instances.something_freed().await;
            }
        })
    }
}

/// A call that goes on when its caller stops waiting: a function is not stopped halfway because a
/// client has hung up.
struct GoesOn(Option<BoxFuture<'static, Result<InvocationReport, HostError>>>);

impl Future for GoesOn {
    type Output = Result<InvocationReport, HostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.0 else { return Poll::Pending };
        let polled = call.poll_unpin(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for GoesOn {
    fn drop(&mut self) {
        if let (Some(call), Ok(handle)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            handle.spawn(call);
        }
    }
}

/// Freezes and reaps environments, for as long as the runner lives.
async fn tidy(instances: Arc<Instances>, clock: Arc<dyn Clock>, idle_max: std::time::Duration) {
    loop {
        let awake = instances.tend(FREEZE_AFTER, idle_max);
        let pause = clock.sleep_until(clock.now().plus(if awake { FREEZE_AFTER } else { REAP_EVERY }));
        if awake {
            pause.await;
        } else {
            futures::future::select(std::pin::pin!(instances.rested.notified()), pause).await;
        }
    }
}
