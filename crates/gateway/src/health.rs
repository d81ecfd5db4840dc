//! The health page: what probes of AWS emulators ask for, answered truthfully.

use http::{Method, Response, StatusCode, header, request};
use serde_json::json;
use updraft_api::ByteStream;
use updraft_kernel::Engine;

/// Our own path, and the one that existing tools probe.
const PATHS: [&str; 2] = ["/_updraft/health", "/_localstack/health"];

/// The health page, where the request asks for it.
pub(crate) fn answer(engine: &Engine, request: &request::Parts) -> Option<Response<ByteStream>> {
    let asked = PATHS.contains(&request.uri.path());
    if !asked || !matches!(request.method, Method::GET | Method::HEAD) {
        return None;
    }
    let services: serde_json::Map<_, _> =
        engine.registry().services().map(|name| (name.to_owned(), json!("running"))).collect();
    let page = json!({
        "status": "running",
        "version": env!("CARGO_PKG_VERSION"),
        "edition": "updraft",
        "services": services,
    });
    let body = if request.method == Method::HEAD { String::new() } else { page.to_string() };
    let response =
        Response::builder().status(StatusCode::OK).header(header::CONTENT_TYPE, "application/json");
    Some(response.body(ByteStream::Whole(body.into())).expect("a status and one header make a response"))
}
