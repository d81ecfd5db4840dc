//! Functions in real sandboxes. They need root, or a kernel that grants user namespaces.

#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

mod calls;
mod errors;
mod hostile;
mod life;
mod support;
