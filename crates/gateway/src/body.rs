//! Bodies between hyper's form and the engine's.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use updraft_api::{ByteStream, StreamError};

/// A body that stands still for so long is given up, so that slow clients hold nothing for ever.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The request's body, checked against its announced length and the least pace.
pub(crate) fn incoming(body: Incoming) -> ByteStream {
    let length = body.size_hint().exact();
    if length == Some(0) {
        return ByteStream::default();
    }
    let pieces = futures::stream::unfold(Some(BodyDataStream::new(body)), |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout(PAUSE_MAX, stream.next()).await {
            Err(_) => Some((Err(StreamError::TooSlow), None)),
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(stream))),
            Ok(Some(Err(error))) if error.is_incomplete_message() => {
                Some((Err(StreamError::Truncated), None))
            }
            Ok(Some(Err(error))) => Some((Err(StreamError::Connection(error.to_string())), None)),
        }
    });
    ByteStream::pieces(pieces, length)
}

/// An answer's body as hyper sends it.
pub(crate) enum Outgoing {
    Whole(Option<Bytes>),
    Pieces { pieces: Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>, left: Option<u64> },
}

impl From<ByteStream> for Outgoing {
    fn from(body: ByteStream) -> Self {
        match body {
            ByteStream::Whole(bytes) => Self::Whole(Some(bytes).filter(|b| !b.is_empty())),
            ByteStream::Pieces { pieces, length } => Self::Pieces { pieces, left: length },
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces { pieces, left } => pieces.poll_next_unpin(cx).map(|piece| {
                piece.map(|piece| {
                    let bytes = piece?;
                    *left = left.map(|left| left.saturating_sub(bytes.len() as u64));
                    Ok(Frame::data(bytes))
                })
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Self::Pieces { left: Some(left), .. } => SizeHint::with_exact(*left),
            Self::Pieces { left: None, .. } => SizeHint::default(),
        }
    }
}
