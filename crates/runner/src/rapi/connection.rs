//! One connection of a runtime. Whoever drives the environment polls it; it has no task of its own,
//! so that a warm call wakes nobody but its caller.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::request::{Reader, Request};

/// How much is read at once.
const READ_SIZE: usize = 16 * 1024;

/// What a connection has brought.
#[derive(Debug)]
pub(crate) enum Progress {
    Request(Request),
    Closed,
}

/// A connection with what is yet to be read and written.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    reader: Reader,
    output: VecDeque<Bytes>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Without it, an answer waits for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        Self { stream, reader: Reader::default(), output: VecDeque::new() }
    }

    /// Writes an answer, now as far as it goes and the rest when polled.
    pub(crate) fn answer(&mut self, answer: Vec<u8>) {
        let mut answer = Bytes::from(answer);
        if self.output.is_empty()
            && let Ok(written) = self.stream.try_write(&answer)
        {
            answer.advance(written);
        }
        if !answer.is_empty() {
            self.output.push_back(answer);
        }
    }

    /// The next request or the end, and meanwhile whatever can be written.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        if self.poll_write(cx).is_err() {
            return Poll::Ready(Progress::Closed);
        }
        loop {
            match self.reader.next() {
                Ok(Some(request)) => return Poll::Ready(Progress::Request(request)),
                Ok(None) => {}
                Err(_) => return Poll::Ready(Progress::Closed),
            }
            if self.reader.take_continue() {
                self.answer(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec());
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Progress::Closed),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [0; READ_SIZE];
        let mut space = ReadBuf::new(&mut space);
        Pin::new(&mut self.stream).poll_read(cx, &mut space).map_ok(|()| {
            self.reader.input.extend_from_slice(space.filled());
            space.filled().len()
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(answer) = self.output.front_mut() {
            match Pin::new(&mut self.stream).poll_write(cx, answer) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => answer.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
            if answer.is_empty() {
                self.output.pop_front();
            }
        }
        Ok(())
    }
}
