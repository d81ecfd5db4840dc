//! The Runtime API: what a runtime asks of the engine, over HTTP/1.1 inside its sandbox.
//! docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

mod answer;
mod connection;
mod request;

pub(crate) use answer::{Next, accepted, assignment, refused};
pub(crate) use connection::{Connection, Progress};
pub(crate) use request::{Request, Route};
