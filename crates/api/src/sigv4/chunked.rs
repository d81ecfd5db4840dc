//! `aws-chunked` bodies: pieces with their own signatures, and trailers with checksums
//! ("Signature calculations … transferring payload in multiple chunks", Amazon S3 API reference).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Buf as _, Bytes, BytesMut};
use futures::StreamExt as _;

use super::{CredentialScope, SigningKey, hex, sha256_hex};
use crate::{ByteStream, StreamError};

/// How a body is signed.
pub enum BodySignature {
    /// Its hash is in the signature.
    Hash(String),
    /// Not at all.
    Unsigned,
    /// In chunks, each signed unless there is no key, with trailers where announced.
    Chunked {
        /// The chunks' signatures, or none.
        chain: Option<Box<ChunkChain>>,
        /// Whether trailers follow the last chunk.
        trailer: bool,
    },
}

/// The chain of chunk signatures: each covers the one before.
pub struct ChunkChain {
    key: SigningKey,
    date: String,
    scope: String,
    previous: String,
}

impl BodySignature {
    pub(crate) fn of(hash: &str, scope: &CredentialScope, secret: &str, date: &str, signature: &str) -> Self {
        let chain = || {
            Some(Box::new(ChunkChain {
                key: scope.key(secret),
                date: date.to_owned(),
                scope: scope.text(),
                previous: signature.to_owned(),
            }))
        };
        match hash {
            "UNSIGNED-PAYLOAD" | "" => Self::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::Chunked { chain: chain(), trailer: false },
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Self::Chunked { chain: chain(), trailer: true },
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Self::Chunked { chain: None, trailer: true },
            hash => Self::Hash(hash.to_owned()),
        }
    }

    /// The form of a body whose signature is not verified, from the header that names it.
    #[must_use]
    pub fn unverified(hash: &str) -> Self {
        match hash {
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Self::Chunked { chain: None, trailer: true }
            }
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::Chunked { chain: None, trailer: false },
            _ => Self::Unsigned,
        }
    }
}

impl ChunkChain {
    fn accepts(&mut self, data: &[u8], signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-PAYLOAD\n{}\n{}\n{}\n{}\n{}",
            self.date,
            self.scope,
            self.previous,
            sha256_hex(b""),
            sha256_hex(data)
        );
        let accepted = self.key.verifies(&text, signature);
        self.previous = signature.to_owned();
        accepted
    }

    fn accepts_trailer(&self, trailer: &str, signature: &str) -> bool {
        let text = format!(
            "AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{}\n{}",
            self.date,
            self.scope,
            self.previous,
            sha256_hex(trailer.as_bytes())
        );
        self.key.verifies(&text, signature)
    }
}

/// The largest chunk that is read at once; clients send far smaller ones.
const CHUNK_MAX: usize = 32 << 20;

/// The longest line: a chunk's head or a trailer.
const LINE_MAX: usize = 4_096;

/// Checks a body as it streams by, and takes the chunks' heads out of it. `length` is the decoded
/// length where a header tells it.
#[must_use]
pub fn decode_chunks(body: ByteStream, signature: BodySignature, length: Option<u64>) -> ByteStream {
    match signature {
        BodySignature::Unsigned => body,
        BodySignature::Hash(hash) => hashed(body, hash),
        BodySignature::Chunked { chain, trailer } => {
            let source = pieces(body);
            let state = Decoder {
                source,
                buffer: BytesMut::new(),
                chain,
                trailer,
                checksum: Checksum::default(),
                done: false,
            };
            let stream = futures::stream::unfold(Some(state), |state| async move {
                let mut state = state?;
                match state.next().await {
                    Ok(Some(data)) => Some((Ok(data), Some(state))),
                    Ok(None) => None,
                    Err(error) => Some((Err(error), None)),
                }
            });
            ByteStream::pieces(stream, length)
        }
    }
}

type Pieces = std::pin::Pin<Box<dyn futures::Stream<Item = Result<Bytes, StreamError>> + Send>>;

fn pieces(body: ByteStream) -> Pieces {
    match body {
        ByteStream::Whole(bytes) => futures::stream::iter([Ok(bytes)]).boxed(),
        ByteStream::Pieces { pieces, .. } => pieces,
    }
}

/// A body whose hash is known beforehand: a wrong one ends the stream with an error.
fn hashed(body: ByteStream, hash: String) -> ByteStream {
    match body {
        ByteStream::Whole(bytes) if sha256_hex(&bytes) == hash => ByteStream::Whole(bytes),
        ByteStream::Whole(_) => ByteStream::pieces(futures::stream::iter([Err(StreamError::Mismatch)]), None),
        ByteStream::Pieces { pieces, length } => {
            let digest = ring::digest::Context::new(&ring::digest::SHA256);
            let stream = futures::stream::unfold(Some((pieces, digest, hash)), |state| async move {
                let (mut pieces, mut digest, hash) = state?;
                match pieces.next().await {
                    Some(Ok(piece)) => {
                        digest.update(&piece);
                        Some((Ok(piece), Some((pieces, digest, hash))))
                    }
                    Some(Err(error)) => Some((Err(error), None)),
                    None if hex(digest.finish().as_ref()) == hash => None,
                    None => Some((Err(StreamError::Mismatch), None)),
                }
            });
            ByteStream::pieces(stream, length)
        }
    }
}

struct Decoder {
    source: Pieces,
    buffer: BytesMut,
    chain: Option<Box<ChunkChain>>,
    trailer: bool,
    checksum: Checksum,
    done: bool,
}

impl Decoder {
    /// The next chunk's data, or the end after a sound trailer.
    async fn next(&mut self) -> Result<Option<Bytes>, StreamError> {
        if self.done {
            return Ok(None);
        }
        let head = self.line().await?;
        let (size, extension) = head.split_once(';').unwrap_or((&head, ""));
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| StreamError::Truncated)?;
        if size > CHUNK_MAX {
            return Err(StreamError::TooLarge);
        }
        let signature = extension.trim().strip_prefix("chunk-signature=").unwrap_or_default().to_owned();
        let data = self.take(size).await?;
        if let Some(chain) = &mut self.chain
            && !chain.accepts(&data, &signature)
        {
            return Err(StreamError::Mismatch);
        }
        self.checksum.update(&data);
        if size > 0 {
            if !self.line().await?.is_empty() {
                return Err(StreamError::Truncated);
            }
            return Ok(Some(data));
        }
        self.done = true;
        if self.trailer {
            self.read_trailer().await?;
        }
        Ok(None)
    }

    async fn read_trailer(&mut self) -> Result<(), StreamError> {
        let mut canonical = String::new();
        loop {
            let line = match self.line().await {
                Ok(line) if line.is_empty() => return Ok(()),
                Ok(line) => line,
                // The last line feed after the trailers may be missing.
                Err(StreamError::Truncated) if self.buffer.is_empty() => return Ok(()),
                Err(error) => return Err(error),
            };
            let (name, value) = line.split_once(':').ok_or(StreamError::Truncated)?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            if name == "x-amz-trailer-signature" {
                if self.chain.as_ref().is_some_and(|chain| !chain.accepts_trailer(&canonical, value)) {
                    return Err(StreamError::Mismatch);
                }
                continue;
            }
            canonical.push_str(&format!("{name}:{value}\n"));
            if !self.checksum.agrees(&name, value) {
                return Err(StreamError::Mismatch);
            }
        }
    }

    /// Has at least `count` bytes at hand.
    async fn fill(&mut self, count: usize) -> Result<(), StreamError> {
        while self.buffer.len() < count {
            let piece = self.source.next().await.ok_or(StreamError::Truncated)??;
            self.buffer.extend_from_slice(&piece);
        }
        Ok(())
    }

    async fn take(&mut self, count: usize) -> Result<Bytes, StreamError> {
        self.fill(count).await?;
        Ok(self.buffer.split_to(count).freeze())
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<String, StreamError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                return String::from_utf8(line.to_vec()).map_err(|_| StreamError::Truncated);
            }
            if self.buffer.len() > LINE_MAX {
                return Err(StreamError::Truncated);
            }
            let have = self.buffer.len();
            self.fill(have + 1).await?;
        }
    }
}

/// The checksums of what has passed, for the trailer to agree with. CRC32 is what clients send by
/// default; the others are taken by the service that stores the body.
struct Checksum {
    crc32: u32,
    sha256: ring::digest::Context,
}

impl Default for Checksum {
    fn default() -> Self {
        Self { crc32: !0, sha256: ring::digest::Context::new(&ring::digest::SHA256) }
    }
}

impl Checksum {
    fn update(&mut self, data: &[u8]) {
        self.sha256.update(data);
        self.crc32 =
            data.iter().fold(self.crc32, |crc, byte| crc >> 8 ^ CRC32[usize::from(crc as u8 ^ byte)]);
    }

    fn agrees(&self, name: &str, value: &str) -> bool {
        match name {
            "x-amz-checksum-crc32" => BASE64.encode((!self.crc32).to_be_bytes()) == value,
            "x-amz-checksum-sha256" => BASE64.encode(self.sha256.clone().finish()) == value,
            _ => true,
        }
    }
}

/// The table of CRC-32 (IEEE 802.3).
const CRC32: [u32; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(body: &'static str, signature: BodySignature) -> Result<Bytes, StreamError> {
        // A byte at a time, so that no boundary falls where the decoder would like it.
        let pieces = futures::stream::iter(body.as_bytes().chunks(1).map(|b| Ok(Bytes::from_static(b))));
        let stream = decode_chunks(ByteStream::pieces(pieces, None), signature, None);
        // Nothing here waits for the world, so one poll answers.
        futures::FutureExt::now_or_never(stream.collect(1 << 20)).unwrap()
    }

    fn trailing() -> BodySignature {
        BodySignature::unverified("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    }

    #[test]
    fn chunks_and_trailers_are_taken_off_and_checked() {
        let sound = "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        assert_eq!(&decode(sound, trailing()).unwrap()[..], b"hello world");
        let wrong = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        assert!(matches!(decode(wrong, trailing()), Err(StreamError::Mismatch)));
        for cut in ["5\r\nhel", "5\r\nhello", "zz\r\n", "5\r\nhello\r\n"] {
            assert!(decode(cut, trailing()).is_err(), "{cut:?}");
        }
    }

    #[test]
    fn a_hash_announced_is_checked() {
        let hash = sha256_hex(b"body");
        assert!(decode("body", BodySignature::Hash(hash.clone())).is_ok());
        assert!(matches!(decode("Body", BodySignature::Hash(hash)), Err(StreamError::Mismatch)));
    }

    /// The example of AWS's documentation: 65 KiB of `a` in chunks of 64 KiB.
    #[test]
    fn the_documented_chunk_signatures_verify() {
        let scope =
            CredentialScope { date: "20130524".into(), region: "us-east-1".into(), service: "s3".into() };
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let mut chain = ChunkChain {
            key: scope.key(secret),
            date: "20130524T000000Z".into(),
            scope: scope.text(),
            previous: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9".into(),
        };
        let chunks = [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ];
        for (length, signature) in chunks {
            assert!(chain.accepts(&vec![b'a'; length], signature), "{length}");
        }
        assert!(!chain.accepts(b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
    }
}
