//! What functions see, answer and print.

use updraft_kernel::{FunctionHost, Outcome};

use crate::support::{Bench, json};

#[tokio::test(flavor = "multi_thread")]
async fn python_is_called_and_called_again_in_the_same_environment() {
    let bench = Bench::new().await;
    let function = bench.python(
        "again",
        "import os\ncount = 0\ndef handler(event, context):\n    global count\n    count += 1\n    print('hello', event['who'])\n    return {'count': count, 'id': context.aws_request_id, 'left': context.get_remaining_time_in_millis(), 'pid': os.getpid()}\n",
    );
    for count in 1..=3 {
        let report = bench.call(&function, r#"{"who":"world"}"#).await;
        assert_eq!(report.outcome, Outcome::Answered, "{:?} {:#?}", report.payload, bench.log());
        assert_eq!(json(&report)["count"], count);
        assert!(json(&report)["left"].as_u64().unwrap() > 15_000);
        assert_eq!(report.init.is_some(), count == 1);
    }
    assert_eq!(bench.log().iter().filter(|line| *line == "hello world").count(), 3);
    assert_eq!(bench.runner.environments("again"), 1);
    bench.runner.shut_down().await;
    assert_eq!(bench.runner.environments("again"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_answers_however_its_handler_does() {
    let bench = Bench::new().await;
    for (name, code, expected) in [
        ("async", "exports.handler = async (event) => ({ got: event.a });", r#"{"got":1}"#),
        (
            "callback",
            "exports.handler = (event, context, done) => setTimeout(() => done(null, event.a), 5);",
            "1",
        ),
        ("nothing", "exports.handler = () => {};", "null"),
        ("succeed", "exports.handler = (event, context) => context.succeed('yes');", r#""yes""#),
    ] {
        let report = bench.call(&bench.node(name, code), r#"{"a":1}"#).await;
        assert_eq!(report.payload, expected, "{name}: {:#?}", bench.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_runtime_speaks_the_runtime_api() {
    let bench = Bench::new().await;
    // curl is not in every image; a custom runtime may be any program, such as this script.
    let script = "#!/usr/bin/python3\nimport http.client, os\nwhile True:\n    c = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n    c.request('GET', '/2018-06-01/runtime/invocation/next')\n    r = c.getresponse()\n    body = r.read()\n    c.request('POST', '/2018-06-01/runtime/invocation/' + r.headers['Lambda-Runtime-Aws-Request-Id'] + '/response', body[::-1])\n    assert c.getresponse().status == 202\n";
    let function = bench.function("custom", "provided.al2023", "unused", &[("bootstrap", script)]);
    for _ in 0..2 {
        let report = bench.call(&function, "12345").await;
        assert_eq!(report.payload, "54321", "{:#?}", bench.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_reads_as_lambda_writes_it() {
    let bench = Bench::new().await;
    let function = bench.node(
        "logs",
        "console.log('starting');\nexports.handler = async () => { console.log('two\\nlines', { a: 1 }); console.error('bad'); process.stdout.write('raw\\n'); };",
    );
    let report = bench.call(&function, "{}").await;
    let log = bench.log();
    let id = "00000000-0000-4000-8000-000000000001";
    assert!(log[0].starts_with("INIT_START Runtime Version: nodejs:"), "{log:#?}");
    assert!(log[1].ends_with("Z\tundefined\tINFO\tstarting"), "{log:#?}");
    assert_eq!(log[2], format!("START RequestId: {id} Version: $LATEST"));
    assert!(
        log.iter().any(|line| line.ends_with(&format!("Z\t{id}\tINFO\ttwo\nlines {{ a: 1 }}"))),
        "{log:#?}"
    );
    assert!(log.iter().any(|line| line.ends_with(&format!("Z\t{id}\tERROR\tbad"))), "{log:#?}");
    assert!(log.contains(&"raw".to_owned()), "{log:#?}");
    assert_eq!(log[log.len() - 2], format!("END RequestId: {id}"));
    let last = log.last().unwrap();
    let head = format!("REPORT RequestId: {id}\tDuration: ");
    assert!(
        last.starts_with(&head) && last.ends_with(" ms\t") && last.contains("\tInit Duration: "),
        "{last:?}"
    );
    let tail = String::from_utf8_lossy(&report.log_tail).into_owned();
    assert!(tail.contains("START RequestId") && tail.ends_with(&format!("{last}\n")), "{tail}");
    let [date, rest] = report.environment.split('[').collect::<Vec<_>>()[..] else {
        panic!("{}", report.environment)
    };
    assert_eq!(date.len(), "2026/11/23/".len());
    assert_eq!(rest.len(), "$LATEST]".len() + 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn python_logging_carries_level_time_and_request_id() {
    let bench = Bench::new().await;
    let function = bench.python(
        "logging",
        "import logging\nlogger = logging.getLogger()\nlogger.setLevel('INFO')\ndef handler(event, context):\n    logger.info('counted %d', 3)\n    logging.getLogger('x').debug('not shown')\n",
    );
    bench.call(&function, "{}").await;
    let log = bench.log();
    let line = log.iter().find(|line| line.contains("counted")).unwrap();
    assert!(line.starts_with("[INFO]\t20"), "{line}");
    assert!(line.ends_with("Z\t00000000-0000-4000-8000-000000000001\tcounted 3"), "{line}");
    assert!(!log.iter().any(|line| line.contains("not shown")));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_find_lambdas_variables_their_own_and_the_engine() {
    let bench = Bench::new().await;
    let function = bench
        .python(
            "environment",
            "import os, urllib.request\ndef handler(event, context):\n    door = urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL']).read().decode()\n    return {'env': dict(os.environ), 'door': door, 'cwd': os.getcwd(), 'args': [context.function_name, context.memory_limit_in_mb, context.invoked_function_arn]}\n",
        )
        .memory(512)
        .variable("TABLE", "carts")
        .variable("AWS_REGION", "mars-1");
    let report = bench.call(&function, "{}").await;
    let answer = json(&report);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:environment";
    assert_eq!(answer["door"], arn, "{answer}");
    assert_eq!(answer["args"], serde_json::json!(["environment", "512", arn]));
    assert_eq!(answer["cwd"], "/var/task");
    for (name, value) in [
        ("TABLE", "carts"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ("_HANDLER", "app.handler"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("AWS_LAMBDA_FUNCTION_NAME", "environment"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/environment"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &report.environment),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.11"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
        ("TZ", ":UTC"),
        ("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"),
    ] {
        assert_eq!(answer["env"][name], value, "{name}");
    }
    assert!(answer["env"].get("HOME").is_none() && answer["env"].get("_LAMBDA_TELEMETRY_LOG_FD").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn es_modules_nested_handlers_and_layers_are_found() {
    let bench = Bench::new().await;
    let files = [
        ("src/app.mjs", "import { x } from './x.mjs';\nexport const api = { get: async () => x };"),
        ("src/x.mjs", "export const x = 'esm';"),
    ];
    let module = bench.function("esm", "nodejs20.x", "src/app.api.get", &files);
    assert_eq!(bench.call(&module, "{}").await.payload, r#""esm""#, "{:#?}", bench.log());
    let files = [
        ("package.json", r#"{"type":"module"}"#),
        ("index.js", "export const handler = async () => 'typed';"),
    ];
    let typed = bench.function("typed", "nodejs20.x", "index.handler", &files);
    assert_eq!(bench.call(&typed, "{}").await.payload, r#""typed""#, "{:#?}", bench.log());

    let below = bench.function("below", "x", "x", &[("python/shared.py", "name = 'below'\nonly = 'below'")]);
    let above = bench.function("above", "x", "x", &[("python/shared.py", "name = 'above'")]);
    let layered = bench.python("layered", "import shared, os\ndef handler(event, context):\n    return [shared.name, shared.__file__, os.listdir('/opt')]\n");
    let one = layered.clone().layer(&below.spec.code);
    assert_eq!(
        json(&bench.call(&one, "{}").await),
        serde_json::json!(["below", "/opt/python/shared.py", ["python"]])
    );
    let mut two = one.layer(&above.spec.code);
    two.spec.instance_key = "two".to_owned();
    assert_eq!(json(&bench.call(&two, "{}").await)[0], "above");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_of_a_runtime_is_noted_and_none_refused() {
    let bench = Bench::new().await;
    let mut function = bench.node("old", "exports.handler = async () => process.version;");
    function.spec.runtime = "nodejs12.x".to_owned();
    assert!(json(&bench.call(&function, "{}").await).as_str().unwrap().starts_with('v'));
    assert!(bench.log().iter().any(|line| line.starts_with("NOTE the function asks for nodejs12.x")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_script_starts_the_runtime() {
    let bench = Bench::new().await;
    let files = [
        ("app.py", "import os\ndef handler(event, context):\n    return os.environ['WRAPPED']\n"),
        ("wrap/bootstrap", "#!/bin/sh\nexport WRAPPED=yes\nexec \"$@\"\n"),
    ];
    let function = bench.function("wrapped", "python3.11", "app.handler", &files);
    let function = function.variable("AWS_LAMBDA_EXEC_WRAPPER", "/var/task/wrap/bootstrap");
    assert_eq!(bench.call(&function, "{}").await.payload, r#""yes""#, "{:#?}", bench.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn capabilities_name_every_part_and_what_holds() {
    let bench = Bench::new().await;
    let parts = bench.runner.capabilities();
    for name in
        ["own user", "own file system", "own network", "system-call filter", "memory limit", "freezer"]
    {
        assert_eq!(parts.iter().filter(|part| part.name == name).count(), 1, "{name}: {parts:#?}");
    }
    assert!(parts.iter().all(|part| !part.detail.is_empty()), "{parts:#?}");
    assert!(parts.iter().find(|part| part.name == "own network").unwrap().holds);
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_have_a_name_of_their_own() {
    let bench = Bench::new().await;
    let code = "import os, pwd\ndef handler(event, context):\n    return [pwd.getpwuid(os.getuid()).pw_name, os.getuid()]\n";
    let (one, two) = (bench.python("one", code), bench.python("two", code));
    let (one, two) = (json(&bench.call(&one, "{}").await), json(&bench.call(&two, "{}").await));
    if rustix::process::geteuid().is_root() {
        assert_eq!(one[0], "sbx_user1051");
        assert_ne!(one[1], two[1]);
    } else {
        assert_eq!((&one[0], &two[0]), (&"root".into(), &"root".into()));
    }
}
