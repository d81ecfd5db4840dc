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
