//! Network namespaces with nothing in them but loopback and the engine's two listeners.
//!
//! The listeners are made inside and handed to the engine, which serves them from outside. There is
//! no route anywhere, and every sandbox has the same two addresses to itself.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::serve::{Attempt, tried};
use super::sys;
use crate::config::RUNTIME_API_PORT;

/// A new namespace: its descriptor, the Runtime API's listener, the door's listener.
pub(super) fn slot(door_port: u16) -> Attempt<Vec<OwnedFd>> {
    // The spawner moves into each new namespace and stays until the next: it needs no network.
    tried(sys::unshare(libc::CLONE_NEWNET), "make a network namespace")?;
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
    let socket = tried(socket, "make a socket")?;
    tried(sys::loopback_up(socket.as_fd()), "bring loopback up")?;
    let namespace = tried(File::open("/proc/self/ns/net"), "open the network namespace")?;
    let mut fds = vec![OwnedFd::from(namespace)];
    for port in [RUNTIME_API_PORT, door_port] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        fds.push(tried(listener, format_args!("listen on port {port} inside"))?.into());
    }
    Ok(fds)
}
