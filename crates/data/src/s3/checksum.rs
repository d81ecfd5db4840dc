//! Checksums of bodies, taken while they stream by.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt;
use md5::{Digest, Md5};
use updraft_api::ByteStream;

/// The algorithms S3 knows ("Checking object integrity", Amazon S3 user guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

const CRC32C: crc::Crc<u32, crc::Table<16>> = crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISCSI);
const CRC64NVME: crc::Crc<u64, crc::Table<16>> = crc::Crc::<u64, crc::Table<16>>::new(&crc::CRC_64_NVME);

impl Algorithm {
    /// From its name in requests: `CRC32`, `SHA256`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "CRC32" => Self::Crc32,
            "CRC32C" => Self::Crc32c,
            "CRC64NVME" => Self::Crc64nvme,
            "SHA1" => Self::Sha1,
            "SHA256" => Self::Sha256,
            _ => return None,
        })
    }

    /// Its name in requests.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }
}

/// The checksum of an object or a part.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// Base64, with `-parts` after it where it is the checksum of the parts' checksums.
    pub(crate) value: String,
}

/// What is known of a body once it has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    /// The MD5 digest.
    pub(crate) md5: [u8; 16],
    /// The checksum asked for.
    pub(crate) checksum: Checksum,
}

impl Sums {
    /// The MD5 digest as an entity tag has it, without quotes.
    pub(crate) fn md5_hex(&self) -> String {
        hex(&self.md5)
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

enum Running {
    Crc32(crc32fast::Hasher),
    Crc32c(crc::Digest<'static, u32, crc::Table<16>>),
    Crc64nvme(crc::Digest<'static, u64, crc::Table<16>>),
    Sha1(sha1::Sha1),
    Sha256(ring::digest::Context),
}

impl Running {
    fn new(algorithm: Algorithm) -> Self {
        static CRC32C_TABLE: crc::Crc<u32, crc::Table<16>> = CRC32C;
        static CRC64NVME_TABLE: crc::Crc<u64, crc::Table<16>> = CRC64NVME;
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
            Algorithm::Crc32c => Self::Crc32c(CRC32C_TABLE.digest()),
            Algorithm::Crc64nvme => Self::Crc64nvme(CRC64NVME_TABLE.digest()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(ring::digest::Context::new(&ring::digest::SHA256)),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(digest) => digest.update(bytes),
            Self::Crc32c(digest) => digest.update(bytes),
            Self::Crc64nvme(digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Crc32(digest) => digest.finalize().to_be_bytes().to_vec(),
            Self::Crc32c(digest) => digest.finalize().to_be_bytes().to_vec(),
            Self::Crc64nvme(digest) => digest.finalize().to_be_bytes().to_vec(),
            Self::Sha1(digest) => digest.finalize().to_vec(),
            Self::Sha256(digest) => digest.finish().as_ref().to_vec(),
        }
    }
}

/// The checksum of bytes at hand.
pub(crate) fn of(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    let mut running = Running::new(algorithm);
    running.update(bytes);
    Checksum { algorithm, value: BASE64.encode(running.finish()) }
}

/// The MD5 digest of bytes at hand.
pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// Takes the sums of a body while somebody else reads it.
pub(crate) struct Meter {
    algorithm: Algorithm,
    state: Arc<Mutex<Option<(Md5, Running)>>>,
}

impl Meter {
    /// The same body, metered.
    pub(crate) fn attach(body: ByteStream, algorithm: Algorithm) -> (ByteStream, Self) {
        let state = Arc::new(Mutex::new(Some((Md5::new(), Running::new(algorithm)))));
        let feed = state.clone();
        let update = move |bytes: &[u8]| {
            if let Some((md5, running)) =
                feed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_mut()
            {
                md5.update(bytes);
                running.update(bytes);
            }
        };
        let metered = match body {
            ByteStream::Whole(bytes) => {
                update(&bytes);
                ByteStream::Whole(bytes)
            }
            ByteStream::Pieces { pieces, length } => ByteStream::pieces(
                pieces.inspect(move |piece| {
                    if let Ok(bytes) = piece {
                        update(bytes);
                    }
                }),
                length,
            ),
        };
        (metered, Self { algorithm, state })
    }

    /// The sums, once the body has been read to its end.
    pub(crate) fn finish(self) -> Sums {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let (md5, running) = state.expect("a meter is finished once");
        let checksum = Checksum { algorithm: self.algorithm, value: BASE64.encode(running.finish()) };
        Sums { md5: md5.finalize().into(), checksum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue for "123456789", and published digests.
    #[test]
    fn sums_are_the_published_ones() {
        let cases = [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ];
        for (algorithm, expected) in cases {
            let sum = of(algorithm, b"123456789");
            assert_eq!(hex(&BASE64.decode(sum.value).unwrap()), expected, "{algorithm:?}");
        }
        assert_eq!(hex(&md5(b"123456789")), "25f9e794323b453885f5181f1b624d0b");
    }

    #[tokio::test]
    async fn a_metered_stream_is_unchanged_and_summed() {
        let pieces = futures::stream::iter(["1234", "56789"].map(|p| Ok(p.into())));
        let (body, meter) = Meter::attach(ByteStream::pieces(pieces, Some(9)), Algorithm::Crc32);
        assert_eq!(&body.collect(100).await.unwrap()[..], b"123456789");
        let sums = meter.finish();
        assert_eq!(sums.md5_hex(), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(sums.checksum, of(Algorithm::Crc32, b"123456789"));
    }
}
