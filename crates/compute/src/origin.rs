//! Where callers outside reach the engine: what addresses in answers begin with.

use std::fmt;

/// The engine's address as callers see it.
///
/// ```
/// use updraft_compute::Origin;
/// let origin = Origin::new("http", "localhost", 4566);
/// assert_eq!(origin.to_string(), "http://localhost:4566");
/// assert_eq!(origin.below("a1.execute-api"), "http://a1.execute-api.localhost:4566");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Box<str>,
    host: Box<str>,
    port: u16,
}

impl Origin {
    /// The address of a scheme, a host's name and a port.
    #[must_use]
    pub fn new(scheme: &str, host: &str, port: u16) -> Self {
        Self { scheme: scheme.into(), host: host.into(), port }
    }

    /// The address of a name below the engine's own.
    #[must_use]
    pub fn below(&self, name: &str) -> String {
        let Self { scheme, host, port } = self;
        format!("{scheme}://{name}.{host}:{port}")
    }
}

impl Default for Origin {
    /// `http://localhost:4566`, where LocalStack's users look.
    fn default() -> Self {
        Self::new("http", "localhost", 4566)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        write!(f, "{scheme}://{host}:{port}")
    }
}
