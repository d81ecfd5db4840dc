//! Plugs the engine together: store, runner, services and gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use updraft_compute::Origin;
use updraft_compute::lambda::FunctionLogs;
use updraft_control::iam::PolicyAuthorizer;
use updraft_control::sts::{EngineKey, RoleSessions};
use updraft_delivery::{ExitCode, Outcome, Problem};
use updraft_gateway::{Bound, Gateway, Listening};
use updraft_kernel::{AuthMode, ConnectionSink, Engine, EngineParts, Ids, Limits, Registry, RootKey};
use updraft_runner::{Runner, RunnerConfig};
use updraft_store::{DiskOptions, DiskStore};
use updraft_types::{AccountId, Arn};

use crate::world::{SystemClock, SystemIds};

/// What an engine is started with.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The folder that holds all state.
    pub data: PathBuf,
    /// How callers outside are told apart.
    pub auth: AuthMode,
}

/// An engine that listens.
pub struct RunningEngine {
    engine: Arc<Engine>,
    logs: Arc<FunctionLogs>,
    listening: Listening,
    root_key_file: Option<PathBuf>,
}

/// Where state lives unless told otherwise: `$XDG_DATA_HOME/updraft`, or `~/.local/share/updraft`.
pub fn default_data_dir() -> Outcome<PathBuf> {
    let named =
        |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = named("XDG_DATA_HOME").or_else(|| Some(named("HOME")?.join(".local/share")));
    base.map(|base| base.join("updraft")).ok_or_else(|| {
        Problem::new(ExitCode::Usage, "there is no home folder to keep the state in")
            .hint("name one with --data DIR")
    })
}

/// Starts an engine on the present runtime.
pub async fn start(options: EngineOptions) -> anyhow::Result<RunningEngine> {
    let EngineOptions { listen, data, auth } = options;
    std::fs::create_dir_all(&data).with_context(|| format!("failed to create {}", data.display()))?;
    restrict(&data)?;
    // The address comes first: it may be taken, and a free port must be known to the services.
    let bound = Bound::take(listen).await?;
    let store =
        DiskStore::open(&data.join("store"), DiskOptions::default()).context("failed to open the store")?;
    let store = Arc::new(store);
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds::default()));
    let (root_keys, root_key_file) = match auth {
        AuthMode::Development => (Vec::new(), None),
        AuthMode::Enforce => {
            let path = data.join("root-key");
            (vec![root_key(&path, &*ids)?], Some(path))
        }
    };
    let key = EngineKey::open(&*store, &*ids).await.context("failed to open the engine's key")?;
    let sessions = Arc::new(RoleSessions::new(key, ids.clone()));
    let logs = FunctionLogs::new();
    let door = Arc::new(LateDoor::default());
    let runner = Runner::start(
        RunnerConfig::new(data.join("run")),
        logs.clone(),
        door.clone(),
        clock.clone(),
        ids.clone(),
    )
    .await
    .context("failed to start the function host")?;
    let origin = Origin::new("http", &public_host(listen.ip()), bound.address().port());
    let engine = Engine::start(EngineParts {
        store,
        clock,
        ids,
        authorizer: Arc::new(PolicyAuthorizer::new()),
        sessions: sessions.clone(),
        host: runner,
        registry: registry(origin, logs.clone(), sessions),
        auth,
        root_keys,
        limits: Limits::default(),
        cache_dir: data.join("cache"),
    });
    logs.attach(&engine);
    let gateway = Gateway::new(engine.clone());
    door.open(gateway.clone());
    let listening = gateway.listen(bound);
    Ok(RunningEngine { engine, logs, listening, root_key_file })
}

/// Every service of the engine. A new one is one line here.
pub fn registry(origin: Origin, logs: Arc<FunctionLogs>, sessions: Arc<RoleSessions>) -> Registry {
    let mut registry = Registry::default();
    updraft_control::iam::register(&mut registry);
    updraft_control::sts::register(&mut registry, sessions);
    updraft_observe::logs::register(&mut registry);
    updraft_observe::cloudwatch::register(&mut registry);
    updraft_data::s3::register(&mut registry);
    updraft_data::dynamodb::register(&mut registry);
    updraft_compute::lambda::register(&mut registry, origin.clone(), logs);
    updraft_compute::apigatewayv2::register(&mut registry, origin);
    updraft_flow::states::register(&mut registry);
    updraft_stacks::cloudformation::register(&mut registry);
    registry
}

impl RunningEngine {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// The file with the root key that [`AuthMode::Enforce`] asks for.
    #[must_use]
    pub fn root_key_file(&self) -> Option<&Path> {
        self.root_key_file.as_deref()
    }

    /// Serves until `stop` resolves, then ends everything in order.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        self.listening.run(stop).await;
        self.engine.stop().await;
        // Functions print to their very end; the door serves until the process is gone.
        self.logs.flush().await;
    }
}

/// The door as the runner sees it before the gateway exists.
#[derive(Default)]
struct LateDoor(OnceLock<Gateway>);

impl LateDoor {
    fn open(&self, gateway: Gateway) {
        // A second gateway would be a bug of `start`, which makes one.
        let _ = self.0.set(gateway);
    }
}

impl ConnectionSink for LateDoor {
    fn accept(&self, connection: std::net::TcpStream, function: Arn) {
        if let Some(gateway) = self.0.get() {
            gateway.accept(connection, function);
        }
    }
}

/// The name by which callers reach the address: on loopback `localhost`, whose subdomains resolve
/// there without any set-up.
fn public_host(address: IpAddr) -> String {
    match address {
        address if address.is_loopback() => "localhost".to_owned(),
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => "localhost".to_owned(),
        other => other.to_string(),
    }
}

/// State is its owner's alone.
fn restrict(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
        .with_context(|| format!("failed to restrict {}", folder.display()))
}

/// The root's long-lived key: made once, kept in a file that only its owner can read.
fn root_key(path: &Path, ids: &dyn Ids) -> anyhow::Result<RootKey> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let parse = |text: &str| {
        let (id, secret) = text.trim().split_once(' ')?;
        Some((id.to_owned(), secret.to_owned()))
    };
    let (access_key_id, secret_access_key) = match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).with_context(|| format!("{} does not hold a key", path.display()))?,
        Err(_) => {
            let id = format!("AKIA{}", ids.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16));
            let secret = ids.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+", 40);
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .with_context(|| format!("failed to create {}", path.display()))?;
            writeln!(file, "{id} {secret}")
                .and_then(|()| file.sync_all())
                .context("failed to write the root key")?;
            (id, secret)
        }
    };
    Ok(RootKey { access_key_id, secret_access_key, account: AccountId::DEFAULT })
}
