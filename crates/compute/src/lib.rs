//! Compute services: Lambda and API Gateway.

pub mod apigatewayv2;
pub mod lambda;
mod origin;

pub use origin::Origin;
