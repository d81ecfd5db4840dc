//! What functions print: lines from a pipe, and whole events from the frames that the managed
//! runtimes' bootstraps write, so that a message of several lines stays one event.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::Context;

use bytes::{Buf, BytesMut};
use tokio::net::unix::pipe::Receiver;
use updraft_kernel::{Clock, FunctionSpec, LogSink};

use crate::config::{LOG_EVENT_MAX, LOG_TAIL_MAX};

/// How much is read at once: what a pipe holds.
const READ_SIZE: usize = 64 * 1024;

/// How often a pipe is read before others get their turn.
const READS_PER_TURN: usize = 16;

/// How often a pipe is read at the end of a call: more than it can hold, less than without end.
const READS_PER_DRAIN: usize = 64;

/// A frame: a type that begins with these bytes, the length of the text, a time in microseconds.
/// The form is that of AWS's runtime interface clients, so that those work here unchanged.
const FRAME_MARK: [u8; 2] = [0xa5, 0x5a];
const FRAME_HEAD: usize = 16;

/// The log of one environment.
pub(crate) struct Log {
    spec: Arc<FunctionSpec>,
    /// The environment's name.
    stream: String,
    sink: Arc<dyn LogSink>,
    clock: Arc<dyn Clock>,
    tail: Tail,
    sources: Vec<Source>,
}

/// A pipe with what has been read of it and is no whole event yet.
struct Source {
    pipe: Receiver,
    form: Form,
    pending: BytesMut,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Frames,
}

impl Log {
    pub(crate) fn new(
        spec: Arc<FunctionSpec>,
        stream: String,
        sink: Arc<dyn LogSink>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { spec, stream, sink, clock, tail: Tail::default(), sources: Vec::new() }
    }

    /// The environment's name.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    /// Reads from these pipes from now on, in place of those of a sandbox that has ended.
    pub(crate) fn attach(&mut self, output: OwnedFd, frames: OwnedFd) -> std::io::Result<()> {
        self.sources.clear();
        for (pipe, form) in [(output, Form::Lines), (frames, Form::Frames)] {
            let pipe = Receiver::from_owned_fd(pipe)?;
            self.sources.push(Source { pipe, form, pending: BytesMut::new(), ended: false });
        }
        Ok(())
    }

    /// Writes one event, which is the engine's own word.
    pub(crate) fn platform(&mut self, line: &str) {
        self.tail.push(line.as_bytes());
        self.sink.line(&self.spec, &self.stream, self.clock.now(), line.as_bytes());
    }

    /// Writes one event that is not part of a call's tail.
    pub(crate) fn aside(&self, line: &str) {
        self.sink.line(&self.spec, &self.stream, self.clock.now(), line.as_bytes());
    }

    /// Hands on whatever has been printed, and asks to be woken when there is more.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) {
        let mut events = Vec::new();
        for source in &mut self.sources {
            for turn in 0..=READS_PER_TURN {
                if source.ended || source.pipe.poll_read_ready(cx).is_pending() {
                    break;
                }
                if turn == READS_PER_TURN {
                    // Others get their turn; a function that prints without end must not keep them.
                    cx.waker().wake_by_ref();
                } else {
                    source.read(&mut events);
                }
            }
        }
        self.hand_on(&events);
    }

    /// Hands on whatever has been printed up to now.
    pub(crate) fn drain(&mut self) {
        let mut events = Vec::new();
        for source in &mut self.sources {
            for _ in 0..READS_PER_DRAIN {
                if source.ended || !source.read(&mut events) {
                    break;
                }
            }
        }
        self.hand_on(&events);
    }

    /// Hands on what has been printed, unfinished lines included: nothing more will come.
    pub(crate) fn finish(&mut self) {
        self.drain();
        let mut events = Vec::new();
        for source in &mut self.sources {
            if source.form == Form::Lines && !source.pending.is_empty() {
                events.push(source.pending.split());
            }
        }
        self.hand_on(&events);
    }

    /// The last part of what was logged since the tail was last taken.
    pub(crate) fn take_tail(&mut self) -> bytes::Bytes {
        self.tail.take()
    }

    fn hand_on(&mut self, events: &[BytesMut]) {
        for event in events {
            self.tail.push(event);
            self.sink.line(&self.spec, &self.stream, self.clock.now(), event);
        }
    }
}

impl Source {
    /// Reads once; false when there is nothing more for now.
    fn read(&mut self, events: &mut Vec<BytesMut>) -> bool {
        let mut space = [0; READ_SIZE];
        match self.pipe.try_read(&mut space) {
            Ok(0) => {
                self.ended = true;
                false
            }
            Ok(read) => {
                self.pending.extend_from_slice(&space[..read]);
                match self.form {
                    Form::Lines => split_lines(&mut self.pending, events),
                    Form::Frames => split_frames(&mut self.pending, events),
                }
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => false,
            Err(_) => {
                self.ended = true;
                false
            }
        }
    }
}

fn split_lines(pending: &mut BytesMut, events: &mut Vec<BytesMut>) {
    loop {
        let end = pending.iter().take(LOG_EVENT_MAX).position(|byte| *byte == b'\n');
        match end {
            Some(end) => {
                let mut line = pending.split_to(end);
                pending.advance(1);
                if line.last() == Some(&b'\r') {
                    line.truncate(line.len() - 1);
                }
                events.push(line);
            }
            None if pending.len() >= LOG_EVENT_MAX => events.push(pending.split_to(LOG_EVENT_MAX)),
            None => return,
        }
    }
}

fn split_frames(pending: &mut BytesMut, events: &mut Vec<BytesMut>) {
    while pending.len() >= FRAME_HEAD {
        if pending[..2] != FRAME_MARK {
            // A function has written here by itself. Its bytes are a log all the same.
            events.push(pending.split());
            return;
        }
        let length = u32::from_be_bytes([pending[4], pending[5], pending[6], pending[7]]) as usize;
        // Longer events are cut, as the log service would.
        if length > 4 * LOG_EVENT_MAX {
            events.push(pending.split());
            return;
        }
        if pending.len() < FRAME_HEAD + length {
            return;
        }
        pending.advance(FRAME_HEAD);
        let mut event = pending.split_to(length);
        while event.last() == Some(&b'\n') {
            event.truncate(event.len() - 1);
        }
        event.truncate(LOG_EVENT_MAX);
        events.push(event);
    }
}

/// The last bytes of a log.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, event: &[u8]) {
        let kept = event.len().saturating_sub(LOG_TAIL_MAX);
        self.0.extend_from_slice(&event[kept..]);
        self.0.push(b'\n');
        // Cut seldom: half of what is kept is enough slack.
        if self.0.len() > 2 * LOG_TAIL_MAX {
            self.0.drain(..self.0.len() - LOG_TAIL_MAX);
        }
    }

    fn take(&mut self) -> bytes::Bytes {
        let mut tail = std::mem::take(&mut self.0);
        if tail.len() > LOG_TAIL_MAX {
            tail.drain(..tail.len() - LOG_TAIL_MAX);
        }
        tail.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(split: fn(&mut BytesMut, &mut Vec<BytesMut>), input: &[u8]) -> (Vec<Vec<u8>>, usize) {
        let mut pending = BytesMut::from(input);
        let mut events = Vec::new();
        split(&mut pending, &mut events);
        (events.iter().map(|event| event.to_vec()).collect(), pending.len())
    }

    fn frame(text: &[u8]) -> Vec<u8> {
        let mut frame = vec![0xa5, 0x5a, 0, 3];
        frame.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend([0; 8]);
        frame.extend(text);
        frame
    }

    #[test]
    fn lines_end_at_line_feeds_and_at_the_longest_event() {
        let (lines, left) = events(split_lines, b"one\r\n\ntwo\nthr");
        assert_eq!(lines, [b"one".to_vec(), b"".to_vec(), b"two".to_vec()]);
        assert_eq!(left, 3);
        let (lines, left) = events(split_lines, &vec![b'x'; LOG_EVENT_MAX + 5]);
        assert_eq!((lines.len(), left), (1, 5));
    }

    #[test]
    fn a_frame_is_one_event_with_its_line_feeds() {
        let mut input = frame(b"a\nb\n");
        input.extend(frame(b"c"));
        input.extend(&frame(b"unfinished")[..20]);
        let (found, left) = events(split_frames, &input);
        assert_eq!(found, [b"a\nb".to_vec(), b"c".to_vec()]);
        assert_eq!(left, 20);
    }

    #[test]
    fn bytes_that_are_no_frame_are_logged_as_they_are() {
        let (found, left) = events(split_frames, b"a function writes here by itself");
        assert_eq!((found.len(), left), (1, 0));
        let mut lie = frame(b"");
        lie[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        let (found, left) = events(split_frames, &lie);
        assert_eq!((found.len(), left), (1, 0));
    }

    #[test]
    fn the_tail_keeps_the_last_bytes_only() {
        let mut tail = Tail::default();
        for number in 0..2000 {
            tail.push(format!("line {number}").as_bytes());
        }
        let kept = tail.take();
        assert_eq!(kept.len(), LOG_TAIL_MAX);
        assert!(kept.ends_with(b"line 1999\n"));
        assert!(tail.take().is_empty());
    }
}
