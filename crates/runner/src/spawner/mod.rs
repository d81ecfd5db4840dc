//! The spawner: the one process that forks. Single-threaded, small, in a mount namespace of its own.
//!
//! It does what it is told over one socket and keeps no state but templates, scratch mounts and the
//! control sockets of sandboxes. When that socket closes the engine is gone: it kills every sandbox,
//! removes their cgroups and ends. Its mounts end with it.

mod client;
mod filter;
mod init;
mod mounts;
mod net;
mod privileges;
mod probe;
mod serve;
mod sys;
mod template;
pub(crate) mod wire;

use std::process::ExitCode;

pub(crate) use client::Spawner;
pub(crate) use wire::{
    AssignSpec, CgroupJoin, EarlyStart, Part, ProbeResult, Request, ScratchSpec, SpawnSpec, StartSpec,
    TemplateSpec,
};

/// The name under which a program is started to be the spawner.
const SPAWNER_NAME: &str = "updraft-spawner";

/// Becomes the spawner if the program was started as one, and returns what to exit with when its
/// work is done. A program that runs functions calls this first thing in `main`, before it starts
/// any thread.
#[must_use]
pub fn maybe_become_spawner() -> Option<ExitCode> {
    let is_spawner = std::env::args_os().next().is_some_and(|name| name == SPAWNER_NAME);
    is_spawner.then(serve::run)
}
