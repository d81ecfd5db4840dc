//! The floor of a function's call: the same bootstrap as a bare process, outside any sandbox, talking
//! to a server that does nothing but hand out the same event again.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A function that gives its event back.
pub const PYTHON: &str = "def handler(event, context):\n    return event\n";
/// A function that gives its event back.
pub const NODE: &str = "exports.handler = async (event) => event;";
/// The event of all calls.
pub const EVENT: &str = r#"{"message":"an event of some two hundred bytes, as a small request has them; the rest of it is only there to fill it up to that length, and says nothing at all that anybody would want to read"}"#;

/// The example program, which cargo builds beside the benches.
pub fn echo() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let echo = program.parent().and_then(Path::parent).unwrap().join("examples/echo");
    assert!(echo.exists(), "build it first: cargo build --profile bench -p updraft-runner --example echo");
    echo
}

/// A function's process outside any sandbox, talking to a listener of ours.
struct Bare {
    process: Child,
    listener: TcpListener,
}

impl Bare {
    fn start(name: &str, code: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bootstraps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runner/src/bootstraps");
        let mut command = match name {
            "python" => command("python3", &bootstraps.join("python.py")),
            "node" => command("node", &bootstraps.join("node.cjs")),
            _ => Command::new(echo()),
        };
        let handler = if name == "node" { "index.handler" } else { "app.handler" };
        let process = command
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .env("LAMBDA_TASK_ROOT", code)
            .env("_HANDLER", handler)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, listener }
    }

    /// Waits for it to connect and ask for an event.
    fn connect(&self) -> TcpStream {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        read_until(&mut stream, b"/invocation/next HTTP/1.1\r\n");
        stream
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn command(program: &str, argument: &Path) -> Command {
    static PYTHON_ITSELF: OnceLock<String> = OnceLock::new();
    // The interpreter itself, as in a sandbox, not a version manager's shim.
    let python = || {
        let found =
            Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
        String::from_utf8(found.stdout).unwrap().trim().to_owned()
    };
    let program = if program == "python3" { PYTHON_ITSELF.get_or_init(python) } else { program };
    let mut command = Command::new(program);
    command.arg(argument);
    command
}

fn exchange(stream: &mut TcpStream) {
    let next = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: r1\r\n\
         Lambda-Runtime-Deadline-Ms: 4000000000000\r\nLambda-Runtime-Invoked-Function-Arn: a\r\n\
         Content-Length: {}\r\n\r\n{EVENT}",
        EVENT.len()
    );
    stream.write_all(next.as_bytes()).unwrap();
    read_until(stream, b"/invocation/next HTTP/1.1\r\n");
    stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}").unwrap();
}

fn read_until(stream: &mut TcpStream, mark: &[u8]) {
    let mut input = Vec::new();
    let mut space = [0; 16 * 1024];
    while !input.windows(mark.len()).any(|window| window == mark) {
        let read = stream.read(&mut space).unwrap();
        assert!(read > 0, "the process has ended");
        input.extend_from_slice(&space[..read]);
    }
}

/// Calls of a bare process, in microseconds; the first tenth is left out.
pub fn floor(name: &str, code: &Path, calls: usize) -> Vec<f64> {
    let bare = Bare::start(name, code);
    let mut stream = bare.connect();
    let mut times = Vec::new();
    for _ in 0..calls {
        let begun = Instant::now();
        exchange(&mut stream);
        times.push(micros(begun.elapsed()));
    }
    times.split_off(calls / 10)
}

/// From the start of a bare process to its first answer.
pub fn bare_starts(name: &str, starts: usize) -> Vec<f64> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("app.py"), PYTHON).unwrap();
    std::fs::write(directory.path().join("index.js"), NODE).unwrap();
    let start = |_| {
        let begun = Instant::now();
        let bare = Bare::start(name, directory.path());
        exchange(&mut bare.connect());
        micros(begun.elapsed())
    };
    // The first also finds the interpreter.
    (0..=starts).map(start).skip(1).collect()
}

/// In microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A percentile.
pub fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() - 1) * percent / 100]
}
