//! Compute services: Lambda and API Gateway.

pub mod lambda;
mod origin;

pub use origin::Origin;
