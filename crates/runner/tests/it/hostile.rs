//! A function that tries to get out. Each attempt is stopped; the engine and its neighbours go on.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use updraft_kernel::Outcome;

use crate::support::{Bench, json};

/// Evaluates what the event asks for, and answers with the error where there is one.
const PROBE: &str = r#"
import ctypes, os, socket, struct, subprocess, threading
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *args):
    result = libc.syscall(number, *args)
    return os.strerror(ctypes.get_errno()) if result < 0 else 'allowed'

def connect(host, port, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(3)
    s.connect((host, port))
    s.send(b'x')
    return 'connected'

def handler(event, context):
    answers = {}
    for name, code in event.items():
        try:
            answers[name] = eval(code)
        except BaseException as error:
            answers[name] = type(error).__name__ + ': ' + str(error)
    return answers
"#;

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_host_and_of_other_functions_are_not_there() {
    files(Bench::new().await).await;
    files(Bench::with_started_python().await).await;
}

async fn files(bench: Bench) {
    let neighbour =
        bench.python("neighbour", "SECRET = 'x'\ndef handler(event, context):\n    return 'well'\n");
    assert_eq!(bench.call(&neighbour, "{}").await.payload, r#""well""#);
    let hostile = bench.python("files", PROBE);
    let neighbours = neighbour.spec.code.display().to_string();
    let attempts = serde_json::json!({
        "shadow": "open('/etc/shadow').read()",
        "neighbour": format!("os.listdir({neighbours:?})"),
        "root": "sorted(os.listdir('/'))",
        "home": "os.listdir('/root')",
        "tmp": "os.listdir('/tmp')",
        "write code": "open('/var/task/app.py', 'a')",
        "write root": "open('/x', 'w')",
        "write etc": "open('/etc/passwd', 'a')",
        "write usr": "open('/usr/x', 'w')",
        "write runtime": "open('/var/runtime/x', 'w')",
        "write proc": "open('/proc/sys/kernel/core_pattern', 'w')",
        "own memory of init": "open('/proc/1/mem', 'rb')",
        "environment of init": "open('/proc/1/environ', 'rb').read()",
        "root of init": "os.listdir('/proc/1/root')",
        "files of init": "os.listdir('/proc/1/fd')",
        "processes": "[p for p in os.listdir('/proc') if p.isdigit()]",
        "own": "[os.getuid(), os.getgid(), os.getgroups(), os.getpid()]",
        "devices": "sorted(os.listdir('/dev'))",
        "set-uid": "subprocess.run(['/usr/bin/su', '-c', 'id'], capture_output=True, text=True).returncode",
        "chmod": "os.chmod('/var/task/app.py', 0o777)",
        "device": "os.mknod('/tmp/disk', 0o60666, os.makedev(8, 0))",
        "allowed": "open('/tmp/mine', 'w').write('ok')",
    });
    let report = bench.call(&hostile, &attempts.to_string()).await;
    let answer = json(&report);
    for (name, error) in [
        ("shadow", "FileNotFoundError"),
        ("neighbour", "FileNotFoundError"),
        ("own memory of init", "FileNotFoundError"),
        ("environment of init", "FileNotFoundError"),
        ("root of init", "FileNotFoundError"),
        ("files of init", "FileNotFoundError"),
        ("write proc", "PermissionError"),
        ("device", "PermissionError"),
    ] {
        assert!(
            answer[name].as_str().is_some_and(|told| told.starts_with(error)),
            "{name}: {}",
            answer[name]
        );
    }
    for name in ["write code", "write root", "write etc", "write usr", "write runtime", "chmod"] {
        // By Landlock, or without it by the read-only mount.
        let told = answer[name].as_str().unwrap_or_default();
        assert!(
            told.starts_with("PermissionError") || told.contains("Read-only"),
            "{name}: {}",
            answer[name]
        );
    }
    assert_eq!(answer["tmp"], serde_json::json!([]));
    assert_eq!(answer["processes"], serde_json::json!(["2"]), "only itself");
    assert_ne!(answer["set-uid"], 0);
    assert_eq!(answer["allowed"], 2);
    if let Some(home) = answer["home"].as_array() {
        // Where an interpreter lives below it, nothing else of it is there.
        assert!(home.iter().all(|name| name == ".pyenv" || name == ".nvm" || name == ".local"), "{home:?}");
    }
    assert_eq!(
        answer["devices"],
        serde_json::json!(["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"])
    );
    if rustix::process::geteuid().is_root() {
        assert!(answer["own"][0].as_u64().unwrap() >= 100_000, "{}", answer["own"]);
        assert_eq!(answer["own"][2], serde_json::json!([]));
    }
    assert_eq!(bench.call(&neighbour, "{}").await.payload, r#""well""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kernel_is_asked_for_nothing_it_should_not_give() {
    kernel(Bench::new().await).await;
    kernel(Bench::with_started_python().await).await;
}

async fn kernel(bench: Bench) {
    let hostile = bench.python("kernel", PROBE);
    let mut attempts = serde_json::Map::new();
    for (name, number) in [
        ("mount", libc::SYS_mount),
        ("umount", libc::SYS_umount2),
        ("pivot_root", libc::SYS_pivot_root),
        ("chroot", libc::SYS_chroot),
        ("open_tree", libc::SYS_open_tree),
        ("move_mount", libc::SYS_move_mount),
        ("fsopen", libc::SYS_fsopen),
        ("unshare", libc::SYS_unshare),
        ("setns", libc::SYS_setns),
        ("ptrace", libc::SYS_ptrace),
        ("bpf", libc::SYS_bpf),
        ("io_uring", libc::SYS_io_uring_setup),
        ("keyctl", libc::SYS_keyctl),
        ("userfaultfd", libc::SYS_userfaultfd),
        ("perf", libc::SYS_perf_event_open),
        ("module", libc::SYS_init_module),
        ("reboot", libc::SYS_reboot),
        ("hostname", libc::SYS_sethostname),
        ("read another's memory", libc::SYS_process_vm_readv),
    ] {
        attempts.insert(name.to_owned(), format!("call({number}, 0, 0, 0, 0, 0)").into());
    }
    let user = libc::CLONE_NEWUSER | libc::SIGCHLD;
    attempts.insert(
        "clone into a user namespace".to_owned(),
        format!("call({}, {user}, 0, 0, 0, 0)", libc::SYS_clone).into(),
    );
    if rustix::process::geteuid().is_root() {
        attempts.insert("become root".to_owned(), format!("call({}, 0)", libc::SYS_setuid).into());
    }
    let report = bench.call(&hostile, &serde_json::Value::Object(attempts.clone()).to_string()).await;
    for name in attempts.keys() {
        assert_eq!(json(&report)[name], "Operation not permitted", "{name}");
    }
    let more = serde_json::json!({
        "threads": "[t.start() or t.join() for t in [threading.Thread(target=print, args=('thread',))]]",
        "child": "subprocess.run(['/bin/echo', 'child'], capture_output=True, text=True).stdout",
        "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "packet": "socket.socket(17, socket.SOCK_RAW, 3)",
        "capabilities": "[l for l in open('/proc/self/status').read().splitlines() if l.startswith(('Cap', 'NoNewPrivs', 'Seccomp:'))]",
    });
    let answer = json(&bench.call(&hostile, &more.to_string()).await);
    assert_eq!(answer["threads"], serde_json::json!([null]));
    assert_eq!(answer["child"], "child\n");
    assert!(answer["raw"].as_str().unwrap().starts_with("PermissionError"), "{answer}");
    assert!(answer["packet"].as_str().unwrap().starts_with("PermissionError"), "{answer}");
    let none = "0000000000000000";
    let expected: Vec<String> = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .map(|set| format!("{set}:\t{none}"))
        .into_iter()
        .chain(["NoNewPrivs:\t1".to_owned(), "Seccomp:\t2".to_owned()])
        .collect();
    assert_eq!(answer["capabilities"], serde_json::json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_answers_but_the_engines_own() {
    network(Bench::new().await).await;
    network(Bench::with_started_python().await).await;
}

async fn network(bench: Bench) {
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let hostile = bench.python("network", PROBE);
    let attempts = serde_json::json!({
        "host": format!("connect('127.0.0.1', {port})"),
        "world": "connect('192.0.2.1', 80)",
        "world by udp": "connect('192.0.2.1', 53, socket.SOCK_DGRAM)",
        "names": "socket.gethostbyname('example.com')",
        "metadata": "connect('169.254.169.254', 80)",
        "interfaces": "[name for _, name in socket.if_nameindex()]",
        "door": "connect('127.0.0.1', 4566)",
    });
    let answer = json(&bench.call(&hostile, &attempts.to_string()).await);
    assert!(answer["host"].as_str().unwrap().starts_with("ConnectionRefusedError"), "{answer}");
    for name in ["world", "world by udp", "metadata"] {
        assert!(answer[name].as_str().unwrap().contains("Network is unreachable"), "{answer}");
    }
    assert!(answer["names"].as_str().unwrap().starts_with("gaierror"), "{answer}");
    assert_eq!(answer["interfaces"], serde_json::json!(["lo"]));
    assert_eq!(answer["door"], "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_ends_with_its_call() {
    let bench = Bench::new().await;
    let neighbour = bench.node("calm", "exports.handler = async () => 'well';");
    assert_eq!(bench.call(&neighbour, "{}").await.payload, r#""well""#);
    let bomb = bench
        .python("bomb", "import os\ndef handler(event, context):\n    while True:\n        try:\n            os.fork()\n        except OSError:\n            pass\n")
        .timeout(Duration::from_secs(2))
        .memory(512);
    let (report, calm) = tokio::join!(bench.call(&bomb, "{}"), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.call(&neighbour, "{}").await
    });
    assert_eq!(calm.payload, r#""well""#);
    assert!(matches!(report.outcome, Outcome::TimedOut | Outcome::Crashed), "{report:?}");
    assert_eq!(bench.call(&neighbour, "{}").await.payload, r#""well""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn tmp_is_bounded_and_so_are_open_files() {
    let bench = Bench::new().await;
    let hostile = bench.python("bounds", PROBE).memory(1024);
    let attempts = serde_json::json!({
        "tmp": "[open('/tmp/%d' % n, 'wb').write(bytes(64 << 20)) for n in range(12)]",
        "files": "[os.open('/dev/null', 0) for n in range(5000)]",
    });
    let answer = json(&bench.call(&hostile, &attempts.to_string()).await);
    assert!(answer["tmp"].as_str().unwrap().contains("No space left on device"), "{answer}");
    assert!(answer["files"].as_str().unwrap().contains("Too many open files"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_and_requests_does_not_stop_the_clock() {
    let bench = Bench::new().await;
    let printer = bench
        .python("flood", "import os\ndef handler(event, context):\n    while True:\n        os.write(1, b'x' * 65535 + b'\\n')\n")
        .timeout(Duration::from_secs(1));
    let quiet = bench.python("quiet", "def handler(event, context):\n    return 1\n");
    let (report, calm) = tokio::join!(bench.call(&printer, "{}"), bench.call(&quiet, "{}"));
    assert_eq!((report.outcome, calm.payload.as_ref()), (Outcome::TimedOut, &b"1"[..]));
    let script = "import os, socket\ndef handler(event, context):\n    s = socket.create_connection(('127.0.0.1', 9001))\n    s.setblocking(False)\n    while True:\n        try:\n            s.send(b'GET /nothing HTTP/1.1\\r\\n\\r\\n' * 1000)\n        except BlockingIOError:\n            pass\n        except OSError:\n            s = socket.create_connection(('127.0.0.1', 9001))\n            s.setblocking(False)\n";
    let flood = bench.python("requests", script).timeout(Duration::from_secs(1));
    assert_eq!(bench.call(&flood, "{}").await.outcome, Outcome::TimedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_other_calls_are_refused() {
    let bench = Bench::new().await;
    let script = "import http.client, os\ndef handler(event, context):\n    c = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n    c.request('POST', '/2018-06-01/runtime/invocation/11111111-0000-4000-8000-000000000001/response', '\"forged\"')\n    r = c.getresponse()\n    return [r.status, r.read().decode()]\n";
    let report = bench.call(&bench.python("forger", script), "{}").await;
    assert_eq!(json(&report)[0], 400);
    assert!(json(&report)[1].as_str().unwrap().contains("InvalidRequestID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_only_its_owner_may_enter_is_opened_at_its_top() {
    let bench = Bench::new().await;
    let function = bench.python("closed", "def handler(event, context):\n    return 'in'\n");
    fs::set_permissions(&function.spec.code, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(bench.call(&function, "{}").await.payload, r#""in""#, "{:#?}", bench.log());
}
