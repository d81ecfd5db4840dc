//! A warm `Invoke` through the AWS API: signed by the client, verified, authorized, run in its sandbox,
//! recorded and answered.
//!
//! `cargo build --profile bench -p updraft-runner --example echo && cargo bench -p updraft --bench invoke`.
//! The floor is a round trip to a bare hyper server plus a round trip of the bare Runtime API with the
//! same bootstrap; what is above it is the engine's.

#![expect(clippy::unwrap_used, reason = "a bench whose preparation fails has failed")]
#![expect(clippy::print_stdout, reason = "the figures are for a reader")]

#[path = "../../runner/benches/bare/mod.rs"]
#[expect(dead_code, reason = "the runner's bench uses the rest")]
mod bare;
#[expect(dead_code, reason = "the other benches use the rest")]
mod support;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bare::{EVENT, NODE, PYTHON, echo, floor, micros, percentile};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use support::Engine;
use updraft_api::{iam, lambda};
use updraft_delivery::client::{Client, Credentials, HttpClient, Target};

const CALLS: usize = 2_000;
const AT_ONCE: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(30);
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;

/// A function: its name, runtime, handler, and its one file.
const FUNCTIONS: [(&str, &str, &str, &str); 3] = [
    ("node", "nodejs22.x", "index.handler", "index.js"),
    ("python", "python3.11", "app.handler", "app.py"),
    ("rust", "provided.al2023", "x", "bootstrap"),
];

fn main() {
    // The bare server is a process of its own, as the engine is.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|argument| argument == "--serve-echo") {
        runtime.block_on(serve_echo());
    } else {
        runtime.block_on(async { tokio::spawn(run()).await.unwrap() });
    }
}

async fn run() {
    let data = tempfile::tempdir().unwrap();
    let engine = Engine::start(data.path());
    let client = client(&engine);
    let mut hyper = hyper_round_trips().await;
    let hyper = percentile(&mut hyper, 50);
    println!("bare hyper echo, p50: {hyper:.0} microseconds");
    println!("\nwarm Invoke, one at a time ({CALLS} calls), microseconds");
    println!("{:<8} {:>10} {:>9} {:>9} {:>9} {:>7}", "", "floor p50", "p50", "p99", "above", "ratio");
    let code = tempfile::tempdir().unwrap();
    make_role(&client).await;
    for (name, ..) in FUNCTIONS {
        make(&client, code.path(), name).await;
        let mut bare = floor(name, &code.path().join(name), CALLS);
        let floor = hyper + percentile(&mut bare, 50);
        let mut times = calls(&client, name).await;
        let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
        println!("{name:<8} {floor:>10.0} {p50:>9.0} {p99:>9.0} {:>9.0} {:>7.2}", p50 - floor, p50 / floor);
    }
    println!("\nwarm Invoke, {AT_ONCE} at once, calls per second");
    for (name, ..) in FUNCTIONS {
        let callers = || futures::future::join_all((0..AT_ONCE).map(|_| calls(&client, name)));
        callers().await;
        let begun = Instant::now();
        callers().await;
        let rate = (AT_ONCE * CALLS) as f64 / begun.elapsed().as_secs_f64();
        println!("{name:<8} {rate:>10.0}");
    }
}

fn client(engine: &Engine) -> Client {
    Client::new(Target {
        endpoint: Some(format!("http://{}", engine.address)),
        region: "us-east-1".parse().unwrap(),
        credentials: Credentials { key_id: "test".into(), secret: "test".into(), token: None },
    })
}

async fn make_role(client: &Client) {
    let role = iam::CreateRoleRequest {
        role_name: "bench".into(),
        assume_role_policy_document: TRUST.into(),
        ..Default::default()
    };
    client.call::<iam::ops::CreateRole>(role).await.unwrap();
}

/// Makes a function, and leaves its code in a folder for the floor.
async fn make(client: &Client, code: &std::path::Path, name: &str) {
    let (name, runtime, handler, file) = *FUNCTIONS.iter().find(|one| one.0 == name).unwrap();
    let folder = code.join(name);
    std::fs::create_dir(&folder).unwrap();
    match name {
        "node" => std::fs::write(folder.join(file), NODE).unwrap(),
        "python" => std::fs::write(folder.join(file), PYTHON).unwrap(),
        _ => drop(std::fs::copy(echo(), folder.join(file)).unwrap()),
    }
    let zip = updraft_delivery::package::pack(&folder).unwrap().bytes;
    let function = lambda::CreateFunctionRequest {
        function_name: name.into(),
        runtime: Some(runtime.into()),
        handler: Some(handler.into()),
        role: "arn:aws:iam::000000000000:role/bench".into(),
        code: lambda::FunctionCode { zip_file: Some(zip), ..Default::default() },
        memory_size: Some(512),
        ..Default::default()
    };
    client.call::<lambda::ops::CreateFunction>(function).await.unwrap();
}

async fn calls(client: &Client, name: &str) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let input = lambda::InvocationRequest {
            function_name: name.to_owned(),
            payload: Some(Bytes::from_static(EVENT.as_bytes())),
            ..Default::default()
        };
        let begun = Instant::now();
        let answer = client.call::<lambda::ops::Invoke>(input).await.unwrap();
        times.push(micros(begun.elapsed()));
        assert_eq!(answer.function_error, None);
    }
    times.split_off(CALLS / 10)
}

async fn hyper_round_trips() -> Vec<f64> {
    let mut server = tokio::process::Command::new(std::env::current_exe().unwrap())
        .arg("--serve-echo")
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(server.stdout.take().unwrap()));
    let url = lines.next_line().await.unwrap().unwrap();
    let http = HttpClient::new();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        let answer =
            http.send("POST", &url, &[], Bytes::from_static(EVENT.as_bytes()), TIMEOUT).await.unwrap();
        times.push(micros(begun.elapsed()));
        assert_eq!(answer.body, EVENT);
    }
    times.split_off(CALLS / 10)
}

async fn serve_echo() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let answer = service_fn(|request: http::Request<hyper::body::Incoming>| async {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(http::Response::new(Full::new(body)))
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
        );
    }
}
