//! Bodies too large to hold: the payload of operations that AWS models as streaming.

use std::fmt;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

/// A streaming body, whole or in pieces.
pub enum ByteStream {
    /// The whole body.
    Whole(Bytes),
    /// The body in pieces, with its length where it is known.
    Pieces {
        /// The pieces in order.
        pieces: Pin<Box<dyn Stream<Item = Result<Bytes, StreamError>> + Send>>,
        /// The total length, where it is known beforehand.
        length: Option<u64>,
    },
}

impl ByteStream {
    /// A body from pieces.
    pub fn pieces<S>(pieces: S, length: Option<u64>) -> Self
    where
        S: Stream<Item = Result<Bytes, StreamError>> + Send + 'static,
    {
        Self::Pieces { pieces: Box::pin(pieces), length }
    }

    /// The total length, where it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Pieces { length, .. } => *length,
        }
    }

    /// Gathers the whole body, refusing more than `bytes_max`.
    pub async fn collect(self, bytes_max: u64) -> Result<Bytes, StreamError> {
        let mut pieces = match self {
            Self::Whole(bytes) if bytes.len() as u64 > bytes_max => return Err(StreamError::TooLarge),
            Self::Whole(bytes) => return Ok(bytes),
            Self::Pieces { pieces, .. } => pieces,
        };
        let mut body = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if body.len() as u64 + piece.len() as u64 > bytes_max {
                return Err(StreamError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }
}

impl Default for ByteStream {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl From<Bytes> for ByteStream {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("length", &self.length()).finish_non_exhaustive()
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StreamError {
    /// The sender stopped before the promised length.
    #[error("the body ended before its announced length")]
    Truncated,
    /// More than the reader allows.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// A chunk's signature or the trailer's checksum did not match.
    #[error("the body's signature or checksum does not match")]
    Mismatch,
    /// The sender was slower than the least allowed pace.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The body came through, but its receiver could not keep it.
    #[error("the body could not be stored: {0}")]
    Storage(String),
}
