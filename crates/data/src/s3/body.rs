//! Bodies on their way into blobs and out of them.

use std::sync::Arc;

use futures::StreamExt;
use updraft_api::{ByteStream, Refusal, StreamError};
use updraft_kernel::{BlobReceipt, Blobs, Fault, Result, ServeCx};

use super::checksum::{Meter, Sums};
use super::checksum_members::Claimed;
use super::model::Segment;
use super::refusals;

/// The largest body of one request: 5 GiB ("Uploading objects", Amazon S3 user guide).
pub(crate) const BODY_MAX: u64 = 5 << 30;

/// A body that has been received, checked and stored.
pub(crate) struct Received {
    pub(crate) sums: Sums,
    /// Held until the record that refers to the blob is committed.
    pub(crate) receipt: BlobReceipt,
}

impl Received {
    /// The body as a list of segments; an empty one has none.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        if self.receipt.length == 0 {
            return Vec::new();
        }
        vec![Segment { blob: self.receipt.id, length: self.receipt.length }]
    }
}

/// Receives a body into a blob and checks it against what the client claims of it.
pub(crate) async fn receive(cx: &ServeCx, body: Option<ByteStream>, claimed: &Claimed) -> Result<Received> {
    let body = body.unwrap_or_default();
    if let Some(length) = body.length().filter(|length| *length > BODY_MAX) {
        return Err(refusals::entity_too_large(length, BODY_MAX).into());
    }
    let (body, meter) = Meter::attach(body, claimed.algorithm()?);
    let receipt = cx.blobs().put(body).await.map_err(|error| refused(&error))?;
    let sums = meter.finish();
    claimed.check(&sums.md5, &sums.checksum)?;
    Ok(Received { sums, receipt })
}

/// What a client is told of a body that did not come through.
fn refused(error: &StreamError) -> Refusal {
    match error {
        StreamError::Truncated | StreamError::Connection(_) => Refusal::new(
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        ),
        StreamError::TooSlow => Refusal::new(
            "RequestTimeout",
            400,
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        StreamError::TooLarge => refusals::entity_too_large(BODY_MAX, BODY_MAX),
        StreamError::Mismatch => Refusal::new(
            "BadDigest",
            400,
            "The checksum or the signature of the body did not match what we received.",
        ),
        other => Refusal::new("InternalError", 500, other.to_string()),
    }
}

/// `length` bytes of a body from `offset`, streamed out of its blobs.
pub(crate) async fn send(
    blobs: Arc<dyn Blobs>,
    segments: &[Segment],
    offset: u64,
    length: u64,
) -> Result<ByteStream, Fault> {
    let mut pieces = cut(segments, offset, length);
    match pieces.len() {
        0 => Ok(ByteStream::default()),
        1 => {
            let (segment, from, length) = pieces.remove(0);
            blobs.read(segment.blob, from, length).await
        }
        _ => {
            let stream = futures::stream::iter(pieces)
                .then(move |(segment, from, length)| {
                    let blobs = blobs.clone();
                    async move { blobs.read(segment.blob, from, length).await }
                })
                .flat_map(|part| match part {
                    Ok(ByteStream::Whole(bytes)) => futures::stream::iter([Ok(bytes)]).boxed(),
                    Ok(ByteStream::Pieces { pieces, .. }) => pieces,
                    Err(fault) => {
                        futures::stream::iter([Err(StreamError::Connection(fault.to_string()))]).boxed()
                    }
                });
            Ok(ByteStream::pieces(stream, Some(length)))
        }
    }
}

/// Reads a body to its end, for the sums taken of it on the way.
pub(crate) async fn drain(stream: ByteStream) -> Result<()> {
    let ByteStream::Pieces { mut pieces, .. } = stream else { return Ok(()) };
    while let Some(piece) = pieces.next().await {
        piece.map_err(|error| Fault::because("read a stored body", error))?;
    }
    Ok(())
}

/// The pieces of segments that make up `length` bytes from `offset`: segment, offset, length.
fn cut(segments: &[Segment], offset: u64, length: u64) -> Vec<(Segment, u64, u64)> {
    let (mut begin, end) = (0, offset + length);
    let mut pieces = Vec::new();
    for segment in segments {
        let from = offset.max(begin);
        let to = end.min(begin + segment.length);
        if from < to {
            pieces.push((*segment, from - begin, to - from));
        }
        begin += segment.length;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use updraft_kernel::BlobId;

    use super::*;

    #[test]
    fn a_range_is_cut_out_of_its_segments() {
        let segments = [1, 2, 3].map(|n| Segment { blob: BlobId([n; 32]), length: 10 });
        let cuts = |offset, length| {
            cut(&segments, offset, length)
                .iter()
                .map(|(s, from, len)| (s.blob.0[0], *from, *len))
                .collect::<Vec<_>>()
        };
        assert_eq!(cuts(0, 30), [(1, 0, 10), (2, 0, 10), (3, 0, 10)]);
        assert_eq!(cuts(5, 10), [(1, 5, 5), (2, 0, 5)]);
        assert_eq!(cuts(10, 10), [(2, 0, 10)]);
        assert_eq!(cuts(29, 1), [(3, 9, 1)]);
        assert_eq!(cuts(3, 0), []);
    }
}
