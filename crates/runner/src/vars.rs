//! The environment variables of a function.
//! docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, read 2026-11-23; the paths as
//! LocalStack's tests recorded them on AWS.

use std::collections::BTreeMap;

use updraft_kernel::{Credentials, FunctionSpec};

use crate::config::RUNTIME_API_PORT;
use crate::runtimes::{Kind, Runtime};

const NODE_PATH: &str = "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task";

/// How variables begin that programs read when they start.
const READ_AT_START: [&str; 14] = [
    "NODE_",
    "PYTHON",
    "LD_",
    "LANG",
    "LC_",
    "TZ",
    "PATH",
    "UV_",
    "OPENSSL_",
    "SSL_",
    "MALLOC_",
    "GLIBC_",
    "GCONV_",
    "AWS_LAMBDA_EXEC_WRAPPER",
];

/// Everything a function finds in its environment. What Lambda reserves wins over what is
/// configured; the rest is a default.
pub(crate) fn environment(
    spec: &FunctionSpec,
    runtime: &Runtime,
    credentials: &Credentials,
    log_stream: &str,
    door_port: u16,
) -> BTreeMap<String, String> {
    let mut variables = defaults(runtime, door_port);
    variables.extend(spec.environment.clone());
    variables.extend(reserved(spec, credentials, log_stream));
    variables
}

/// What a runtime that is started before there is code finds.
pub(crate) fn early(runtime: &Runtime, door_port: u16) -> BTreeMap<String, String> {
    let mut variables = defaults(runtime, door_port);
    variables.insert("AWS_LAMBDA_RUNTIME_API".to_owned(), format!("127.0.0.1:{RUNTIME_API_PORT}"));
    variables.insert("_UPDRAFT_EARLY".to_owned(), "1".to_owned());
    variables
}

/// Whether a runtime may start before it knows the function's variables: not where one of them is
/// read by the program or its libraries when it starts.
pub(crate) fn known_late(configured: &BTreeMap<String, String>) -> bool {
    !configured.keys().any(|name| READ_AT_START.iter().any(|start| name.starts_with(start)))
}

fn defaults(runtime: &Runtime, door_port: u16) -> BTreeMap<String, String> {
    let mut variables = owned([
        ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
                .to_owned(),
        ),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PWD", "/var/task".to_owned()),
        // How SDKs find this engine instead of AWS.
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{door_port}")),
    ]);
    match runtime.kind {
        Kind::Node => {
            let major = runtime.version.split('.').next().unwrap_or_default();
            variables.insert("NODE_PATH".to_owned(), NODE_PATH.replace("{major}", major));
        }
        Kind::Python => {
            variables.insert("PYTHONPATH".to_owned(), "/var/runtime".to_owned());
            // The code is read-only, and looking for a place to cache it costs time.
            variables.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        }
        Kind::Provided => {}
    }
    variables
}

fn reserved(spec: &FunctionSpec, credentials: &Credentials, log_stream: &str) -> BTreeMap<String, String> {
    let region = spec.region.to_string();
    let mut variables = owned([
        ("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{RUNTIME_API_PORT}")),
        ("_HANDLER", spec.handler.clone()),
        ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", spec.version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mib.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group.clone()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream.to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.clone()),
        ("AWS_SESSION_TOKEN", credentials.session_token.clone()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
    ]);
    // Custom runtimes do not have it. Configured values that happen to have reserved names go.
    if !spec.runtime.starts_with("provided") {
        variables.insert("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{}", spec.runtime));
    }
    variables
}

fn owned<const N: usize>(variables: [(&str, String); N]) -> BTreeMap<String, String> {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
