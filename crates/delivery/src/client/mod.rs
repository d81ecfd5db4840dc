//! The one way to the engine or to AWS: typed calls, signed, with retries.

mod call;
mod credentials;
mod error;
mod http;
mod target;

pub use call::Client;
pub use credentials::{Credentials, CredentialsError};
pub use error::CallError;
pub use http::{HttpAnswer, HttpClient, HttpError};
pub use target::{AWS, DEFAULT_ENDPOINT, Target, TargetError};
