//! How calls fail: the documents, the log lines and what comes after, as Lambda has them.

use std::time::Duration;

use updraft_kernel::Outcome;

use crate::support::{Bench, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_python_exception_is_reported_with_its_stack() {
    let bench = Bench::new().await;
    let function = bench.python("raises", "def handler(event, context):\n    raise ValueError('boom')\n");
    let report = bench.call(&function, "{}").await;
    assert_eq!((report.outcome, report.function_error), (Outcome::Failed, Some("Unhandled")));
    assert_eq!(
        String::from_utf8_lossy(&report.payload),
        r#"{"errorMessage": "boom", "errorType": "ValueError", "requestId": "00000000-0000-4000-8000-000000000001", "stackTrace": ["  File \"/var/task/app.py\", line 2, in handler\n    raise ValueError('boom')\n"]}"#
    );
    let error = bench.log().into_iter().find(|line| line.starts_with("[ERROR]")).unwrap();
    assert_eq!(
        error,
        "[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 2, in \
         handler\n    raise ValueError('boom')"
    );
    // The environment lives on.
    assert_eq!(bench.call(&function, "{}").await.init, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_cannot_be_loaded_are_named_in_lambdas_words() {
    let bench = Bench::new().await;
    let cases = [
        (
            bench.function("nomodule", "python3.11", "missing.handler", &[("app.py", "")]),
            "Runtime.ImportModuleError",
            "Unable to import module 'missing': No module named 'missing'",
        ),
        (
            bench.python("nohandler", "x = 1\n"),
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        (
            bench.python("syntax", "def handler(:\n"),
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
        (
            bench.function("badname", "python3.11", "handler", &[("app.py", "")]),
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            bench.function("nodenomodule", "nodejs20.x", "missing.handler", &[("index.js", "")]),
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'missing'\nRequire stack:\n- /var/runtime/index.cjs",
        ),
        (
            bench.node("nodenohandler", "exports.other = 1;"),
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            bench.node("nodenofunction", "exports.handler = 1;"),
            "Runtime.HandlerNotFound",
            "index.handler is not a function",
        ),
        (
            bench.node("nodesyntax", "exports.handler = async ( => 1;"),
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: Unexpected token '=>'",
        ),
    ];
    for (function, kind, message) in cases {
        let report = bench.call(&function, "{}").await;
        let name = &function.spec.name;
        assert_eq!(report.outcome, Outcome::Crashed, "{name}");
        assert_eq!(json(&report)["errorType"], kind, "{name}");
        assert_eq!(json(&report)["errorMessage"], message, "{name}");
        let tail = String::from_utf8_lossy(&report.log_tail).into_owned();
        assert!(tail.contains(&format!("Phase: init\tStatus: error\tError Type: {kind}")), "{tail}");
        assert!(tail.contains(&format!("Phase: invoke\tStatus: error\tError Type: {kind}")), "{tail}");
        assert!(tail.ends_with(&format!("Status: error\tError Type: {kind}\n")), "{tail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_exits_is_replaced_and_its_tmp_kept() {
    let bench = Bench::new().await;
    let function = bench.python(
        "exits",
        "import os\ndef handler(event, context):\n    if event == 'die':\n        open('/tmp/kept', 'w').write('still here')\n        os._exit(1)\n    return open('/tmp/kept').read()\n",
    );
    let report = bench.call(&function, r#""die""#).await;
    assert_eq!(report.outcome, Outcome::Crashed);
    assert_eq!(
        String::from_utf8_lossy(&report.payload),
        r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 00000000-0000-4000-8000-000000000001 Error: Runtime exited with error: exit status 1"}"#
    );
    let log = bench.log();
    let end = log.iter().position(|line| line.starts_with("END")).unwrap();
    assert_eq!(
        log[end - 1],
        "RequestId: 00000000-0000-4000-8000-000000000001 Error: Runtime exited with error: exit status \
         1\nRuntime.ExitError"
    );
    assert!(log[end + 1].ends_with("\tStatus: error\tError Type: Runtime.ExitError"), "{}", log[end + 1]);
    let after = bench.call(&function, r#""live""#).await;
    assert_eq!(after.payload, r#""still here""#);
    // The same environment: its name stays, and its second start is part of the call.
    assert_eq!((after.environment, after.init), (report.environment, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_stopped_at_its_time_out() {
    let bench = Bench::new().await;
    let function = bench
        .python(
            "sleeps",
            "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'woke'\n",
        )
        .timeout(Duration::from_secs(1));
    let report = bench.call(&function, "30").await;
    assert_eq!(report.outcome, Outcome::TimedOut);
    assert_eq!(
        String::from_utf8_lossy(&report.payload),
        r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 00000000-0000-4000-8000-000000000001 Error: Task timed out after 1.00 seconds"}"#
    );
    let tail = String::from_utf8_lossy(&report.log_tail).into_owned();
    assert!(
        tail.contains(" 00000000-0000-4000-8000-000000000001 Task timed out after 1.00 seconds\n"),
        "{tail}"
    );
    assert!(tail.contains("\tDuration: 1000.00 ms\tBilled Duration: "), "{tail}");
    assert!(tail.ends_with("Status: timeout\n"), "{tail}");
    assert_eq!(bench.call(&function, "0").await.payload, r#""woke""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_past_the_limit_ends_the_runtime() {
    let bench = Bench::new().await;
    let function = bench
        .python("greedy", "def handler(event, context):\n    return len(bytearray(event * 1024 * 1024))\n")
        .memory(128);
    let fits = bench.call(&function, "60").await;
    assert_eq!(fits.outcome, Outcome::Answered, "{fits:?}");
    // Without cgroups, memory is looked at now and then, and a peak may be missed.
    let least = if rustix::process::geteuid().is_root() { 60 } else { 1 };
    assert!((least..=128).contains(&fits.memory_max_mib), "{}", fits.memory_max_mib);
    let report = bench.call(&function, "300").await;
    assert_eq!(report.outcome, Outcome::Crashed);
    assert_eq!(json(&report)["errorType"], "Runtime.OutOfMemory");
    assert_eq!(
        json(&report)["errorMessage"],
        "RequestId: 00000000-0000-4000-8000-000000000002 Error: Runtime exited with error: signal: killed"
    );
    assert_eq!(report.memory_max_mib, 128);
    assert_eq!(bench.call(&function, "1").await.outcome, Outcome::Answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_errors_are_reported_wherever_they_happen() {
    let bench = Bench::new().await;
    let cases = [
        (
            "thrown",
            "exports.handler = async () => { throw new TypeError('bad'); };",
            Outcome::Failed,
            "TypeError",
            "bad",
        ),
        ("string", "exports.handler = (e, c, done) => done('plain');", Outcome::Failed, "string", "plain"),
        (
            "uncaught",
            "exports.handler = (e, c, done) => { setTimeout(() => { throw new Error('late'); }, 1); };",
            Outcome::Failed,
            "Error",
            "late",
        ),
        (
            "rejected",
            "exports.handler = (e, c, done) => { Promise.reject(new Error('unseen')); setTimeout(done, 500); };",
            Outcome::Failed,
            "Runtime.UnhandledPromiseRejection",
            "Error: unseen",
        ),
        (
            "exit",
            "exports.handler = async () => process.exit(3);",
            Outcome::Crashed,
            "Runtime.ExitError",
            "RequestId: 00000000-0000-4000-8000-000000000005 Error: Runtime exited with error: exit status 3",
        ),
    ];
    for (name, code, outcome, kind, message) in cases {
        let function = bench.node(name, code);
        let report = bench.call(&function, "{}").await;
        assert_eq!(report.outcome, outcome, "{name}: {:#?}", bench.log());
        assert_eq!(json(&report)["errorType"], kind, "{name}");
        assert_eq!(json(&report)["errorMessage"], message, "{name}");
    }
    let log = bench.log().join("\n");
    assert!(log.contains(
        "\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"bad\",\"stack\":["
    ));
    assert!(log.contains("\tERROR\tUncaught Exception \t{\"errorType\":\"Error\",\"errorMessage\":\"late\""));
    assert!(log.contains("\tERROR\tUnhandled Promise Rejection \t{\"errorType\":\"Runtime.Unhandled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_not_be_longer_than_six_mebibytes() {
    let bench = Bench::new().await;
    let function = bench.python("long", "def handler(event, context):\n    return 'x' * event\n");
    let fits = bench.call(&function, "6291000").await;
    assert_eq!((fits.outcome, fits.payload.len()), (Outcome::Answered, 6_291_002));
    let report = bench.call(&function, "6291600").await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        String::from_utf8_lossy(&report.payload),
        r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#
    );
    assert_eq!(bench.call(&function, "1").await.payload, r#""x""#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_and_a_crash_at_start_are_told_apart() {
    let bench = Bench::new().await;
    let none = bench.function("nobootstrap", "provided.al2023", "x", &[("readme", "")]);
    let report = bench.call(&none, "{}").await;
    assert_eq!(json(&report)["errorType"], "Runtime.InvalidEntrypoint");
    let exits =
        bench.function("exitsatonce", "provided.al2023", "x", &[("bootstrap", "#!/bin/sh\nexit 7\n")]);
    let report = bench.call(&exits, "{}").await;
    assert_eq!(json(&report)["errorType"], "Runtime.ExitError");
    assert!(json(&report)["errorMessage"].as_str().unwrap().ends_with("exit status 7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_phase_past_ten_seconds_is_tried_again_within_the_call() {
    let bench = Bench::new().await;
    let function = bench
        .python(
            "slowstart",
            "import os, time\nif not os.path.exists('/tmp/once'):\n    open('/tmp/once', 'w').close()\n    time.sleep(60)\ndef handler(event, context):\n    return 'up'\n",
        )
        .timeout(Duration::from_secs(5));
    let report = bench.call(&function, "{}").await;
    assert_eq!(report.payload, r#""up""#);
    assert_eq!(report.init, None);
    let tail = String::from_utf8_lossy(&report.log_tail).into_owned();
    assert!(tail.starts_with("INIT_REPORT Init Duration: 10"), "{tail}");
    assert!(tail.contains("Phase: init\tStatus: timeout\n"), "{tail}");
}
