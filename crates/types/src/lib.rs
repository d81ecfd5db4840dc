//! The names and quantities of the system: parsed once at the border, printed once on the way out.
//!
//! Nothing here does I/O. Every newtype keeps its field private, so a value that exists is valid.
//! The text `"arn:` stands in this crate and in tests, nowhere else: services name their resources
//! by implementing [`Resource`], and read ARNs by parsing [`Arn`].

mod account;
mod arn;
mod quantity;
mod region;
mod scope;
mod timestamp;

pub mod apigateway;
pub mod cloudformation;
pub mod cloudwatch;
pub mod dynamodb;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod s3;
pub mod states;
pub mod sts;

pub use account::{AccountId, AccountIdError};
pub use arn::{Arn, ArnError, Resource};
pub use quantity::Bytes;
pub use region::{Region, RegionError};
pub use scope::Scope;
pub use timestamp::{Timestamp, TimestampError};
