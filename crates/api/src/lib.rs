//! The wire: AWS's protocols, the shapes of the listed operations, their constraints and their
//! error codes, and the arithmetic of signatures, each in both directions, so that one set of
//! types serves the engine that answers and the client that asks.
//!
//! Which operations are listed stands in the `operations.toml` of each service's folder; from them
//! and AWS's published models `cargo xtask codegen` writes [`services`].

mod operation;
mod refusal;
pub mod services;
pub mod shape;
pub mod sigv4;
mod stream;
mod validate;
pub mod value;
pub mod wire;

pub use operation::{Operation, OperationInfo, Protocol, ServiceInfo};
pub use refusal::{ErrorShape, Refusal, Side};
pub use services::{apigatewayv2, cloudformation, cloudwatch, dynamodb, iam, lambda, logs, s3, states, sts};
pub use stream::{ByteStream, StreamError};
