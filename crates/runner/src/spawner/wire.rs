//! What engine and spawner, and spawner and sandboxes, say to each other: one JSON message a packet,
//! with descriptors beside it, over `SOCK_SEQPACKET`.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message: the largest environment (4 KiB on Lambda) and paths, many times over.
const MESSAGE_MAX: usize = 128 * 1024;

/// The most descriptors beside one message.
const DESCRIPTORS_MAX: usize = 16;

/// What the engine asks of the spawner.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Which namespaces and other parts the kernel grants.
    Probe,
    /// Builds a root file system that sandboxes of one kind share.
    Template(TemplateSpec),
    /// A network namespace with its two listeners. The answer carries namespace, Runtime API, door.
    NetSlot {
        /// The port of the door inside.
        door_port: u16,
    },
    /// A sandbox without code. Beside it: network namespace, output, log frames, then cgroups. The
    /// answer carries its pidfd and the pipe that tells how it ended.
    Spawn(SpawnSpec),
    /// Gives a sandbox its code and starts its runtime.
    Assign(Box<AssignSpec>),
    /// A sandbox has ended; what is kept of it may go.
    Forget {
        /// Which.
        sandbox: u64,
    },
    /// A `/tmp` is not needed any more.
    ReleaseScratch {
        /// Which.
        scratch: u64,
    },
    /// The cgroups to remove when the engine is gone.
    OwnCgroups(Vec<PathBuf>),
}

/// What the spawner answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Done.
    Done,
    /// What the kernel grants.
    Probed(Vec<ProbeResult>),
    /// Not done: what was attempted, and why it failed.
    Failed(String),
}

/// Whether one part of the isolation works here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProbeResult {
    pub(crate) part: Part,
    pub(crate) holds: bool,
    pub(crate) detail: String,
}

/// A part of the isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    User,
    Mounts,
    Namespaces,
    Network,
    ReadOnlyCode,
    NoNewPrivileges,
    SystemCalls,
    Landlock,
}

/// A root file system for one kind of runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateSpec {
    /// Its name.
    pub(crate) name: String,
    /// Host paths bound read-only at the same path inside.
    pub(crate) binds: Vec<PathBuf>,
    /// Files written into it: path inside, text, whether it may be executed.
    pub(crate) files: Vec<(PathBuf, String, bool)>,
    /// Where `/var/lang` points.
    pub(crate) lang: PathBuf,
}

/// A sandbox without code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpawnSpec {
    /// Its number, chosen by the engine.
    pub(crate) sandbox: u64,
    /// The root file system.
    pub(crate) template: String,
    /// How it joins its cgroups: the descriptor is a v2 directory, or v1 `cgroup.procs` files.
    pub(crate) cgroup: CgroupJoin,
    /// The runtime to start before there is code for it.
    pub(crate) early: Option<EarlyStart>,
}

/// A runtime that starts before it has code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EarlyStart {
    pub(crate) scratch: ScratchSpec,
    /// The uid and gid of whichever function it will be.
    pub(crate) id: u32,
    pub(crate) start: StartSpec,
}

/// A `/tmp`. The spawner makes it if it is new.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct ScratchSpec {
    pub(crate) number: u64,
    pub(crate) mib: u32,
}

/// How a sandbox joins its cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CgroupJoin {
    /// There are none.
    None,
    /// It is born in it (v2).
    Born,
    /// It writes itself into each (v1).
    Write,
}

/// The code and the start of a runtime.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AssignSpec {
    pub(crate) sandbox: u64,
    /// Where the host has the code.
    pub(crate) code: PathBuf,
    /// Where the host has the layers, in order.
    pub(crate) layers: Vec<PathBuf>,
    /// What starts now; nothing where a runtime was started early.
    pub(crate) late: Option<EarlyStart>,
}

/// What the init of a sandbox needs beside the mounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StartSpec {
    /// The runtime's program and arguments.
    pub(crate) argv: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    /// Whether the descriptor of the log frames is handed to the runtime.
    pub(crate) frames: bool,
    pub(crate) files_max: u64,
    pub(crate) processes_max: Option<u64>,
    pub(crate) file_size_max: u64,
}

/// What the spawner tells the init of a sandbox; beside it are the mounts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    /// Where each mount goes.
    pub(super) places: Vec<PathBuf>,
    /// What starts now; nothing where a runtime was started early.
    pub(super) late: Option<Started>,
}

/// A runtime with the uid and gid it runs under, where it has its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) id: Option<u32>,
    pub(super) start: StartSpec,
}

/// Sends one message.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    message: &impl Serialize,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    if text.len() > MESSAGE_MAX || fds.len() > DESCRIPTORS_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message is too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(socket, &[IoSlice::new(&text)], &mut ancillary, SendFlags::NOSIGNAL)
    })?;
    Ok(())
}

/// Receives one message; `None` when the other side is gone.
pub(crate) fn receive<T: DeserializeOwned>(socket: BorrowedFd<'_>) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut text = vec![0; MESSAGE_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        rustix::net::recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut text)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )
    })?;
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    let message = serde_json::from_slice(&text[..received.bytes]);
    // Credentials pass through here; a forked sandbox must not find them in its copy of the memory.
    text.fill(0);
    std::hint::black_box(&text);
    Ok(Some((message?, fds)))
}

/// Borrows each descriptor.
pub(crate) fn borrowed(fds: &[OwnedFd]) -> Vec<BorrowedFd<'_>> {
    fds.iter().map(AsFd::as_fd).collect()
}
