//! The engine's side of the spawner: a thread that asks and hands on the answers.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use tokio::sync::oneshot;
use updraft_kernel::Fault;

use super::wire::{Reply, Request, borrowed, receive, send};
use super::{ProbeResult, SPAWNER_NAME};
use crate::config::SpawnerProgram;

/// A request on its way, with its descriptors and who waits for the answer.
struct Asked {
    request: Request,
    fds: Vec<OwnedFd>,
    answer: oneshot::Sender<Result<(Reply, Vec<OwnedFd>), Fault>>,
}

/// The spawner, as the engine sees it. Dropping it ends the process and every sandbox.
#[derive(Debug)]
pub(crate) struct Spawner {
    asked: mpsc::Sender<Asked>,
}

impl Spawner {
    /// Starts the process, with `base` for its mounts.
    pub(crate) fn start(program: &SpawnerProgram, base: &Path) -> io::Result<Self> {
        let (ours, theirs) = rustix::net::socketpair(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::SEQPACKET,
            rustix::net::SocketFlags::CLOEXEC,
            None,
        )?;
        let program = match program {
            SpawnerProgram::ThisProgram => Path::new("/proc/self/exe"),
            SpawnerProgram::At(path) => path,
        };
        let child = Command::new(program)
            .arg0(SPAWNER_NAME)
            .arg(base)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .spawn()?;
        let (asked, requests) = mpsc::channel();
        std::thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || converse(&ours, child, &requests))?;
        Ok(Self { asked })
    }

    /// Asks for something; the descriptors go with it.
    pub(crate) async fn ask(&self, request: Request, fds: Vec<OwnedFd>) -> Result<Vec<OwnedFd>, Fault> {
        match self.exchange(request, fds).await? {
            (Reply::Done | Reply::Probed(_), fds) => Ok(fds),
            (Reply::Failed(why), _) => Err(Fault::new(why)),
        }
    }

    /// Asks for something whose answer nobody waits for.
    pub(crate) fn tell(&self, request: Request) {
        let (answer, _) = oneshot::channel();
        // If the spawner is gone, so is what this was to end.
        let _ = self.asked.send(Asked { request, fds: Vec::new(), answer });
    }

    /// Which parts of the isolation the kernel grants.
    pub(crate) async fn probe(&self) -> Result<Vec<ProbeResult>, Fault> {
        match self.exchange(Request::Probe, Vec::new()).await?.0 {
            Reply::Probed(results) => Ok(results),
            Reply::Failed(why) => Err(Fault::new(why)),
            Reply::Done => Err(Fault::new("probe the machine: the spawner answered something else")),
        }
    }

    /// The same, for a caller that may block.
    pub(crate) fn probe_blocking(&self) -> Result<Vec<ProbeResult>, Fault> {
        let (answer, answered) = oneshot::channel();
        let lost = || Fault::new("reach the spawner, which has ended");
        self.asked.send(Asked { request: Request::Probe, fds: Vec::new(), answer }).map_err(|_| lost())?;
        // On a thread of its own, because the caller may be a task of a runtime.
        let received = std::thread::spawn(move || answered.blocking_recv()).join();
        match received.map_err(|_| lost())?.map_err(|_| lost())??.0 {
            Reply::Probed(results) => Ok(results),
            Reply::Failed(why) => Err(Fault::new(why)),
            Reply::Done => Err(lost()),
        }
    }

    async fn exchange(&self, request: Request, fds: Vec<OwnedFd>) -> Result<(Reply, Vec<OwnedFd>), Fault> {
        let (answer, answered) = oneshot::channel();
        let gone = || Fault::new("reach the spawner, which has ended; restart the engine");
        self.asked.send(Asked { request, fds, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Asks one thing after the other until nobody is left to ask for anything.
fn converse(socket: &OwnedFd, mut child: Child, requests: &mpsc::Receiver<Asked>) {
    for Asked { request, fds, answer } in requests {
        let answered = send(socket.as_fd(), &request, &borrowed(&fds))
            .and_then(|()| receive(socket.as_fd())?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()));
        let lost = answered.is_err();
        // Whoever asked may have been cancelled; the answer's descriptors are closed then.
        let _ = answer.send(answered.map_err(|error| Fault::because("reach the spawner", error)));
        if lost {
            break;
        }
    }
    // The spawner ends when this side is closed, which the caller of this function does next; reap it.
    let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
    let _ = child.wait();
}
