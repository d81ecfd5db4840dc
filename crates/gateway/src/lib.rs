//! The listening socket: HTTP/1.1 and HTTP/2 with their limits, and the health page.
//!
//! Routing by host, target and path is the kernel's door's; here connections become requests with
//! streaming bodies, and answers become connections' bytes. Sandboxes' own connections to the door
//! come in through the same code by [`Gateway`]'s [`ConnectionSink`].

mod body;
mod health;
mod server;

pub use server::{Bound, Gateway, GatewayError, Listening};
