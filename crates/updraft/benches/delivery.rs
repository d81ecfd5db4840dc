//! What delivery costs a developer: a deploy that has nothing to do, and the way from a save to the
//! saved code's first answer.
//!
//! `cargo bench -p updraft --bench delivery`; with `SAM` naming SAM's command, it is measured beside
//! ours. The floor of the first is asking git about the commit; of the second, a warm answer.

#![expect(clippy::unwrap_used, reason = "a bench whose preparation fails has failed")]
#![expect(clippy::print_stdout, reason = "the figures are for a reader")]

#[expect(dead_code, reason = "the other bench uses the rest")]
mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Engine, UPDRAFT, millis, timed};

const DEPLOYS: usize = 20;
const SAVES: usize = 20;
const SAM_DEPLOYS: usize = 3;
/// A save that has not arrived by then never will.
const ARRIVES: Duration = Duration::from_secs(30);

const TEMPLATE: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Node:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: node
      Handler: index.handler
      Runtime: nodejs22.x
      AutoPublishAlias: live
      Events:
        Get: {Type: HttpApi, Properties: {Path: /node, Method: get}}
  Python:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: python
      Handler: app.handler
      Runtime: python3.11
      AutoPublishAlias: live
      Events:
        Get: {Type: HttpApi, Properties: {Path: /python, Method: get}}
Outputs:
  Url: {Value: !GetAtt ServerlessHttpApi.ApiEndpoint}
";

/// A function of the app: its route, its file, and its source with a word that it answers.
struct Function {
    route: &'static str,
    file: &'static str,
    source: fn(&str) -> String,
}

const FUNCTIONS: [Function; 2] = [
    Function {
        route: "/node",
        file: "node/index.js",
        source: |word| format!("exports.handler = async () => '{word}'\n"),
    },
    Function {
        route: "/python",
        file: "python/app.py",
        source: |word| format!("def handler(event, context):\n    return '{word}'\n"),
    },
];

fn main() {
    let data = tempfile::tempdir().unwrap();
    let engine = Engine::start(data.path());
    let app = app();
    deploys(&engine, app.path());
    saves(&engine, app.path());
}

fn app() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("template.yaml", TEMPLATE);
    write("updraft.yaml", "app: bench\n");
    for function in &FUNCTIONS {
        write(function.file, &(function.source)("begun"));
    }
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "begun"],
    ] {
        assert!(Command::new("git").args(args).current_dir(folder.path()).status().unwrap().success());
    }
    folder
}

fn quiet(program: &str, args: &[&str], folder: &Path, engine: &Engine) -> Duration {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .env("AWS_ENDPOINT_URL", format!("http://{}", engine.address))
        .env("AWS_DEFAULT_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    let (took, status) = timed(|| command.status().unwrap());
    assert!(status.success(), "{program} {args:?} ended with {status}");
    took
}

fn deploys(engine: &Engine, app: &Path) {
    quiet(UPDRAFT, &["deploy", "--env", "dev"], app, engine);
    let mut floor: Vec<_> = (0..DEPLOYS)
        .map(|_| {
            quiet("git", &["rev-parse", "HEAD"], app, engine)
                + quiet("git", &["status", "--porcelain"], app, engine)
        })
        .collect();
    let floor = millis(&mut floor, 50);
    let mut ours: Vec<_> =
        (0..DEPLOYS).map(|_| quiet(UPDRAFT, &["deploy", "--env", "dev"], app, engine)).collect();
    let (p50, p99) = (millis(&mut ours, 50), millis(&mut ours, 99));
    println!("deploy without a change, {DEPLOYS} times: p50, p99, p50 over asking git alone ({floor:.1} ms)");
    println!("updraft deploy             {p50:>8.1} ms {p99:>8.1} ms {:>6.1}", p50 / floor);
    let Ok(sam) = std::env::var("SAM") else { return };
    let deploy = ["deploy", "--stack-name", "sam", "--resolve-s3", "--capabilities", "CAPABILITY_IAM"];
    let deploy: Vec<_> = deploy.iter().copied().chain(["--no-fail-on-empty-changeset"]).collect();
    let once = || quiet(&sam, &["build"], app, engine) + quiet(&sam, &deploy, app, engine);
    once();
    let mut theirs: Vec<_> = (0..SAM_DEPLOYS).map(|_| once()).collect();
    let theirs = millis(&mut theirs, 50);
    println!("sam build, sam deploy      {theirs:>8.1} ms {:>18.1} times ours", theirs / p50);
}

/// `updraft up` at work.
struct Up {
    child: Child,
    host: String,
}

impl Up {
    fn start(engine: &Engine, app: &Path) -> Self {
        let mut child = Command::new(UPDRAFT)
            .args(["up", "--no-logs", "."])
            .current_dir(app)
            .env("AWS_ENDPOINT_URL", format!("http://{}", engine.address))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let url = lines.by_ref().find(|line| line.starts_with("http://"));
        // What it tells of each save must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let host = url.expect("it prints the app's address").trim_start_matches("http://").to_owned();
        Self { child, host }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn saves(engine: &Engine, app: &Path) {
    let up = Up::start(engine, app);
    println!("\nsave to the saved code's first answer, {SAVES} times: p50, p99, p50 over a warm answer");
    for function in &FUNCTIONS {
        let mut warm: Vec<_> = (0..SAVES).map(|_| timed(|| engine.get(&up.host, function.route)).0).collect();
        let floor = millis(&mut warm, 50);
        let mut times: Vec<_> = (0..SAVES)
            .map(|n| {
                let word = format!("saved-{n}");
                timed(|| save(engine, &up.host, app, function, &word)).0
            })
            .collect();
        let (p50, p99) = (millis(&mut times, 50), millis(&mut times, 99));
        println!("{:<26} {p50:>8.1} ms {p99:>8.1} ms {:>6.1}", function.file, p50 / floor);
    }
}

fn save(engine: &Engine, host: &str, app: &Path, function: &Function, word: &str) {
    std::fs::write(app.join(function.file), (function.source)(word)).unwrap();
    let begun = Instant::now();
    while !engine.get(host, function.route).ends_with(word) {
        assert!(begun.elapsed() < ARRIVES, "{word} never arrived");
    }
}
