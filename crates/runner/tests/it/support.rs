//! A runner with what a test wants to know of it.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use updraft_kernel::{
    Clock, ConnectionSink, Credentials, FunctionHost, FunctionSpec, Ids, Invocation, InvocationReport,
    LogSink,
};
use updraft_runner::{Runner, RunnerConfig, SpawnerProgram};
use updraft_types::{Arn, Timestamp};

/// The machine's clock: sandboxes live in real time.
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "real processes do not follow a virtual clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        tokio::time::sleep(at.since(self.now())).boxed()
    }
}

/// Random enough to tell environments apart.
pub struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            // SplitMix64.
            let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// Keeps every log event.
#[derive(Default)]
pub struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn line(&self, _: &Arc<FunctionSpec>, _: &str, _: Timestamp, line: &[u8]) {
        self.0.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
    }
}

/// Answers every connection at the door with the function's ARN.
pub struct Door;

impl ConnectionSink for Door {
    fn accept(&self, connection: TcpStream, function: Arn) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut connection = tokio::net::TcpStream::from_std(connection).unwrap();
        tokio::spawn(async move {
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).await;
            let body = function.to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = connection.write_all(answer.as_bytes()).await;
        });
    }
}

/// A runner, its log, and a place for code.
pub struct Bench {
    pub runner: Arc<Runner>,
    pub lines: Arc<Lines>,
    pub directory: tempfile::TempDir,
    calls: AtomicU64,
}

/// A function to be run: its parts have usual values that a test changes.
#[derive(Clone)]
pub struct Function {
    pub spec: FunctionSpec,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut RunnerConfig)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut config = RunnerConfig::new(directory.path().join("runner"));
        config.spawner = SpawnerProgram::At(PathBuf::from(env!("CARGO_BIN_EXE_updraft-spawner")));
        // Most tests have no use for what is made beforehand.
        (config.prepared, config.started) = (0, 0);
        change(&mut config);
        let lines = Arc::new(Lines::default());
        let sink = Arc::clone(&lines) as Arc<dyn LogSink>;
        let ids = Arc::new(CountedIds(AtomicU64::new(1)));
        let runner = Runner::start(config, sink, Arc::new(Door), Arc::new(RealClock), ids)
            .await
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
        Self { runner, lines, directory, calls: AtomicU64::new(1) }
    }

    /// One whose next Python functions get runtimes that were started before.
    pub async fn with_started_python() -> Self {
        let bench = Self::with(|config| (config.prepared, config.started) = (2, 4)).await;
        bench.call(&bench.python("first", "def handler(event, context):\n    pass\n"), "{}").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench
    }

    /// A function with files of code; a name that ends in `bootstrap` is made executable.
    pub fn function(&self, name: &str, runtime: &str, handler: &str, files: &[(&str, &str)]) -> Function {
        let code = self.directory.path().join("code").join(name);
        for (path, text) in files {
            let path = code.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let mode = if path.ends_with("bootstrap") { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let function: Arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{name}").parse().unwrap();
        let spec = FunctionSpec {
            instance_key: name.to_owned(),
            account: function.account().unwrap(),
            region: function.region().unwrap(),
            function,
            name: name.to_owned(),
            version: "$LATEST".to_owned(),
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            code,
            layers: Vec::new(),
            environment: BTreeMap::new(),
            memory_mib: 1769,
            timeout: Duration::from_secs(20),
            ephemeral_mib: 512,
            log_group: format!("/aws/lambda/{name}"),
        };
        Function { spec }
    }

    pub fn python(&self, name: &str, code: &str) -> Function {
        self.function(name, "python3.11", "app.handler", &[("app.py", code)])
    }

    pub fn node(&self, name: &str, code: &str) -> Function {
        self.function(name, "nodejs20.x", "index.handler", &[("index.js", code)])
    }

    pub fn invocation(&self, function: &Function, payload: &str) -> Invocation {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        Invocation {
            request_id: format!("00000000-0000-4000-8000-{number:012}"),
            payload: payload.to_owned().into(),
            invoked_arn: function.spec.function.clone(),
            client_context: None,
            trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".to_owned()),
            credentials: Credentials {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                secret_access_key: "secret".to_owned(),
                session_token: "token".to_owned(),
                expires: RealClock.now().plus(Duration::from_secs(3600)),
            },
            end_after_failure: false,
        }
    }

    pub async fn call(&self, function: &Function, payload: &str) -> InvocationReport {
        let spec = Arc::new(function.spec.clone());
        let called = self.runner.invoke(spec, self.invocation(function, payload)).await;
        called.unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    /// The log so far, event by event.
    pub fn log(&self) -> Vec<String> {
        self.lines.0.lock().unwrap().clone()
    }
}

impl Function {
    pub fn memory(mut self, mib: u32) -> Self {
        self.spec.memory_mib = mib;
        self
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = timeout;
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.spec.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn layer(mut self, path: &Path) -> Self {
        self.spec.layers.push(path.to_owned());
        self
    }
}

/// The payload as JSON.
pub fn json(report: &InvocationReport) -> serde_json::Value {
    let text = String::from_utf8_lossy(&report.payload);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
