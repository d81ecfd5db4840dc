//! What both benches need: an engine of their own, and percentiles.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary under measurement.
pub const UPDRAFT: &str = env!("CARGO_BIN_EXE_updraft");

/// An engine that ends with its value.
pub struct Engine {
    child: Child,
    /// `host:port`.
    pub address: String,
}

impl Engine {
    /// Starts one on a free port and waits for its address.
    pub fn start(data: &Path) -> Self {
        let mut child = Command::new(UPDRAFT)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        Self { child, address: address.expect("the engine prints its address").to_owned() }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The body of its answer.
    pub fn get(&self, host: &str, path: &str) -> String {
        get(&self.address, host, path)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // Gone already is as good.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own: head and body of the answer.
pub fn get(address: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// How long an act takes.
pub fn timed<T>(act: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let made = act();
    (begun.elapsed(), made)
}

/// A percentile in milliseconds.
pub fn millis(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}
